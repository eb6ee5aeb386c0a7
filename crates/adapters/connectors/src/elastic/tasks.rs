//! Ends what a server still does for a run that nobody waits for. Newer ones end it themselves when the
//! connection closes; what is left then is found by the mark that came with the request.

use hyper::Method;
use serde_json::Value as Json;

use super::door::{Ask, Door};
use crate::web::coded;

/// Cancels the tasks with that mark, if the user may see and cancel them.
pub(super) async fn cancel(door: &Door, mark: &str) {
    let path = "/_tasks?actions=indices:data/read/*";
    let asked = Ask { method: Method::GET, path, body: None, mark: None };
    let Some(answer) = door.tidy(asked, "find the tasks of a run").await else { return };
    let listed: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    for task in marked(&listed, mark) {
        let path = format!("/_tasks/{}/_cancel", coded(task.as_bytes()));
        let asked = Ask { method: Method::POST, path: &path, body: None, mark: None };
        door.tidy(asked, "cancel a task of a run").await;
    }
}

/// The names of tasks with that mark that can be cancelled; those below others end with them.
fn marked<'a>(listed: &'a Json, mark: &str) -> Vec<&'a String> {
    let nodes =
        listed.get("nodes").and_then(Json::as_object).into_iter().flat_map(|all| all.values());
    let tasks = nodes.filter_map(|node| node.get("tasks")?.as_object()).flatten();
    let ours: Vec<(&String, &Json)> = tasks
        .filter(|(_, task)| {
            let header = task.get("headers").and_then(|headers| headers.get("X-Opaque-Id"));
            header.and_then(Json::as_str) == Some(mark)
                && task.get("cancellable").and_then(Json::as_bool) == Some(true)
        })
        .collect();
    let below = |task: &Json| {
        let parent = task.get("parent_task_id").and_then(Json::as_str);
        ours.iter().any(|(name, _)| Some(name.as_str()) == parent)
    };
    ours.iter().filter(|(_, task)| !below(task)).map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_tasks_of_the_run_are_found_and_of_these_the_uppermost() {
        let task = |mark: &str, cancellable: bool, parent: Option<&str>| {
            json!({
                "cancellable": cancellable, "parent_task_id": parent,
                "headers": { "X-Opaque-Id": mark },
            })
        };
        let listed = json!({ "nodes": {
            "n": { "tasks": {
                "n:1": task("ours", true, None),
                "n:2": task("ours", true, Some("n:1")),
                "n:3": task("theirs", true, None),
                "n:4": task("ours", false, None),
                "n:5": { "cancellable": true, "headers": {} },
            } },
            "m": { "tasks": { "m:1": task("ours", true, Some("n:4")) } },
        } });
        assert_eq!(marked(&listed, "ours"), ["n:1", "m:1"]);
        assert!(marked(&json!({}), "ours").is_empty());
    }
}
