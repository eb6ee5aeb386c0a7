//! The closed vocabulary of what can go wrong. Every edge maps it exhaustively to its own answers.

/// What went wrong, independent of protocol and language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No credential, or one that proves nothing.
    Unauthenticated,
    /// The credential is good, but not for the object or place it was used at.
    OutOfScope,
    /// The caller is known and may not do this.
    Forbidden,
    /// The session request lacks proof that it comes from our own pages.
    CsrfFailed,
    /// The object does not exist, or the caller may not know that it does.
    NotFound,
    /// A value in the request is wrong; `field` names it.
    Invalid,
    /// The body is not what the operation reads.
    Malformed,
    /// Values for parameters are missing; `names` lists them.
    MissingParameters,
    /// Values do not fit their parameters; `names` lists them.
    InvalidParameters,
    /// A parameter stands where no value can be bound.
    UnbindableParameter,
    /// Somebody else changed the object first.
    Conflict,
    /// A unique value is taken; `field` names it.
    Duplicate,
    /// Nothing is cached for this query yet.
    NoCachedResult,
    /// The data source is paused; `detail` has the reason.
    SourcePaused,
    /// The query has no data source any more.
    SourceMissing,
    /// The data source or format cannot do this.
    Unsupported,
    /// The data source refused or failed; `detail` has its words.
    SourceFailed,
    /// The work was cancelled.
    Cancelled,
    /// The work took longer than its time limit.
    TimedOut,
    /// The answer or body is larger than a limit; `detail` names the setting.
    TooLarge,
    /// Too many requests; try again later.
    RateLimited,
    /// The server is short of something; try again later.
    Unavailable,
    /// The first setup has already been done, or has not been done yet.
    SetupState,
    /// A mistake of ours.
    Internal,
}

impl Code {
    /// The stable spelling, used in logs, in problem documents and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::OutOfScope => "out_of_scope",
            Self::Forbidden => "forbidden",
            Self::CsrfFailed => "csrf_failed",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Malformed => "malformed",
            Self::MissingParameters => "missing_parameters",
            Self::InvalidParameters => "invalid_parameters",
            Self::UnbindableParameter => "unbindable_parameter",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::NoCachedResult => "no_cached_result",
            Self::SourcePaused => "source_paused",
            Self::SourceMissing => "source_missing",
            Self::Unsupported => "unsupported",
            Self::SourceFailed => "source_failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::SetupState => "setup_state",
            Self::Internal => "internal",
        }
    }

    /// Every code, for tables and exhaustive tests.
    pub const ALL: [Self; 24] = [
        Self::Unauthenticated,
        Self::OutOfScope,
        Self::Forbidden,
        Self::CsrfFailed,
        Self::NotFound,
        Self::Invalid,
        Self::Malformed,
        Self::MissingParameters,
        Self::InvalidParameters,
        Self::UnbindableParameter,
        Self::Conflict,
        Self::Duplicate,
        Self::NoCachedResult,
        Self::SourcePaused,
        Self::SourceMissing,
        Self::Unsupported,
        Self::SourceFailed,
        Self::Cancelled,
        Self::TimedOut,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unavailable,
        Self::SetupState,
        Self::Internal,
    ];
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or(())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
