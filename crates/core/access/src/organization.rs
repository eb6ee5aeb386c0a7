//! Settings of the organisation that can change while the server runs.

use serde_json::Value as Json;
use tessera_kernel::Result;

use crate::Access;

impl Access {
    /// A setting as it was last set; `None` if it never was.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn organization_setting(&self, name: &str) -> Result<Option<Json>> {
        let settings = self.repos.settings().await?;
        Ok(settings.into_iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }
}
