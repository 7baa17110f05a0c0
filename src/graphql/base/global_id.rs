//! Global object ids (Relay `Node.id`): encoding, decoding and type checks, with errors for clients.
//!
//! The encryption of ids is in `newsroom::access::public_id`.

use async_graphql::ID;
use entity::Noun;
use uuid::Uuid;

use super::{error::ApiError, excerpt::excerpt};
use crate::newsroom::access::public_id::{IdCodec, noun_prefix};

/// Encodes the global id of an object.
pub fn encode(ids: &IdCodec, noun: Noun, key: Uuid) -> ID {
    ID(ids.encode(noun, key))
}

/// Decodes a global id to the noun and key of its object. Fails if the id is malformed, but does not check that the
/// object exists.
pub fn decode(ids: &IdCodec, id: &ID) -> Result<(Noun, Uuid), ApiError> {
    ids.decode(id).ok_or_else(|| {
        let excerpt = excerpt(id);
        ApiError::bad_input(format!("\"{excerpt}\" is not an id of this server: use ids from its responses, unchanged"))
    })
}

/// Decodes a global id and returns the key of its object. Fails if the id is malformed, or if the object does not
/// have the noun `noun`.
pub fn decode_as(ids: &IdCodec, noun: Noun, id: &ID) -> Result<Uuid, ApiError> {
    match decode(ids, id)? {
        (actual, key) if actual == noun => Ok(key),
        (actual, _) => Err(ApiError::bad_input(format!(
            "\"{}\" is the id of a {}; expected the id of a {}",
            id.as_str(),
            noun_prefix(actual),
            noun_prefix(noun)
        ))),
    }
}
