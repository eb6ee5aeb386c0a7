//! The query side over a store, with a clock that the test moves, and a worker that is the test.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value as Json, json};
use tessera_access::ports::{GroupRepo, UserRepo};
use tessera_access::{
    Access, AccessLevel, AccessSettings, Act, Authorized, Caller, CreateQuery, Group,
    OrganizationSettings, Peppers, ReadQueryHistory, RequestContext, Sealer, UpdateQuery,
};
use tessera_bi::ports::{
    BatchStream, Connector, Connectors, JobRepo, ResultFiles, ResultWriter, SourceRepo,
};
use tessera_bi::{
    Bi, BiSettings, Job, JobError, NewQuery, Outcome, Query, QueryChange, QueryResult, Source,
    SourceType,
};
use tessera_kernel::ids::{QueryId, ResultId, SourceId, Uid, UserId};
use tessera_kernel::{
    Clock, Code, Fault, PageRequest, Random, Result, SystemRandom, TestClock, Timestamp,
};
use tessera_sqltext::Dialect;
use tessera_store::Store;

use crate::common::{add_source, add_user, group};

/// A moment, as people write it.
pub(crate) fn moment(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

struct NoFiles;

#[async_trait]
impl ResultFiles for NoFiles {
    async fn create(&self, _uid: Uid) -> Result<Box<dyn ResultWriter>> {
        Err(Fault::not_found("file"))
    }
    async fn open(&self, _uid: Uid) -> Result<(arrow_schema::SchemaRef, BatchStream)> {
        Err(Fault::not_found("file"))
    }
    async fn delete(&self, _uid: Uid) -> Result<()> {
        Ok(())
    }
    async fn list_before(&self, _before: Timestamp, _limit: usize) -> Result<Vec<Uid>> {
        Ok(Vec::new())
    }
}

struct OneType(Vec<SourceType>);

impl Connectors for OneType {
    fn types(&self) -> &[SourceType] {
        &self.0
    }
    fn check(&self, _kind: &str, _options: &Json) -> Result<()> {
        Ok(())
    }
    fn open(&self, _source: &Source, _options: &Json) -> Result<Arc<dyn Connector>> {
        Err(Fault::not_found("data source"))
    }
}

/// One node, and the people of one organisation.
pub(crate) struct World {
    pub(crate) access: Access,
    pub(crate) bi: Bi,
    pub(crate) store: Store,
    pub(crate) clock: TestClock,
    pub(crate) bob: UserId,
    pub(crate) source: SourceId,
}

impl World {
    pub(crate) async fn over(store: Store, start: &str) -> Self {
        let source = add_source(&store, "shop").await;
        let words = ["create_query", "edit_query", "view_query", "execute_query", "schedule_query"];
        let people = Group { permissions: words.map(str::to_owned).to_vec(), ..group("people") };
        let people = store.insert_group(&people).await.unwrap();
        store.set_group_source(people, source, AccessLevel::Full).await.unwrap();
        let bob = add_user(&store, "Bob").await;
        store.add_group_member(people, bob).await.unwrap();
        Self::node(store, TestClock::at(moment(start)), bob, source)
    }

    /// Another process on the same metadata.
    pub(crate) fn node(store: Store, clock: TestClock, bob: UserId, source: SourceId) -> Self {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let sealer = Sealer::new(&[(1, [7; 32])], Arc::clone(&random)).unwrap();
        let access = Access::new(
            Arc::new(store.clone()),
            Peppers::new(vec![(1, [1; 32])]).unwrap(),
            sealer.clone(),
            Arc::new(clock.clone()),
            Arc::clone(&random),
            AccessSettings {
                organization: OrganizationSettings {
                    send_email_on_failed_scheduled_queries: true,
                    ..OrganizationSettings::default()
                },
                ..AccessSettings::default()
            },
            None,
        );
        let pg = SourceType {
            name: "pg",
            title: "PostgreSQL",
            schema: json!({}),
            dialect: Dialect::Postgres,
            syntax: "sql",
            auto_limit: true,
            remarks: false,
            row_policy: false,
        };
        let mut settings = BiSettings::default();
        settings.schedules.first_run_seconds = 0;
        settings.schedules.reports.failures_max = 16;
        let bi = Bi::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            Arc::new(NoFiles),
            Arc::new(OneType(vec![pg])),
            access.gate.clone(),
            access.keys.clone(),
            sealer,
            Arc::new(clock.clone()),
            random,
            settings,
        );
        Self { access, bi, store, clock, bob, source }
    }

    pub(crate) async fn caller(&self) -> Caller {
        let user = self.access.gate.principal(self.bob).await.unwrap().unwrap();
        Caller::User { user, key: None }
    }

    pub(crate) async fn permit<A: Act>(&self, act: A) -> Authorized<A> {
        let caller = self.caller().await;
        self.access.gate.permit(&caller, &RequestContext::default(), act).await.unwrap()
    }

    pub(crate) async fn try_query(
        &self,
        text: &str,
        options: Json,
        schedule: Json,
    ) -> Result<QueryId> {
        let grant = self.permit(CreateQuery { source: self.source }).await;
        let new = NewQuery {
            name: text.to_owned(),
            description: None,
            text: text.to_owned(),
            options,
            schedule: Some(schedule),
            tags: Vec::new(),
        };
        Ok(self.bi.queries.create(&grant, new).await?.listing.query.id)
    }

    pub(crate) async fn query(&self, text: &str, schedule: Json) -> QueryId {
        self.try_query(text, json!({}), schedule).await.unwrap()
    }

    pub(crate) async fn change(&self, query: QueryId, change: QueryChange) -> Query {
        let grant = self.permit(UpdateQuery { query }).await;
        self.bi.queries.update(&grant, change, None).await.unwrap().listing.query
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub(crate) async fn tick(&self) -> Option<Timestamp> {
        self.bi.schedules.tick().await.unwrap()
    }

    pub(crate) async fn claim(&self) -> Option<Job> {
        let now = self.now();
        self.store.claim_job("node", now, now + TimeDelta::minutes(1)).await.unwrap()
    }

    pub(crate) async fn end(&self, job: &Job, fails: bool) {
        let outcome = if fails {
            let detail = "the table is gone".to_owned();
            Outcome::Error(JobError { code: Code::SourceFailed, detail })
        } else {
            Outcome::Result(self.result(job))
        };
        assert!(self.store.finish_job(job.uid, "node", &outcome, self.now()).await.unwrap());
    }

    fn result(&self, job: &Job) -> QueryResult {
        let run = job.run.as_ref().unwrap();
        let digest = |text: &str| {
            let mut digest = [0; 32];
            hex::decode_to_slice(text, &mut digest).unwrap();
            digest
        };
        QueryResult {
            inputs: Vec::new(),
            id: ResultId(0),
            uid: Uid::now_v7(),
            source: job.source,
            cache_key: digest(&run.cache_key),
            template_digest: digest(&run.template_digest),
            has_parameters: !run.values.is_empty(),
            display_text: run.display_text.clone(),
            query_hash: run.query_hash.clone(),
            runtime_seconds: 1.0,
            retrieved_at: self.now(),
            rows: 1,
            bytes: 1,
            viewer: None,
        }
    }

    /// Runs all jobs that wait; returns the texts that they ran.
    pub(crate) async fn work(&self, fails: bool) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(job) = self.claim().await {
            self.end(&job, fails).await;
            texts.push(job.run.unwrap().display_text);
        }
        texts
    }

    /// Lets time pass from wake to wake, running what is due.
    pub(crate) async fn travel(&self, until: &str, fails: bool) {
        let until = moment(until);
        loop {
            let mut next = self.tick().await;
            if !self.work(fails).await.is_empty() {
                next = self.tick().await;
            }
            match next.filter(|next| *next <= until) {
                Some(next) => self.pass(next - self.now()),
                None => {
                    self.pass(until - self.now());
                    return;
                }
            }
        }
    }

    /// The moments that were run, oldest first.
    pub(crate) async fn ran(&self, query: QueryId) -> Vec<Timestamp> {
        let mut due: Vec<_> = self.runs(query).await.into_iter().map(|run| run.due_at).collect();
        due.reverse();
        due
    }

    pub(crate) async fn runs(&self, query: QueryId) -> Vec<tessera_bi::ScheduledRun> {
        let grant = self.permit(ReadQueryHistory { query }).await;
        let page = PageRequest { number: 1, size: 10_000 };
        let found = self.bi.schedules.runs(&grant, page).await.unwrap();
        assert_eq!(found.total, found.items.len() as u64);
        found.items
    }

    pub(crate) async fn status(&self, query: QueryId) -> tessera_bi::ScheduleStatus {
        let grant = self.permit(ReadQueryHistory { query }).await;
        self.bi.schedules.status(&grant).await.unwrap()
    }

    pub(crate) async fn pause(&self, paused: bool) {
        let mut source = self.store.source(self.source).await.unwrap().unwrap();
        source.paused = paused;
        source.pause_reason = paused.then(|| "moving house".to_owned());
        self.store.update_source(&source).await.unwrap();
    }

    pub(crate) async fn disable_owner(&self, disabled: bool) {
        let mut bob = self.store.user(self.bob).await.unwrap().unwrap();
        bob.disabled_at = disabled.then(|| self.now());
        self.store.update_user(&bob).await.unwrap();
        self.access.gate.forget_users();
    }
}

/// Parameters of a query, as clients keep them.
pub(crate) fn parameters(list: Json) -> Json {
    Json::Object(Map::from_iter([("parameters".to_owned(), list)]))
}
