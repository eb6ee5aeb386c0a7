//! Settings of the organisation.

use serde_json::Value as Json;
use tessera_access::{ReadOrganization, UpdateOrganization};
use tessera_kernel::Fault;

use crate::credential::Call;
use crate::wire::{self, Answer};

pub(crate) async fn get(call: Call) -> Answer {
    let grant = call.permit(ReadOrganization {}).await?;
    let settings = call.state.kit.access.organization.read(&grant).await?;
    wire::json(&wire::organization(&settings, &call.state.settings)?)
}

/// Takes what differs. Members that are the operator's here may be sent back as they are.
pub(crate) async fn update(call: Call) -> Answer {
    let grant = call.permit(UpdateOrganization {}).await?;
    let mut change = call.object()?;
    for (name, value) in wire::operators(&call.state.settings) {
        match change.remove(name) {
            None | Some(Json::Null) => {}
            Some(sent) if sent == value => {}
            Some(_) => {
                let detail = "is set by the operator of this server (section [signin])";
                return Err(Fault::invalid(name, detail).into());
            }
        }
    }
    let settings = call.state.kit.access.change_organization(&grant, change).await?;
    wire::json(&wire::organization(&settings, &call.state.settings)?)
}
