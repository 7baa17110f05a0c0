//! Global object ids (Relay `Node.id`): encoding, decoding and type checks, with errors for clients.
//!
//! The encryption of ids is in `newsroom::access::public_id`.

use async_graphql::ID;
use entity::Noun;
use uuid::Uuid;

use super::{error::ApiError, excerpt::excerpt};
use crate::newsroom::access::public_id::{IdCodec, noun_prefix};

/// The id of a thing.
pub fn encode(ids: &IdCodec, noun: Noun, key: Uuid) -> ID {
    ID(ids.encode(noun, key))
}

/// What an id says it is of. Fails where it does not have the form of an id; not where there is no such thing.
pub fn decode(ids: &IdCodec, id: &ID) -> Result<(Noun, Uuid), ApiError> {
    ids.decode(id).ok_or_else(|| {
        let excerpt = excerpt(id);
        ApiError::bad_input(format!("\"{excerpt}\" is not an id of this server: take ids from its answers, unchanged"))
    })
}

/// The key of a thing that must be of one sort.
pub fn decode_as(ids: &IdCodec, noun: Noun, id: &ID) -> Result<Uuid, ApiError> {
    match decode(ids, id)? {
        (actual, key) if actual == noun => Ok(key),
        (actual, _) => Err(ApiError::bad_input(format!(
            "\"{}\" is the id of a {}; the id of a {} is wanted here",
            id.as_str(),
            noun_prefix(actual),
            noun_prefix(noun)
        ))),
    }
}
