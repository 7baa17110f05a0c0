//! The GraphQL type `Viewer`: the role of the caller and what it permits.
//!
//! Capabilities are read from the rules in `newsroom::workflow`.

use async_graphql::Object;

use crate::{
    auth::viewer,
    graphql::base::enums::{Capability, Role},
    newsroom::workflow::{self, ReleaseAction, Resource},
};

/// Who asks: what their token says of them.
pub struct Viewer(pub viewer::Viewer);

/// Who asks: what their token says of them.
#[Object(serial)]
impl Viewer {
    /// The person or system that the token names; "public" without a token.
    async fn name(&self) -> &str {
        if self.0.subject.is_empty() { "public" } else { &self.0.subject }
    }

    /// What they are to the newsroom.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// What they may do.
    async fn capabilities(&self) -> Vec<Capability> {
        let embargoed = (self.0.role >= entity::api_token::Role::Press).then_some(Capability::ReadEmbargoed);
        let actions = [
            (ReleaseAction::Create, Capability::WriteDrafts),
            (ReleaseAction::Approve, Capability::Approve),
            (ReleaseAction::Publish, Capability::Publish),
            (ReleaseAction::Withdraw, Capability::Withdraw),
            (ReleaseAction::Purge, Capability::Purge),
        ];
        let resources = [
            (Resource::Topics, Capability::ManageTopics),
            (Resource::Places, Capability::ManagePlaces),
            (Resource::Tokens, Capability::ManageTokens),
            (Resource::Journal, Capability::ReadJournal),
        ];
        let actions = actions
            .into_iter()
            .filter(|&(action, _)| workflow::check_role(action, &self.0).is_ok())
            .map(|(_, capability)| capability);
        let resources = resources
            .into_iter()
            .filter(|&(resource, _)| workflow::check_manage(resource, &self.0).is_ok())
            .map(|(_, capability)| capability);
        embargoed.into_iter().chain(actions).chain(resources).collect()
    }
}
