//! A server with objects of every kind, and callers of every kind.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tessera_testkit::client::Client;
use tessera_testkit::receiver::Receiver;

use crate::{Engine, Shop, options};

/// Objects that belong to the administrator, and callers who are not.
pub struct World {
    /// The server, its administrator and data sources.
    pub shop: Shop,
    /// By the word before them in a path.
    pub ids: Vec<(&'static str, String)>,
    /// By name: nobody, users, holders of keys, and last the administrator.
    pub callers: Vec<(&'static str, Client)>,
    /// A query that has a result.
    pub query: Value,
    /// Takes what is sent to the destination.
    _receiver: Receiver,
}

impl World {
    /// Starts a server and makes all of them.
    ///
    /// # Errors
    /// If something does not start or is refused.
    pub fn open() -> Result<Self> {
        let shop = Shop::open(options(Engine::Sqlite)?)?;
        let admin = &shop.admin;
        let query = shop.query(shop.sqlite, "select id, note from orders", json!([]))?;
        let other = shop.query(shop.sqlite, "select 1 as one", json!([]))?;
        let started = admin
            .post(&format!("/api/queries/{}/results", query["id"]), &json!({ "max_age": 0 }))?
            .ok()?;
        let job = admin.finish(&started)?;
        let result = job["job"]["query_result_id"].clone();
        let board = admin.post("/api/dashboards", &json!({ "name": "Board" }))?.ok()?;
        let chart = json!({ "name": "C", "type": "CHART", "query_id": query["id"], "options": {} });
        let chart = admin.post("/api/visualizations", &chart)?.ok()?;
        let widget = json!({
            "dashboard_id": board["id"], "visualization_id": chart["id"], "text": "", "width": 1,
            "options": {},
        });
        let widget = admin.post("/api/widgets", &widget)?.ok()?;
        let (_, victim) = shop.user("victim")?;
        let (other_user, _) = shop.user("other")?;
        let (viewer, viewer_id) = shop.user("viewer")?;
        let group = admin.post("/api/groups", &json!({ "name": "viewers" }))?.ok()?;
        let group = group["id"].to_string();
        let member = json!({ "user_id": viewer_id });
        admin.post(&format!("/api/groups/{group}/members"), &member)?.ok()?;
        let source = json!({ "data_source_id": shop.sqlite });
        admin.post(&format!("/api/groups/{group}/data_sources"), &source)?.ok()?;
        let path = format!("/api/groups/{group}/data_sources/{}", shop.sqlite);
        admin.post(&path, &json!({ "view_only": true }))?.ok()?;
        let groups = admin.get("/api/groups")?.ok()?;
        let default = groups
            .as_array()
            .and_then(|groups| groups.iter().find(|group| group["name"] == "default"))
            .context("the default group")?["id"]
            .clone();
        admin.delete(&format!("/api/groups/{default}/members/{viewer_id}"))?.ok()?;
        let (disabled, disabled_id) = shop.user("disabled")?;
        admin.post(&format!("/api/users/{disabled_id}/disable"), &json!({}))?.ok()?;
        let with = |key: &Value| -> Result<Client> {
            Ok(shop.server.anonymous().with_key(key.as_str().context("a key")?))
        };
        let callers = vec![
            ("nobody", shop.server.anonymous()),
            ("other user", other_user),
            ("view-only user", viewer),
            ("query's key", with(&query["api_key"])?),
            ("another query's key", with(&other["api_key"])?),
            ("disabled user", disabled),
            ("administrator", admin.clone()),
        ];
        let key = admin.post("/v1/keys", &json!({ "name": "spare" }))?.ok()?;
        let groups_of = json!({ "name": "robot", "group_ids": [default] });
        let robot = admin.post("/v1/service-accounts", &groups_of)?.ok()?;
        let workspace = admin.post("/v1/workspaces", &json!({ "name": "shop" }))?.ok()?;
        let receiver = Receiver::start()?;
        let hook = json!({
            "name": "hook", "type": "webhook", "options": { "url": receiver.url("/hook") },
        });
        let destination = admin.post("/api/destinations", &hook)?.ok()?;
        let condition = json!({ "column": "id", "op": ">", "value": 1 });
        let alert = json!({ "name": "many", "query_id": query["id"], "options": condition });
        let alert = admin.post("/api/alerts", &alert)?.ok()?;
        let subscriptions = format!("/api/alerts/{}/subscriptions", alert["id"]);
        let subscription = admin.post(&subscriptions, &json!({}))?.ok()?;
        let ids = vec![
            ("service-accounts", robot["id"].to_string()),
            ("workspaces", workspace["id"].to_string()),
            ("users", victim.to_string()),
            ("groups", group.clone()),
            ("data_sources", shop.sqlite.to_string()),
            ("sources", shop.sqlite.to_string()),
            ("queries", query["id"].to_string()),
            ("query", query["id"].to_string()),
            ("query_results", format!("{result}.json")),
            ("results", format!("{result}.json")),
            ("jobs", job["job"]["id"].as_str().context("a job")?.to_owned()),
            ("visualizations", chart["id"].to_string()),
            ("visualization", chart["id"].to_string()),
            ("dashboards", board["id"].to_string()),
            ("widgets", widget["id"].to_string()),
            ("members", victim.to_string()),
            ("dropdowns", query["id"].to_string()),
            ("keys", key["key"]["id"].to_string()),
            ("acl", "modify".to_owned()),
            ("alerts", alert["id"].to_string()),
            ("destinations", destination["id"].to_string()),
            ("subscriptions", subscription["id"].to_string()),
        ];
        Ok(Self { shop, ids, callers, query, _receiver: receiver })
    }

    /// A path with the objects of this world in it.
    #[must_use]
    pub fn path(&self, template: &str) -> String {
        let mut before = "";
        let parts: Vec<String> = template
            .split('/')
            .map(|part| {
                let filled = if part.starts_with('{') && part.ends_with('}') {
                    match part {
                        "{token}" => "nosuchtoken".to_owned(),
                        "{file}" if before == "{id}" => "results.json".to_owned(),
                        _ => self
                            .ids
                            .iter()
                            .find(|(word, _)| *word == before)
                            .map_or_else(|| "1".to_owned(), |(_, id)| id.clone()),
                    }
                } else {
                    part.to_owned()
                };
                before = part;
                filled
            })
            .collect();
        parts.join("/")
    }

    /// The caller with a name.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn caller(&self, name: &str) -> &Client {
        let found = self.callers.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("there is no caller {name}")).1
    }
}
