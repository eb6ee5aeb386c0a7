//! Results that were made of other results: who reads them sees all data sources beneath.

use tessera_kernel::ids::SourceId;
use tessera_kernel::{Fault, Result};

use super::Gate;
use super::rules::{missing, out_of_scope};
use crate::acts::Object;
use crate::ports::Facts;
use crate::{Action, Caller};

impl Gate {
    /// Whether a caller may see rows that came out of the data source `via` and were made of rows
    /// of `inputs`: a user sees each of them, and so does the key that it came with. Who holds a key
    /// that is nobody's sees them where every group that reaches `via` reaches each of them, so that
    /// such a key tells nobody more than the group may see anyway.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn sees_inputs(
        &self,
        caller: &Caller,
        via: Option<SourceId>,
        inputs: &[SourceId],
        facts: &Facts,
    ) -> Result<bool> {
        for input in inputs {
            let open = match caller {
                Caller::User { user, key } => {
                    let facts = Facts { source: Some(*input), ..facts.clone() };
                    let object = Object::Source(*input);
                    user.level(*input).is_some()
                        && key.as_ref().is_none_or(|key| {
                            key.check(Action::ResultsRead, object, &facts).is_ok()
                        })
                }
                Caller::Query(_) | Caller::Dashboard(_) => match via {
                    Some(via) => self.is_open_to_all_of(via, *input).await?,
                    None => false,
                },
                Caller::Anonymous | Caller::Workspace(_) => false,
            };
            if !open {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every group that reaches `via` reaches `source` too.
    async fn is_open_to_all_of(&self, via: SourceId, source: SourceId) -> Result<bool> {
        if via == source {
            return Ok(true);
        }
        let reach = self.inner.repos.source_groups(source).await?;
        let via = self.inner.repos.source_groups(via).await?;
        let reached = |group| reach.iter().any(|(known, _)| *known == group);
        Ok(!via.is_empty() && via.iter().all(|(group, _)| reached(*group)))
    }

    /// Refuses a result to who does not see what it was made of.
    pub(super) async fn check_inputs(
        &self,
        caller: &Caller,
        object: Object,
        facts: &Facts,
    ) -> Result<(), Fault> {
        if facts.inputs.is_empty()
            || self.sees_inputs(caller, facts.source, &facts.inputs, facts).await?
        {
            return Ok(());
        }
        // That there are rows for others is nobody's business.
        Err(if caller.user().is_some() { missing(object) } else { out_of_scope() })
    }
}
