//! Mutations that many tests send.

pub(crate) const CREATE: &str = "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id slug revision state headline topics { slug } } userErrors { field code message } } }";
pub(crate) const REVISE: &str = "mutation($id: ID!, $revision: Int!, $input: ReleaseInput!) { releaseRevise(id: $id, expectedRevision: $revision, input: $input) { release { id slug revision state headline working { number headline slug } } userErrors { field code message current { revision by { id } at } } } }";
pub(crate) const PUBLISH: &str = "mutation($id: ID!, $revision: Int!) { releasePublish(id: $id, expectedRevision: $revision) { release { id slug revision state headline publishedAt firstPublishedAt modifiedAt } userErrors { field code message current { revision by { id } at } } } }";
pub(crate) const WITHDRAW: &str = "mutation($id: ID!, $revision: Int!, $kind: WithdrawalKind!, $notice: String, $to: URL) { releaseWithdraw(id: $id, expectedRevision: $revision, withdrawal: {kind: $kind, notice: $notice, redirectTo: $to}) { release { id state withdrawal { kind notice redirectTo at } } userErrors { field code message } } }";
pub(crate) const TOPIC: &str = "mutation($input: TopicInput!) { topicCreate(input: $input) { topic { id slug revision } userErrors { field code message } } }";
pub(crate) const PLACE: &str = "mutation($input: PlaceInput!) { placeCreate(input: $input) { place { id slug revision } userErrors { field code message } } }";
