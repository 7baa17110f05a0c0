//! Names for feeds and releases that stay the same when addresses, texts or servers change.

use entity::Noun;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::visit::Visit;

/// Returns a URN that is the same whenever and wherever it is made from the same name: a UUID of version 8 (RFC 9562)
/// from its digest.
pub fn urn(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid().urn().to_string()
}

/// Returns the URN of a release. It is derived from the public id, so it does not reveal when the release was created.
pub fn release_urn(visit: &Visit<'_>, id: Uuid) -> String {
    urn(&visit.newsroom.ids.encode(Noun::Release, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urn_is_a_uuid_of_version_8() {
        let urns = ["a", "b", "a"].map(urn);
        assert!(urns[0].starts_with("urn:uuid:") && urns[0].as_bytes()[23] == b'8', "{urns:?}");
        assert!(urns[0] == urns[2] && urns[0] != urns[1]);
    }
}
