//! Whether terms are sensible in size: what is wrong with single members is found when they are read.

use tessera_kernel::{Fault, Result};

use super::Terms;

const GRANTS_MAX: usize = 1000;
const TEXT_BYTES_MAX: usize = 64 << 10;

impl Terms {
    /// Refuses terms that are too large or contradict themselves.
    ///
    /// # Errors
    /// `Invalid`, with the member.
    pub fn check(&self) -> Result<()> {
        if self.grants.len() > GRANTS_MAX {
            return Err(Fault::invalid("terms.grants", format!("at most {GRANTS_MAX} grants")));
        }
        self.check_limits()?;
        if let Some(name) = self.free.keys().find(|name| self.pinned.contains_key(*name)) {
            let detail = format!("{name} is pinned; it cannot be free as well");
            return Err(Fault::invalid("terms.free", detail));
        }
        let text = serde_json::to_string(self)
            .map_err(|error| Fault::internal("terms cannot be written", error))?;
        if text.len() > TEXT_BYTES_MAX {
            let detail = format!("terms have at most {TEXT_BYTES_MAX} bytes as JSON");
            return Err(Fault::invalid("terms", detail));
        }
        Ok(())
    }
}
