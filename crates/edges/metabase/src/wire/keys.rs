//! Keys.

use serde::Serialize;
use tessera_access::{AccountKeyView, User, masked};
use tessera_kernel::Secret;

use super::{GroupTag, time};

/// A key. Its text is in the answer that makes it, and in no other.
#[derive(Debug, Serialize)]
pub(crate) struct KeyOut<'a> {
    id: i64,
    name: &'a str,
    group: Option<GroupTag<'a>>,
    masked_key: String,
    created_at: String,
    updated_at: String,
    updated_by: Option<Changer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmasked_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<&'a str>,
}

/// Who changed it last.
#[derive(Debug, Serialize)]
struct Changer<'a> {
    id: i64,
    common_name: &'a str,
}

impl<'a> KeyOut<'a> {
    /// Without its text.
    pub(crate) fn new(view: &'a AccountKeyView) -> Self {
        let known = &view.known;
        let changer = |user: &'a User| Changer { id: user.id.0, common_name: &user.name };
        Self {
            id: known.key.id.0,
            name: &known.key.name,
            group: view.group.as_ref().map(GroupTag::new),
            masked_key: masked(&known.key.hint),
            created_at: time(known.key.created_at),
            updated_at: time(known.changed_at),
            updated_by: view.changed_by.as_ref().map(changer),
            unmasked_key: None,
            prefix: None,
        }
    }

    /// With its text: the only time.
    pub(crate) fn with_text(self, text: &Secret) -> Self {
        Self { unmasked_key: Some(text.expose().to_owned()), ..self }
    }

    /// With its visible beginning, which newer clients read after it was made anew.
    pub(crate) fn with_prefix(self, view: &'a AccountKeyView) -> Self {
        Self { prefix: Some(&view.known.key.hint), ..self }
    }
}
