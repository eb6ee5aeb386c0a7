//! The one error type that crosses crate borders: a code, and what an edge needs to word an answer.

use std::num::NonZeroU64;

use crate::Code;

/// A result with a [`Fault`].
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Something that went wrong.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Fault {
    code: Code,
    detail: String,
    field: Option<String>,
    names: Box<[String]>,
    retry_after_seconds: Option<NonZeroU64>,
    reason: Option<&'static str>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault with a sentence for the log and for callers: lower case, no full stop, no secrets.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            names: Box::default(),
            retry_after_seconds: None,
            reason: None,
            source: None,
        }
    }

    /// The object does not exist; `what` is its kind.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// The value of `field` is wrong; `detail` says how to mend it.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid, detail).with_field(field)
    }

    /// A mistake of ours, with its cause.
    pub fn internal(
        detail: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(Code::Internal, detail).with_source(source)
    }

    /// Adds the name of the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the names of the parameters at fault.
    #[must_use]
    pub fn with_names(mut self, names: Vec<String>) -> Self {
        self.names = names.into();
        self
    }

    /// Says when to try again: in a second at the earliest.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = NonZeroU64::new(seconds.max(1));
        self
    }

    /// Names the rule that decided, as a stable word: `ip_denied`.
    #[must_use]
    pub fn with_reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field at fault.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The parameters at fault.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The rule that decided, as a stable word.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// Seconds to wait before trying again.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds.map(NonZeroU64::get)
    }
}
