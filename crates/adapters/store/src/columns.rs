//! The columns of each record, in the order in which its reader takes them.

/// The columns of a record, read from the table or alias `alias`. Statements name them as
/// `{user u}`; an unknown name gives nothing, which no engine accepts as a statement.
pub(crate) fn of(record: &str, alias: &str) -> String {
    match record {
        "listing" => return listing(alias),
        "query_key" => return query_key(alias),
        _ => {}
    }
    let names = match record {
        "user" => USER,
        "group" => "id uid name builtin permissions created_at",
        "key" => {
            "id uid kind user_id query_id dashboard_id workspace_id lookup digest pepper_version \
             sealed name hint created_by created_at not_before expires_at disabled_at revoked_at \
             last_used_at last_address last_client last_transport url_used_at terms parent_id \
             predecessor_id approval replaced_at widening disabled_by revoked_by"
        }
        "workspace" => "id uid name created_at",
        "session" => {
            "uid digest user_id epoch created_at expires_at last_seen_at address client method"
        }
        "pending" => "digest kind user_id sealed attempts expires_at",
        "second_factor" => "user_id sealed confirmed_at last_step created_at",
        "identity" => "issuer subject user_id email created_at used_at",
        "mail" => {
            "uid deduplication kind recipients sealed state attempts next_at error created_at \
             ended_at"
        }
        "token" => "digest user_id purpose expires_at",
        "source" => {
            "id uid name kind options sealed_options version paused pause_reason created_at \
             updated_at"
        }
        "query" => {
            "id uid name description text hash template_digest source_id owner_id modified_by options schedule \
             tags is_draft is_archived version latest_result created_at updated_at"
        }
        "visualization" => VISUALIZATION,
        "snippet" => "id uid trigger description text owner_id created_at updated_at",
        "activity" => "id at user_id actor action object_kind object address client detail",
        "dashboard" => {
            "id uid slug name owner_id layout filters_enabled options tags is_draft is_archived \
             version created_at updated_at"
        }
        "widget" => "id uid dashboard_id visualization_id text width options created_at updated_at",
        "change" => "object_kind object_id version user_id changes changed_at",
        "job" => {
            "uid kind state source_id query_id run created_at started_at finished_at attempts \
             error_code error_detail result_id output"
        }
        "schedule" => {
            "query_id revision set_at due_at wake_at last_due_at job_uid result_id failures \
             blocked_reason blocked_detail blocked_since"
        }
        "schedule_run" => {
            "query_id due_at started_at job_uid state finished_at error_code error_detail result_id"
        }
        "version" => "query_id version name text options source_id created_by created_at",
        "result" => {
            "id uid source_id cache_key template_digest has_parameters display_text query_hash \
             runtime_seconds retrieved_at row_count byte_count viewer inputs"
        }
        "alert" => {
            "id uid name query_id owner_id options parameters rearm state last_triggered_at version \
             created_at updated_at"
        }
        "subscription" => "id uid alert_id created_at",
        "destination" => DESTINATION,
        "delivery" => {
            "id uid alert_id destination_id user_id state attempts next_at answer notice \
             created_at finished_at"
        }
        "audit" => "seq at actor action object detail address prev_hash hash",
        _ => "",
    };
    let columns: Vec<String> = names
        .split_whitespace()
        .map(|name| match (record, name) {
            ("user", "groups") => groups_of(alias),
            _ => format!("{alias}.{name}"),
        })
        .collect();
    columns.join(", ")
}

/// How many columns [`of`] gives for a user.
pub(crate) const USER_WIDTH: usize = 14;
/// How many columns [`of`] gives for a visualization.
pub(crate) const VISUALIZATION_WIDTH: usize = 10;
/// How many columns [`of`] gives for a destination.
pub(crate) const DESTINATION_WIDTH: usize = 8;

const USER: &str = "id uid name email password_hash groups disabled_at invitation_pending \
                    email_verified active_at epoch created_at updated_at kind";
const DESTINATION: &str = "id uid name kind options sealed_options created_at updated_at";

const VISUALIZATION: &str =
    "id uid query_id kind name described description options created_at updated_at";

/// A user's groups as numbers with commas, in the order of joining.
fn groups_of(alias: &str) -> String {
    format!(
        "(SELECT string_agg(CAST(joined.group_id AS TEXT), ',' ORDER BY joined.position) \
         FROM group_members joined WHERE joined.user_id = {alias}.id)"
    )
}

/// A query in a list: with owner `u`, favourite `f`, latest result `r` and recoverable key `k`.
fn listing(alias: &str) -> String {
    let (query, owner) = (of("query", alias), of("user", "u"));
    format!(
        "{query}, {owner}, k.sealed, k.lookup, f.created_at, r.retrieved_at, \
         r.runtime_seconds"
    )
}

/// The number of a query's newest recoverable key.
fn query_key(alias: &str) -> String {
    format!(
        "(SELECT MAX(o.id) FROM keys o WHERE o.query_id = {alias}.id \
         AND o.sealed IS NOT NULL AND o.revoked_at IS NULL)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_fit_the_columns() {
        assert_eq!(USER.split_whitespace().count(), USER_WIDTH);
        assert_eq!(VISUALIZATION.split_whitespace().count(), VISUALIZATION_WIDTH);
        assert_eq!(DESTINATION.split_whitespace().count(), DESTINATION_WIDTH);
    }
}
