//! What a trusted party says about a person.

/// What a trusted party says about a person, once its word has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who says it: the issuer of the token, or the kind of header.
    pub issuer: String,
    /// Whom the issuer means, for ever; unique within the issuer.
    pub subject: String,
    /// The address.
    pub email: Option<String>,
    /// Whether the issuer vouches that the address is the person's.
    pub email_verified: bool,
    /// The name.
    pub name: Option<String>,
    /// The groups; `None` if the issuer never tells, so that groups stay as they are.
    pub groups: Option<Vec<String>>,
}
