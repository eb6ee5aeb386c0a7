//! What one can look at in the demo: queries with and without parameters, and a dashboard.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tessera_access::{
    Act, Authorized, Caller, CreateDashboard, CreateQuery, CreateSource, CreateVisualization,
    RequestContext, RunQuery, UpdateDashboard, UpdateQuery,
};
use tessera_bi::{
    DashboardChange, Freshness, NewQuery, NewSource, NewVisualization, NewWidget, QueryChange,
    RunRequest,
};
use tessera_kernel::ids::{DashboardId, QueryId, SourceId, VisualizationId};

use crate::compose::{Core, explain};

/// One ready query.
struct Ready {
    name: &'static str,
    description: &'static str,
    text: &'static str,
    parameters: Value,
    chart: Option<(&'static str, Value)>,
}

fn ready() -> Vec<Ready> {
    let chart = |kind: &str, x: &str, y: &str| {
        json!({
            "globalSeriesType": kind,
            "columnMapping": { x: "x", y: "y" },
            "xAxis": { "type": "-", "labels": { "enabled": true } },
            "yAxis": [{ "type": "linear" }, { "type": "linear", "opposite": true }],
            "legend": { "enabled": false },
            "seriesOptions": {},
        })
    };
    vec![
        Ready {
            name: "Revenue per month",
            description: "Sum of all order lines, discounts taken off.",
            text: "SELECT strftime('%Y-%m', o.ordered_at) AS month,\n       \
                   round(sum(i.quantity * i.unit_price * (1 - coalesce(o.discount, 0))), 2) AS revenue,\n       \
                   count(DISTINCT o.id) AS orders\nFROM orders o JOIN order_items i ON i.order_id = o.id\n\
                   WHERE o.status NOT IN ('cancelled', 'returned')\nGROUP BY month ORDER BY month",
            parameters: json!([]),
            chart: Some(("Revenue", chart("column", "month", "revenue"))),
        },
        Ready {
            name: "Countries",
            description: "Where customers live, with the number of them. Gives values to other queries.",
            text: "SELECT country AS value, country || ' (' || count(*) || ')' AS name\n\
                   FROM customers GROUP BY country ORDER BY count(*) DESC",
            parameters: json!([]),
            chart: None,
        },
        Ready {
            name: "Best-selling products",
            description: "By revenue.",
            text: "SELECT p.category, p.name AS product, sum(i.quantity) AS sold,\n       \
                   round(sum(i.quantity * i.unit_price), 2) AS revenue\n\
                   FROM order_items i JOIN products p ON p.id = i.product_id\n\
                   GROUP BY p.id ORDER BY revenue DESC LIMIT 20",
            parameters: json!([]),
            chart: Some(("Top 20", chart("column", "product", "revenue"))),
        },
        Ready {
            name: "Orders of a period",
            description: "Orders between two days, by status and least amount.",
            text: "SELECT o.id, c.name AS customer, c.country, o.ordered_at, o.status, o.paid,\n       \
                   round(sum(i.quantity * i.unit_price), 2) AS amount\n\
                   FROM orders o\nJOIN customers c ON c.id = o.customer_id\n\
                   JOIN order_items i ON i.order_id = o.id\n\
                   WHERE date(o.ordered_at) BETWEEN '{{ period.start }}' AND '{{ period.end }}'\n  \
                   AND o.status IN ({{ status }})\nGROUP BY o.id\nHAVING amount >= {{ least }}\n\
                   ORDER BY o.ordered_at, o.id",
            parameters: json!([
                { "name": "period", "title": "Period", "type": "date-range", "global": false,
                  "value": { "start": "2025-12-01", "end": "2025-12-31" }, "locals": [] },
                { "name": "status", "title": "Status", "type": "enum", "global": false,
                  "enumOptions": "delivered\nshipped\nopen\nreturned\ncancelled",
                  "multiValuesOptions": { "prefix": "'", "suffix": "'", "separator": "," },
                  "value": ["delivered", "shipped"], "locals": [] },
                { "name": "least", "title": "Least amount", "type": "number", "global": false,
                  "value": 100, "locals": [] },
            ]),
            chart: None,
        },
        Ready {
            name: "Find customers",
            description: "Part of a name, in any country or some of them.",
            text: "SELECT id, name, email, city, country, born_on, newsletter\nFROM customers\n\
                   WHERE name LIKE '%{{ name }}%'\nORDER BY name, id LIMIT 500",
            parameters: json!([
                { "name": "name", "title": "Name contains", "type": "text", "global": false,
                  "value": "O'Neill", "locals": [] },
            ]),
            chart: None,
        },
    ]
}

/// Makes the data source, the queries and the dashboard, and runs the queries that need no values.
pub(super) async fn create(core: &Core, caller: &Caller, shop: &Path) -> Result<()> {
    let maker = Maker { core, caller };
    let source = maker.source(shop).await?;
    let mut shown = Vec::new();
    for ready in ready() {
        let has_parameters = ready.parameters.as_array().is_some_and(|list| !list.is_empty());
        let (query, visualization) = maker.query(source, ready).await?;
        if !has_parameters {
            maker.run(query).await?;
        }
        shown.extend(visualization);
    }
    maker.usage().await?;
    maker.dashboard(&shown).await
}

struct Maker<'a> {
    core: &'a Core,
    caller: &'a Caller,
}

impl Maker<'_> {
    async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        let context = RequestContext::default();
        self.core.access.gate.permit(self.caller, &context, act).await.map_err(explain)
    }

    async fn source(&self, shop: &Path) -> Result<SourceId> {
        let new = NewSource {
            name: "Sample shop".to_owned(),
            kind: "sqlite".to_owned(),
            options: json!({ "dbpath": shop.to_str().context("the data folder has an odd name")? }),
        };
        let grant = self.permit(CreateSource {}).await?;
        let source = self.core.bi.sources.create(&grant, new).await.map_err(explain)?;
        Ok(source.view.source.id)
    }

    /// The records of the server's own requests, with one question about them.
    async fn usage(&self) -> Result<()> {
        let new = NewSource {
            name: "Usage of this server".to_owned(),
            kind: tessera_lake::USAGE_SOURCE.to_owned(),
            options: json!({}),
        };
        let grant = self.permit(CreateSource {}).await?;
        let made = self.core.bi.sources.create(&grant, new).await.map_err(explain)?;
        let ready = Ready {
            name: "Requests per hour and key",
            description: "Everybody sees those of their own keys; administrators see all.",
            text: "SELECT hour, key_id, actor, sum(requests) AS requests,\n       \
                   sum(CASE WHEN decision = 'deny' THEN requests ELSE 0 END) AS refused,\n       \
                   sum(rows) AS rows, sum(bytes) AS bytes\nFROM key_hours\n\
                   GROUP BY hour, key_id, actor\nORDER BY hour DESC, requests DESC",
            parameters: json!([]),
            chart: None,
        };
        self.query(made.view.source.id, ready).await.map(drop)
    }

    async fn query(
        &self,
        source: SourceId,
        ready: Ready,
    ) -> Result<(QueryId, Option<VisualizationId>)> {
        let new = NewQuery {
            name: ready.name.to_owned(),
            description: Some(ready.description.to_owned()),
            text: ready.text.to_owned(),
            options: json!({ "parameters": ready.parameters }),
            schedule: None,
            tags: vec!["shop".to_owned()],
        };
        let queries = &self.core.bi.queries;
        let grant = self.permit(CreateQuery { source }).await?;
        let made = queries.create(&grant, new).await.map_err(explain)?;
        let query = made.listing.query.id;
        let grant = self.permit(UpdateQuery { query }).await?;
        let publish = QueryChange { is_draft: Some(false), ..QueryChange::default() };
        queries.update(&grant, publish, None).await.map_err(explain)?;
        let Some((name, options)) = ready.chart else { return Ok((query, None)) };
        let grant = self.permit(CreateVisualization { query }).await?;
        let new = NewVisualization {
            kind: "CHART".to_owned(),
            name: name.to_owned(),
            description: Some(String::new()),
            options,
        };
        let chart = self.core.bi.visualizations.create(&grant, new).await.map_err(explain)?;
        Ok((query, Some(chart.id)))
    }

    async fn run(&self, query: QueryId) -> Result<()> {
        let request = RunRequest {
            parameters: serde_json::Map::new(),
            freshness: Freshness::Always,
            auto_limit: None,
        };
        let grant = self.permit(RunQuery { query }).await?;
        self.core.bi.jobs.run_query(&grant, &request).await.map_err(explain)?;
        Ok(())
    }

    async fn dashboard(&self, shown: &[VisualizationId]) -> Result<()> {
        let dashboards = &self.core.bi.dashboards;
        let grant = self.permit(CreateDashboard {}).await?;
        let made = dashboards.create(&grant, "Shop overview").await.map_err(explain)?;
        let dashboard: DashboardId = made.listing.dashboard.id;
        let grant = self.permit(UpdateDashboard { dashboard }).await?;
        let text = NewWidget {
            visualization: None,
            text: "## Sample shop\nOrders of two years. Everything here can be changed.".to_owned(),
            width: 1,
            options: json!({ "position": { "col": 0, "row": 0, "sizeX": 12, "sizeY": 2 } }),
        };
        dashboards.add_widget(&grant, text).await.map_err(explain)?;
        for (place, visualization) in shown.iter().enumerate() {
            let widget = NewWidget {
                visualization: Some(*visualization),
                text: String::new(),
                width: 1,
                options: json!({
                    "position": { "col": 6 * (place % 2), "row": 2, "sizeX": 6, "sizeY": 8 },
                    "parameterMappings": {},
                }),
            };
            dashboards.add_widget(&grant, widget).await.map_err(explain)?;
        }
        let publish = DashboardChange {
            is_draft: Some(false),
            tags: Some(vec!["shop".to_owned()]),
            ..DashboardChange::default()
        };
        dashboards.update(&grant, publish).await.map_err(explain)?;
        Ok(())
    }
}
