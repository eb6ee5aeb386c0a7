//! Forms that make a secret count once, on whichever nodes: sent again, by a reload or a second click,
//! they make nothing and show nothing.
//!
//! A form has a name with the moment at which it was shown. It is good for half as long as forms that
//! were sent are remembered, so that none can be sent again after it was forgotten.

use chrono::TimeDelta;
use tessera_access::{Mine, Once, OnceRequest, Turn};
use tessera_kernel::{Code, Fault, Random, Result, Secret, Timestamp};

/// Longest name of a form, in bytes; ours are shorter.
const NAME_BYTES_MAX: usize = 64;
/// How far clocks of nodes may be from each other, in seconds.
const SKEW_SECONDS: i64 = 300;
/// How forms are called among what counts once.
const OPERATION: &str = "form";

/// A form that somebody sends.
pub(crate) struct Sent(Mine);

/// A name for a form that is shown now.
pub(crate) fn name(random: &dyn Random, now: Timestamp) -> String {
    format!("{:x}-{}", now.timestamp(), random.alphanumeric(24))
}

impl Sent {
    /// Notes that somebody sends a form, before anything is made of it.
    ///
    /// # Errors
    /// `Invalid` for a name that is not ours or too old, `Conflict` for one that was sent before;
    /// those of storage.
    pub(crate) async fn begin(once: &Once, caller: &str, form: &str) -> Result<Self> {
        check(form, once.now(), TimeDelta::hours(once.settings().kept_hours.into()) / 2)?;
        let request = OnceRequest { caller, operation: OPERATION, key: form, body: b"" };
        match once.begin(request).await {
            Ok(Turn::Mine(mine)) => Ok(Self(mine)),
            Ok(Turn::Done(_)) => Err(sent_before()),
            Err(fault) if fault.code() == Code::Conflict => Err(sent_before()),
            Err(fault) => Err(fault),
        }
    }

    /// Something was made of it.
    pub(crate) async fn made(self) {
        // It counts as sent already.
        if let Err(fault) = self.0.done(&Secret::new("")).await {
            tracing::error!(%fault, "that a form was sent is known without its end");
        }
    }

    /// Nothing was made of it: it can be mended and sent again.
    pub(crate) async fn forget(self) {
        if let Err(fault) = self.0.undone().await {
            tracing::error!(%fault, "a form that was refused cannot be sent again");
        }
    }
}

fn check(form: &str, now: Timestamp, good_for: TimeDelta) -> Result<()> {
    let incomplete = || Fault::invalid("form", "the form is not complete; open the page again");
    if form.len() > NAME_BYTES_MAX {
        return Err(incomplete());
    }
    let shown = form.split_once('-').and_then(|(at, _)| i64::from_str_radix(at, 16).ok());
    let shown = shown.and_then(|at| Timestamp::from_timestamp(at, 0)).ok_or_else(incomplete)?;
    let age = now - shown;
    if age > good_for || age < -TimeDelta::seconds(SKEW_SECONDS) {
        let detail = "the form was open for too long; open the page again";
        return Err(Fault::invalid("form", detail));
    }
    Ok(())
}

fn sent_before() -> Fault {
    let detail = "this form was sent before. A key that came of it is in the list of keys; its text \
                  was shown then and is not shown again: rotate it if you do not have it";
    Fault::new(Code::Conflict, detail)
}

#[cfg(test)]
mod tests {
    use tessera_kernel::SystemRandom;

    use super::*;

    #[test]
    fn a_form_is_good_for_less_than_it_is_remembered() {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).expect("a moment");
        let (form, good_for) = (name(&SystemRandom, now), TimeDelta::hours(12));
        assert!(form.len() <= NAME_BYTES_MAX);
        let at = |seconds| check(&form, now + TimeDelta::seconds(seconds), good_for);
        assert!(at(0).is_ok() && at(12 * 3600).is_ok());
        assert!(at(12 * 3600 + 1).is_err());
        assert!(at(-200).is_ok() && at(-400).is_err());
        for strange in ["", "form", "zz-x", &format!("{form}{form}")] {
            assert!(check(strange, now, good_for).is_err(), "{strange}");
        }
    }
}
