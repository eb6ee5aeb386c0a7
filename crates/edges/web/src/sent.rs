//! Forms that make a secret count once: sent again, by a reload or a second click, they make nothing
//! and show nothing.
//!
//! What was sent is kept in memory, on this node, until it restarts; of many, the latest.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tessera_kernel::{Code, Fault, Result};

/// How many forms are remembered.
const FORMS_MAX: usize = 1000;
/// Longest name of a form, in bytes; ours are shorter.
const NAME_BYTES_MAX: usize = 64;

/// The forms that were sent.
#[derive(Default)]
pub(crate) struct Sent(Mutex<VecDeque<(String, String)>>);

impl Sent {
    /// Notes that somebody sends a form, before anything is made of it.
    ///
    /// # Errors
    /// `Invalid` without a name, `Conflict` for one that was sent before.
    pub(crate) fn begin(&self, caller: &str, form: &str) -> Result<()> {
        if form.is_empty() || form.len() > NAME_BYTES_MAX {
            let detail = "the form is not complete; open the page again";
            return Err(Fault::invalid("form", detail));
        }
        let entry = (caller.to_owned(), form.to_owned());
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.contains(&entry) {
            let detail = "this form was sent before. A key that came of it is in the list of keys; \
                          its text was shown then and is not shown again: rotate it if you do \
                          not have it";
            return Err(Fault::new(Code::Conflict, detail));
        }
        if sent.len() >= FORMS_MAX {
            sent.pop_front();
        }
        sent.push_back(entry);
        Ok(())
    }

    /// Takes that back for a form of which nothing was made, so that it can be mended.
    pub(crate) fn forget(&self, caller: &str, form: &str) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.retain(|(who, name)| !(who == caller && name == form));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_counts_once_for_each_caller_until_nothing_was_made_of_it() {
        let sent = Sent::default();
        assert!(sent.begin("user:1", "a").is_ok());
        assert_eq!(sent.begin("user:1", "a").map_err(|fault| fault.code()), Err(Code::Conflict));
        assert!(sent.begin("user:2", "a").is_ok());
        sent.forget("user:1", "a");
        assert!(sent.begin("user:1", "a").is_ok());
        assert!(sent.begin("user:1", "").is_err());
    }

    #[test]
    fn the_oldest_forms_are_forgotten() {
        let sent = Sent::default();
        for number in 0..=FORMS_MAX {
            assert!(sent.begin("user:1", &number.to_string()).is_ok());
        }
        assert!(sent.begin("user:1", "0").is_ok());
        assert!(sent.begin("user:1", &FORMS_MAX.to_string()).is_err());
    }
}
