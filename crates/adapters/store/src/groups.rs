//! Groups, their members and their access.

use async_trait::async_trait;
use tessera_access::ports::GroupRepo;
use tessera_access::{AccessLevel, Group, GroupAccess, User};
use tessera_kernel::ids::{GroupId, SourceId, UserId};
use tessera_kernel::{Code, Fault, Result};

use crate::Store;
use crate::db::{Call, Row, Tx, Value, call, call_each};
use crate::users::read_users;

/// Reads the columns of `{group g}`.
pub(crate) fn read_group(row: &mut Row) -> Result<Group> {
    Ok(Group {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        builtin: row.take()?,
        permissions: row.take()?,
        created_at: row.take()?,
    })
}

fn level_text(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::ViewOnly => "view",
        AccessLevel::Full => "full",
    }
}

/// Gives a group access to a source, or other access than it has.
pub(crate) fn set_source(group: GroupId, source: SourceId, level: AccessLevel) -> Call {
    call!("group_source_set", group, source, level_text(level))
}

fn read_level(text: &str) -> Result<AccessLevel> {
    match text {
        "view" => Ok(AccessLevel::ViewOnly),
        "full" => Ok(AccessLevel::Full),
        _ => Err(Fault::new(Code::Internal, "a stored level of access is unknown")),
    }
}

/// Reads `<source>:<level>`.
pub(crate) fn read_access(pair: &str) -> Result<(SourceId, AccessLevel)> {
    let bad = || Fault::new(Code::Internal, "a stored access of a group cannot be read");
    let (source, level) = pair.split_once(':').ok_or_else(bad)?;
    Ok((SourceId(source.parse().map_err(|_| bad())?), read_level(level)?))
}

fn read_group_access(rows: Vec<Row>) -> Result<GroupAccess> {
    rows.into_iter()
        .map(|mut row| Ok((row.take()?, row.take()?, read_level(&row.take::<String>()?)?)))
        .collect()
}

fn permissions(group: &Group) -> Value {
    Value::Text(serde_json::Value::from(group.permissions.clone()).to_string())
}

pub(crate) async fn insert_group(tx: Tx<'_>, group: &Group) -> Result<GroupId> {
    let call = call!(
        "group_insert",
        group.uid,
        &group.name,
        group.builtin,
        permissions(group),
        group.created_at,
    );
    tx.one(call).await?.take()
}

#[async_trait]
impl GroupRepo for Store {
    async fn groups(&self) -> Result<Vec<Group>> {
        let rows = self.db.rows(call!("group_list")).await?;
        rows.into_iter().map(|mut row| read_group(&mut row)).collect()
    }

    async fn group(&self, id: GroupId) -> Result<Option<Group>> {
        self.db.row(call!("group_get", id)).await?.as_mut().map(read_group).transpose()
    }

    async fn insert_group(&self, group: &Group) -> Result<GroupId> {
        let group = group.clone();
        self.db.write(move |tx| Box::pin(async move { insert_group(tx, &group).await })).await
    }

    async fn update_group(&self, group: &Group) -> Result<()> {
        let call = call!(
            "group_update",
            group.id,
            group.uid,
            &group.name,
            group.builtin,
            permissions(group),
            group.created_at,
        );
        self.change("group", call).await
    }

    async fn delete_group(&self, id: GroupId) -> Result<()> {
        self.change("group", call!("group_delete", id)).await
    }

    async fn group_members(&self, id: GroupId) -> Result<Vec<User>> {
        read_users(self.db.rows(call!("group_list_members", id)).await?)
    }

    async fn add_group_member(&self, group: GroupId, user: UserId) -> Result<()> {
        self.db.execute(call!("group_member_insert", user, group)).await.map(drop)
    }

    async fn remove_group_member(&self, group: GroupId, user: UserId) -> Result<()> {
        self.db.execute(call!("group_member_delete", group, user)).await.map(drop)
    }

    async fn group_sources(&self, id: GroupId) -> Result<Vec<(SourceId, AccessLevel)>> {
        let rows = self.db.rows(call!("group_source_list", id)).await?;
        rows.into_iter()
            .map(|mut row| Ok((row.take()?, read_level(&row.take::<String>()?)?)))
            .collect()
    }

    async fn set_group_source(
        &self,
        group: GroupId,
        source: SourceId,
        level: AccessLevel,
    ) -> Result<()> {
        self.db.execute(set_source(group, source, level)).await.map(drop)
    }

    async fn remove_group_source(&self, group: GroupId, source: SourceId) -> Result<()> {
        self.db.execute(call!("group_source_delete", group, source)).await.map(drop)
    }

    async fn group_member_counts(&self) -> Result<Vec<(GroupId, u64)>> {
        let rows = self.db.rows(call!("group_member_count")).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }

    async fn memberships(&self) -> Result<Vec<(UserId, GroupId)>> {
        let rows = self.db.rows(call!("group_member_list")).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }

    async fn group_access(&self) -> Result<GroupAccess> {
        read_group_access(self.db.rows(call!("group_source_list_all")).await?)
    }

    async fn change_group_access(
        &self,
        expected: &[(GroupId, SourceId, AccessLevel)],
        changes: &[(GroupId, SourceId, Option<AccessLevel>)],
    ) -> Result<()> {
        let (expected, changes) = (expected.to_vec(), changes.to_vec());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.rows(call_each!("group_source_lock")).await?;
                    let found = tx.rows(call!("group_source_list_all")).await?;
                    if read_group_access(found)? != expected {
                        return Err(Fault::new(Code::Conflict, "the access of groups has changed"));
                    }
                    for (group, source, level) in changes {
                        let call = match level {
                            Some(level) => {
                                call!("group_source_set", group, source, level_text(level))
                            }
                            None => call!("group_source_delete", group, source),
                        };
                        tx.execute(call).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn source_groups(&self, source: SourceId) -> Result<Vec<(GroupId, AccessLevel)>> {
        let rows = self.db.rows(call!("source_group_list", source)).await?;
        rows.into_iter()
            .map(|mut row| Ok((row.take()?, read_level(&row.take::<String>()?)?)))
            .collect()
    }
}
