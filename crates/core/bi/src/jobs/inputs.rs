//! Runs that read the results of other queries as tables: which ones, who may, and what their rows
//! depend on because of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use sha2::{Digest, Sha256};
use tessera_access::ports::Facts;
use tessera_access::{Action, Caller, Object};
use tessera_kernel::ids::{KeyId, QueryId, SourceId, Uid, UserId};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{
    Bound, Dialect, ResultOf, ResultReference, default_values, result_references,
};

use super::auto_limited;
use super::plan::{Plan, Planned};
use super::{QueryRun, RunViewer};
use crate::parameters::definitions;
use crate::service::Parts;
use crate::{Json, Source};

/// The type of data sources whose tables are the results of queries.
pub const RESULTS_SOURCE: &str = "results";

/// What a run reads as tables, and in whose name, so that lost rights count until it begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunInputs {
    /// The tables.
    pub tables: Vec<RunInput>,
    /// The user who asked first, if it was one.
    pub user: Option<UserId>,
    /// The key that it was asked with.
    pub key: Option<KeyId>,
    /// Who takes part in the runs that fill the tables:
    /// [`Caller::participant`](tessera_access::Caller::participant).
    pub participant: String,
}

/// A result that a run reads as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInput {
    /// The name of the table.
    pub table: String,
    /// The query.
    pub query: QueryId,
    /// Its data source.
    pub source: SourceId,
    /// All data sources beneath, its own among them.
    pub beneath: Vec<SourceId>,
    /// The file of the stored result; `None` if `run` makes it.
    pub result: Option<Uid>,
    /// What is to be run first.
    pub run: Option<Box<QueryRun>>,
}

impl RunInputs {
    /// Whether nothing is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// All data sources beneath, by number.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceId> {
        let mut all: Vec<SourceId> =
            self.tables.iter().flat_map(|table| table.beneath.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Where a run stands among the queries that read each other.
#[derive(Default)]
pub(super) struct Nesting {
    /// The queries above it and itself, outermost first.
    chain: Vec<QueryId>,
    /// How many results are read in all.
    count: Arc<AtomicUsize>,
}

impl Nesting {
    /// A run that nothing reads.
    pub(super) fn of(query: Option<QueryId>) -> Self {
        Self { chain: query.into_iter().collect(), count: Arc::default() }
    }

    /// One that the others read.
    fn within(&self, query: QueryId, depth_max: usize, count_max: usize) -> Result<Self> {
        let path = || {
            let all = self.chain.iter().chain([&query]);
            all.map(|id| format!("query_{id}")).collect::<Vec<_>>().join(" → ")
        };
        if self.chain.contains(&query) {
            return Err(refused(format!("a query cannot read its own result: {}", path())));
        }
        if self.chain.len() > depth_max {
            let detail = format!(
                "results are nested more than {depth_max} deep (results.join_depth_max): {}",
                path()
            );
            return Err(refused(detail));
        }
        if self.count.fetch_add(1, Ordering::Relaxed) >= count_max {
            let detail = format!(
                "the query reads more than {count_max} results (results.join_tables_max), with \
                 those that they read themselves"
            );
            return Err(refused(detail));
        }
        let chain = self.chain.iter().copied().chain([query]).collect();
        Ok(Self { chain, count: Arc::clone(&self.count) })
    }
}

fn refused(detail: String) -> Fault {
    Fault::new(Code::Invalid, detail).with_field("query")
}

/// What a run reads, and what that means for its own result.
#[derive(Default)]
pub(super) struct Inputs {
    pub run: RunInputs,
    /// If rows beneath are for one viewer: for whom.
    pub viewer: Option<RunViewer>,
    /// The attributes that rows beneath were made with.
    pub attributes: BTreeMap<String, Json>,
    /// What tells the tables apart.
    identities: Vec<[u8; 32]>,
}

impl Inputs {
    /// The identity of a run, with those of what it reads.
    pub(super) fn identify(&self, own: [u8; 32]) -> [u8; 32] {
        if self.run.is_empty() {
            return own;
        }
        let mut hash = Sha256::new();
        hash.update(b"inputs.v1\0");
        hash.update(own);
        for (table, identity) in self.run.tables.iter().zip(&self.identities) {
            hash.update((table.table.len() as u64).to_be_bytes());
            hash.update(table.table.as_bytes());
            hash.update([u8::from(table.run.is_some())]);
            hash.update(identity);
        }
        hash.finalize().into()
    }

    /// The digest of the text: one that no query has, if rows beneath were made with attributes, so
    /// that such a result is never the latest of a query.
    pub(super) fn own_digest(&self, template: [u8; 32], key: &[u8; 32]) -> [u8; 32] {
        if self.attributes.is_empty() {
            return template;
        }
        let mut hash = Sha256::new();
        hash.update(b"personal.v1\0");
        hash.update(template);
        hash.update(key);
        hash.finalize().into()
    }
}

impl Parts {
    /// What a bound text reads as tables, with the rights of the caller.
    pub(super) fn inputs<'a>(
        &'a self,
        caller: &'a Caller,
        source: &'a Source,
        bound: &'a Bound,
        dialect: Dialect,
        outer: &'a Plan<'a>,
        nesting: &'a Nesting,
    ) -> BoxFuture<'a, Result<Inputs>> {
        if source.kind != RESULTS_SOURCE {
            return futures::future::ready(Ok(Inputs::default())).boxed();
        }
        async move {
            let mut inputs = Inputs::default();
            for reference in result_references(bound, dialect)?.found {
                let input = self.input(caller, source, &reference, outer, nesting).await;
                let (table, identity) = input
                    .map_err(|fault| named(&reference.table, fault))?
                    .into_table(reference.table, &mut inputs);
                inputs.run.tables.push(table);
                inputs.identities.push(identity);
            }
            inputs.run.user = caller.user().map(|user| user.id);
            inputs.run.key = caller.key().map(|key| key.id());
            inputs.run.participant = match caller.user() {
                Some(_) => caller.participant(),
                // The key of a query opens what that query shows, and not what is beneath it.
                None => format!("within {}", caller.participant()),
            };
            Ok(inputs)
        }
        .boxed()
    }

    async fn input(
        &self,
        caller: &Caller,
        via: &Source,
        reference: &ResultReference,
        outer: &Plan<'_>,
        nesting: &Nesting,
    ) -> Result<Input> {
        let id = QueryId(reference.query);
        let settings = &self.settings;
        let nesting = nesting.within(id, settings.join_depth_max, settings.join_tables_max)?;
        let action = match reference.of {
            ResultOf::Cached => Action::QueriesRead,
            ResultOf::Run | ResultOf::With(_) => Action::QueriesRun,
        };
        self.may(caller, action, Object::Query(id)).await?;
        let query = self.repos.query(id).await?.ok_or_else(closed)?;
        if reference.of == ResultOf::Cached {
            let (_, result) = self.latest_of(caller, id).await?;
            let facts = self.may(caller, Action::ResultsRead, Object::Result(result.id)).await?;
            let beneath = [result.source].into_iter().chain(result.inputs).collect();
            let input = Input {
                query: id,
                source: result.source,
                beneath,
                made: Made::Stored(result.uid),
                attributes: facts.map(|facts| facts.attributes).unwrap_or_default(),
                viewer: None,
            };
            return self.seen(caller, via, input).await;
        }
        let query = self.as_given(caller, query).await?;
        let mut given = default_values(&definitions(&query.options)?);
        if let ResultOf::With(values) = &reference.of {
            given.extend(objects(values));
        }
        let plan = Plan {
            source: query.source,
            query: Some(id),
            text: &query.text,
            options: &query.options,
            hints: None,
            auto_limit: auto_limited(&query.options),
            now: outer.now,
            zone: outer.zone,
        };
        let planned = self.plan(caller, &plan, &given, &nesting).await?;
        let mut beneath = planned.run.inputs.sources();
        beneath.insert(0, planned.source);
        let input = Input {
            query: id,
            source: planned.source,
            beneath,
            attributes: planned.run.attributes.clone(),
            viewer: planned.run.viewer,
            made: Made::Run(Box::new(planned)),
        };
        self.seen(caller, via, input).await
    }

    /// Whether a user may; of others nothing is asked but what [`seen`](Self::seen) asks: their
    /// keys open one query or dashboard, and never this one.
    async fn may(&self, caller: &Caller, action: Action, object: Object) -> Result<Option<Facts>> {
        if caller.user().is_none() {
            return Ok(None);
        }
        match self.gate.decide(caller, action, object).await {
            Ok(facts) => Ok(Some(facts)),
            Err(fault) => match fault.code() {
                Code::NotFound | Code::Forbidden | Code::OutOfScope => Err(closed()),
                _ => Err(fault),
            },
        }
    }

    async fn seen(&self, caller: &Caller, via: &Source, input: Input) -> Result<Input> {
        let facts = Facts { query: Some(input.query), ..Facts::default() };
        if self.gate.sees_inputs(caller, Some(via.id), &input.beneath, &facts).await? {
            Ok(input)
        } else {
            Err(closed())
        }
    }

    /// Whether who asked for a run may still read what it reads; for the executor.
    pub(super) async fn check_inputs(&self, via: SourceId, run: &RunInputs) -> Result<()> {
        let lost = || Fault::new(Code::Forbidden, "who asked for these rows has lost the right to");
        let caller = match (run.key, run.user) {
            (Some(key), _) => self.gate.stand_in(key).await.map_err(|_| lost())?,
            (None, Some(user)) => {
                let user = self.gate.principal(user).await?.ok_or_else(lost)?;
                Caller::User { user, key: None }
            }
            (None, None) => return Err(lost()),
        };
        for table in &run.tables {
            let action = match table.run {
                Some(_) => Action::QueriesRun,
                None => Action::QueriesRead,
            };
            self.may(&caller, action, Object::Query(table.query)).await.map_err(|_| lost())?;
            let facts = Facts { query: Some(table.query), ..Facts::default() };
            if !self.gate.sees_inputs(&caller, Some(via), &table.beneath, &facts).await? {
                return Err(lost());
            }
        }
        Ok(())
    }
}

/// A query that is not there and one that is closed are told apart for nobody.
fn closed() -> Fault {
    Fault::new(Code::Forbidden, "there is no such query, or its rows are closed to who asks")
        .with_reason("object_denied")
}

/// The same fault, with the table it is about.
fn named(table: &str, fault: Fault) -> Fault {
    if fault.code() == Code::Internal {
        return fault;
    }
    let detail = format!("{table}: {}", fault.detail());
    let code = match fault.code() {
        // It is not the query that is run which lacks a result.
        Code::NoCachedResult => Code::Invalid,
        code => code,
    };
    let mut with = Fault::new(code, detail).with_names(fault.names().to_vec());
    if let Some(reason) = fault.reason() {
        with = with.with_reason(reason);
    }
    match fault.field() {
        Some(field) => with.with_field(field),
        None => with,
    }
}

/// Where the rows of a table come from.
enum Made {
    Stored(Uid),
    Run(Box<Planned>),
}

/// One table, before it has a name.
struct Input {
    query: QueryId,
    source: SourceId,
    beneath: Vec<SourceId>,
    attributes: BTreeMap<String, Json>,
    viewer: Option<RunViewer>,
    made: Made,
}

impl Input {
    fn into_table(self, table: String, all: &mut Inputs) -> (RunInput, [u8; 32]) {
        let Self { query, source, beneath, attributes, viewer, made } = self;
        all.attributes.extend(attributes);
        all.viewer = all.viewer.or(viewer);
        let (result, run, identity) = match made {
            Made::Stored(uid) => (Some(uid), None, Sha256::digest(uid.as_bytes()).into()),
            Made::Run(planned) => {
                let key = planned.key;
                (None, Some(Box::new(planned.into_run(Vec::new()))), key)
            }
        };
        (RunInput { table, query, source, beneath, result, run }, identity)
    }
}

/// Values as clients send them: a name that occurs twice is a list, and `x.start` and `x.end` are a
/// range.
fn objects(values: &[(String, String)]) -> Map<String, Json> {
    let mut all = Map::new();
    for (name, value) in values {
        let value = Json::from(value.as_str());
        if let Some((range, end)) = name.rsplit_once('.')
            && matches!(end, "start" | "end")
        {
            let entry = all.entry(range).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(range) = entry {
                range.insert(end.to_owned(), value);
            }
            continue;
        }
        match all.get_mut(name) {
            None => drop(all.insert(name.clone(), value)),
            Some(Json::Array(many)) => many.push(value),
            Some(one) => *one = Json::Array(vec![one.take(), value]),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cycle_and_too_deep_a_nest_are_refused() {
        let top = Nesting::of(Some(QueryId(1)));
        let two = top.within(QueryId(2), 2, 10).expect("one deep");
        let fault = two.within(QueryId(1), 2, 10).err().expect("a cycle");
        assert!(fault.detail().ends_with("query_1 → query_2 → query_1"), "{}", fault.detail());
        let three = two.within(QueryId(3), 2, 10).expect("two deep");
        let fault = three.within(QueryId(4), 2, 10).err().expect("too deep");
        assert!(fault.detail().contains("join_depth_max"));
        let fault = top.within(QueryId(9), 2, 2).err().expect("too many");
        assert!(fault.detail().contains("join_tables_max"));
    }

    #[test]
    fn values_take_the_form_that_clients_send() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let given = [
            pair("a", "1"),
            pair("d.start", "2020-01-01"),
            pair("d.end", "2020-02-01"),
            pair("m", "x"),
            pair("m", "y"),
        ];
        assert_eq!(
            Json::Object(objects(&given)),
            json!({ "a": "1", "d": { "start": "2020-01-01", "end": "2020-02-01" },
                    "m": ["x", "y"] })
        );
    }
}
