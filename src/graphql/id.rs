//! Global ids: what the thing is, and its key. Opaque to clients, readable for people: `release_0190…`.

use async_graphql::ID;
use entity::Noun;
use uuid::Uuid;

use super::error::ApiError;

/// The id of a thing.
pub fn encode(noun: Noun, key: Uuid) -> ID {
    ID(format!("{}_{}", word(noun), key.simple()))
}

/// What an id says it is of.
pub fn decode(id: &ID) -> Result<(Noun, Uuid), ApiError> {
    let sound = id.split_once('_').and_then(|(prefix, key)| {
        let noun = [Noun::Release, Noun::Topic, Noun::Place, Noun::Token, Noun::PreviewLink]
            .into_iter()
            .find(|&noun| word(noun) == prefix)?;
        let plain = key.len() == 32 && key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        Some((noun, Uuid::try_parse(key).ok().filter(|_| plain)?))
    });
    sound.ok_or_else(|| {
        let shown: String = id.chars().take(60).collect();
        ApiError::bad_input(format!("\"{shown}\" is not an id of this server: take ids from its answers, unchanged"))
    })
}

/// The key of a thing that must be of one sort.
pub fn expect(noun: Noun, id: &ID) -> Result<Uuid, ApiError> {
    match decode(id)? {
        (found, key) if found == noun => Ok(key),
        (found, _) => Err(ApiError::bad_input(format!(
            "\"{}\" is the id of a {}; the id of a {} is wanted here",
            id.as_str(),
            word(found),
            word(noun)
        ))),
    }
}

const fn word(noun: Noun) -> &'static str {
    match noun {
        Noun::Release => "release",
        Noun::Topic => "topic",
        Noun::Place => "place",
        Noun::Token => "token",
        Noun::PreviewLink => "preview",
    }
}
