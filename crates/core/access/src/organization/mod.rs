//! Settings of the organisation that can change while the server runs.

mod service;
mod settings;

pub use service::Organization;
pub use settings::OrganizationSettings;
