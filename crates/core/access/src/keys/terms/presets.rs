//! Terms that people ask for by one word.

use super::{Grant, Selector, Terms};
use crate::Action;

/// What a key that only reads may do: see what its owner sees, and run saved queries.
const READING: [Action; 26] = [
    Action::SessionRead,
    Action::KeysSelf,
    Action::KeysCan,
    Action::SourcesList,
    Action::SourcesRead,
    Action::SourcesSchema,
    Action::QueriesList,
    Action::QueriesRead,
    Action::QueriesHistory,
    Action::QueriesRun,
    Action::ResultsRead,
    Action::JobsRead,
    Action::JobsCancel,
    Action::DashboardsList,
    Action::DashboardsRead,
    Action::DashboardsHistory,
    Action::AlertsList,
    Action::AlertsRead,
    Action::DestinationsList,
    Action::SnippetsRead,
    Action::SearchRun,
    Action::TrashList,
    Action::AccountsList,
    Action::AccountsRead,
    Action::GroupsList,
    Action::GroupsRead,
];

impl Terms {
    /// Terms of a key that only reads: it sees what its owner sees, runs saved queries, and changes
    /// nothing.
    #[must_use]
    pub fn reading() -> Self {
        let grants = READING.map(|action| Grant::allow(action, Selector::Any));
        Self { grants: grants.into(), ..Self::default() }
    }

    /// Whether these are the grants of [`reading`](Self::reading).
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.grants == Self::reading().grants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_only_reads_makes_changes_and_shows_no_credentials() {
        for action in READING {
            assert!(!action.is_audited() && !action.gives_credentials(), "{}", action.as_str());
        }
        assert!(Terms::reading().only_reads() && !Terms::default().only_reads());
        assert!(Terms::reading().check().is_ok());
    }
}
