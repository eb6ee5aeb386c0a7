//! Counts requests for `/metrics`. Finding the counter of a route by its labels takes longer than
//! counting, so every thread remembers the ones that it used.

use std::cell::RefCell;
use std::collections::HashMap;

use metrics::{Counter, Histogram, Label};

/// What is counted of requests with one method, route and status.
struct Meters {
    method: &'static str,
    status: u16,
    requests: Counter,
    seconds: Histogram,
}

thread_local! {
    /// By route. Routes, methods and statuses are few, and none of them is the caller's own text.
    static METERS: RefCell<HashMap<String, Vec<Meters>>> = RefCell::default();
}

/// Counts a request that took so long until its answer began.
pub(crate) fn count(method: &'static str, route: &str, status: u16, seconds: f64) {
    METERS.with_borrow_mut(|routes| {
        let meters = match routes.get_mut(route) {
            Some(meters) => meters,
            None => routes.entry(route.to_owned()).or_default(),
        };
        let is_it = |meters: &Meters| meters.method == method && meters.status == status;
        let place = meters.iter().position(is_it).unwrap_or_else(|| {
            meters.push(Meters::new(method, route, status));
            meters.len() - 1
        });
        meters[place].requests.increment(1);
        meters[place].seconds.record(seconds);
    });
}

impl Meters {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        let labels = vec![
            Label::from_static_parts("method", method),
            Label::new("route", route.to_owned()),
            Label::new("status", status.to_string()),
        ];
        Self {
            method,
            status,
            requests: metrics::counter!("tessera_http_requests_total", labels.clone()),
            seconds: metrics::histogram!("tessera_http_request_seconds", labels),
        }
    }
}
