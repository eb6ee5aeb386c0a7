//! What kinds of actions there are, for keys and for the audit log.

use super::Action;

impl Action {
    /// The action with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name)
    }

    /// Whether every key may do it to itself, whatever its terms: it tells nothing that the holder
    /// could not find out by trying.
    #[must_use]
    pub const fn is_about_oneself(self) -> bool {
        matches!(self, Self::KeysSelf | Self::KeysCan)
    }

    /// Whether it lists objects that hang on data sources.
    #[must_use]
    pub const fn lists_by_source(self) -> bool {
        matches!(self, Self::QueriesList | Self::SourcesList | Self::AlertsList)
    }

    /// Whether a key that holds values of parameters may do it: running saved queries, and what
    /// leads there.
    #[must_use]
    pub const fn fits_pinned_keys(self) -> bool {
        matches!(
            self,
            Self::SessionRead
                | Self::KeysDelegate
                | Self::QueriesList
                | Self::QueriesRead
                | Self::QueriesRun
                | Self::ResultsRead
                | Self::JobsRead
                | Self::JobsCancel
                | Self::DashboardsList
                | Self::DashboardsRead
        )
    }

    /// Whether it makes or shows what opens more than a narrowed key does.
    #[must_use]
    pub const fn gives_credentials(self) -> bool {
        matches!(
            self,
            Self::AccountsCreate
                | Self::AccountsUpdate
                | Self::AccountsAdminister
                | Self::AccountsReadKey
                | Self::AccountsRegenerateKey
                | Self::KeysCreate
                | Self::QueriesRegenerateKey
                | Self::QueriesPin
                | Self::DashboardsShare
        )
    }

    /// Whether every use is written into the audit log: what changes rights or secrets.
    #[must_use]
    pub const fn is_audited(self) -> bool {
        matches!(
            self,
            Self::AccountsCreate
                | Self::AccountsUpdate
                | Self::AccountsAdminister
                | Self::AccountsDelete
                | Self::AccountsRegenerateKey
                | Self::SessionsRevoke
                | Self::SecondFactorManage
                | Self::AccountsResetSecondFactor
                | Self::IdentitiesUnlink
                | Self::SignInAdminister
                | Self::GroupsAdminister
                | Self::KeysCreate
                | Self::KeysRevoke
                | Self::KeysDelegate
                | Self::QueriesApprove
                | Self::QueriesPin
                | Self::KeysUpdate
                | Self::KeysRotate
                | Self::KeysDisable
                | Self::KeysRestore
                | Self::KeysWiden
                | Self::KeysApprove
                | Self::KeysPolicy
                | Self::WorkspacesAdminister
                | Self::AccountKeysCreate
                | Self::AccountKeysUpdate
                | Self::AccountKeysRegenerate
                | Self::AccountKeysDelete
                | Self::SourcesCreate
                | Self::SourcesUpdate
                | Self::SourcesDelete
                | Self::SourcesFiles
                | Self::SourcesPause
                | Self::QueriesRegenerateKey
                | Self::DashboardsShare
                | Self::TrashDelete
                | Self::SystemImport
                | Self::EditingShare
                | Self::DestinationsCreate
                | Self::DestinationsUpdate
                | Self::DestinationsDelete
                | Self::AuditExport
                | Self::OrganizationUpdate
        )
    }
}
