//! Data sources on the wire.

use tessera_bi as core;
use tessera_bi::SourceView;

use super::access::level;
use crate::wire::sources::{
    Source, SourceFile, SourceGroup, SourceSettings, SourceType, Table, TableColumn,
};

pub(crate) fn source_type(known: core::SourceType) -> SourceType {
    SourceType {
        name: known.name.to_owned(),
        title: known.title.to_owned(),
        schema: known.schema,
        syntax: known.syntax.to_owned(),
        has_auto_limit: known.auto_limit,
        has_row_policy: known.row_policy,
    }
}

pub(crate) fn view(view: &SourceView) -> Source {
    let source = &view.source;
    let known = view.source_type.as_ref();
    Source {
        id: source.id.0,
        uid: source.uid,
        name: source.name.clone(),
        r#type: source.kind.clone(),
        syntax: known.map(|known| known.syntax.to_owned()),
        has_auto_limit: known.is_some_and(|known| known.auto_limit),
        level: level(view.level),
        is_paused: source.paused,
        pause_reason: source.pause_reason.clone(),
        created_at: source.created_at,
        updated_at: source.updated_at,
    }
}

pub(crate) fn settings(settings: &core::SourceSettings) -> SourceSettings {
    let group = |(group, reach): &(tessera_kernel::ids::GroupId, _)| SourceGroup {
        group_id: group.0,
        level: level(*reach),
    };
    SourceSettings {
        source: view(&settings.view),
        options: settings.view.source.options.clone(),
        secrets: settings.secrets.clone(),
        groups: settings.groups.iter().map(group).collect(),
    }
}

pub(crate) fn file(file: core::SourceFile) -> SourceFile {
    let core::SourceFile { table, file_name, bytes, rows, columns, added_at } = file;
    let columns = self::table(core::Table { name: String::new(), columns }).columns;
    SourceFile { table, file_name, bytes, rows, columns, added_at }
}

pub(crate) fn table(table: core::Table) -> Table {
    let column = |column: core::TableColumn| TableColumn { name: column.name, r#type: column.kind };
    Table { name: table.name, columns: table.columns.into_iter().map(column).collect() }
}
