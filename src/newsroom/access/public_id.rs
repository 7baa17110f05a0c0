//! Public ids: encryption and decryption of the UUID keys of releases, topics, places, tokens and preview links.
//!
//! A database key is a UUIDv7, which reveals its time of creation. Each key is therefore encrypted as one block of
//! AES-128. The encryption key is derived from the newsroom's secret and the object type (`Noun`). For example, the
//! public id of a release is `release_` followed by 26 base32 digits. Public ids are the same on every server, in
//! every program version and after a restore. Plain ids of earlier program versions (32 hexadecimal digits) are still
//! decoded.

use std::sync::Arc;

use aes::{
    Aes128,
    cipher::{BlockDecrypt, BlockEncrypt, KeyInit},
};
use entity::Noun;
use sea_orm::DbErr;
use uuid::Uuid;

use super::resume_token;
use crate::db::{DatabaseError, Db};

/// The object types that have public ids.
const NOUNS: [Noun; 5] = [Noun::Release, Noun::Topic, Noun::Place, Noun::Token, Noun::PreviewLink];

/// The digits of a public id, indexed by value: the base32 alphabet (RFC 4648) in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Number of base32 digits in a public id, which encodes 128 bits.
const ID_LENGTH: usize = 26;

/// Encrypts keys to public ids, and decrypts public ids, for one newsroom. Cheap to clone.
#[derive(Clone)]
pub struct IdCodec {
    /// One cipher for each object type, in the order of [`NOUNS`].
    ciphers: Arc<[Aes128; NOUNS.len()]>,
}

impl std::fmt::Debug for IdCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdCodec")
    }
}

impl IdCodec {
    /// Creates the codec from the secret in the database. Fails if the secret can be neither read nor created.
    pub async fn load(db: &Db) -> Result<Self, DatabaseError> {
        Ok(Self::from_secret(&resume_token::signing_secret(db).await?)?)
    }

    /// Creates the codec from the newsroom's secret ([`super::resume_token::signing_secret`]).
    pub(crate) fn from_secret(secret: &str) -> Result<Self, DbErr> {
        let mut ciphers = Vec::with_capacity(NOUNS.len());
        for noun in NOUNS {
            let key = resume_token::derive(secret, &format!("dateline id {}", noun_prefix(noun)))?;
            let (half, _) = key.split_at(16);
            ciphers.push(Aes128::new(half.into()));
        }
        let ciphers = ciphers.try_into().map_err(|_| DbErr::Custom("a noun has no cipher".to_owned()))?;
        Ok(Self { ciphers: Arc::new(ciphers) })
    }

    /// Returns the public id of a database key: the object type, `_`, and 26 lower-case letters and digits.
    pub fn encode(&self, noun: Noun, key: Uuid) -> String {
        let mut block = key.into_bytes().into();
        self.cipher(noun).encrypt_block(&mut block);
        format!("{}_{}", noun_prefix(noun), to_base32(block.into()))
    }

    /// Returns the object type and the database key of a public id, or `None` if the id is malformed. Does not check
    /// that the object exists. Also decodes the plain ids of earlier program versions.
    pub fn decode(&self, id: &str) -> Option<(Noun, Uuid)> {
        if let Some(decoded) = self.decode_encrypted(id) {
            return Some(decoded);
        }
        let (noun, rest) = split_prefix(id)?;
        let is_plain = rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        Some((noun, Uuid::try_parse(rest).ok().filter(|_| is_plain)?))
    }

    /// Decodes a public id like [`Self::decode`], but rejects the plain ids of earlier program versions. Anyone who
    /// knows a database key can write its plain id, but only a holder of the newsroom's secret can compute its
    /// encrypted id.
    pub fn decode_encrypted(&self, id: &str) -> Option<(Noun, Uuid)> {
        let (noun, rest) = split_prefix(id)?;
        let mut block = from_base32(rest)?.into();
        self.cipher(noun).decrypt_block(&mut block);
        Some((noun, Uuid::from_bytes(block.into())))
    }

    /// Returns the database key of a public id. Returns `None` if the id is malformed or belongs to an object type
    /// other than `noun`.
    pub fn decode_as(&self, noun: Noun, id: &str) -> Option<Uuid> {
        self.decode(id).filter(|&(decoded, _)| decoded == noun).map(|(_, key)| key)
    }

    fn cipher(&self, noun: Noun) -> &Aes128 {
        &self.ciphers[match noun {
            Noun::Release => 0,
            Noun::Topic => 1,
            Noun::Place => 2,
            Noun::Token => 3,
            Noun::PreviewLink => 4,
        }]
    }
}

/// Splits a public id into its object type and the part after the first `_`.
fn split_prefix(id: &str) -> Option<(Noun, &str)> {
    let (prefix, rest) = id.split_once('_')?;
    Some((NOUNS.into_iter().find(|&noun| noun_prefix(noun) == prefix)?, rest))
}

/// Returns the prefix of the public ids of an object type.
pub const fn noun_prefix(noun: Noun) -> &'static str {
    match noun {
        Noun::Release => "release",
        Noun::Topic => "topic",
        Noun::Place => "place",
        Noun::Token => "token",
        Noun::PreviewLink => "preview",
    }
}

/// Returns a random id for requests, errors and log lines: 32 hexadecimal digits. The id is not stored in the
/// database.
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Uuid::from_bytes(bytes).simple().to_string(),
        // The system's random number generator failed. The id is then the same for all requests, so log lines can
        // only be matched by their time.
        Err(_) => "unknown".to_owned(),
    }
}

/// Encodes a block as a base-32 number, most significant digit first.
fn to_base32(block: [u8; 16]) -> String {
    let number = u128::from_be_bytes(block);
    (0..ID_LENGTH).rev().map(|index| char::from(DIGITS[(number >> (5 * index)) as usize & 31])).collect()
}

/// Decodes 26 base-32 digits to a block. Returns `None` for any other text. Each block has exactly one valid
/// encoding.
fn from_base32(text: &str) -> Option<[u8; 16]> {
    if text.len() != ID_LENGTH {
        return None;
    }
    let mut number: u128 = 0;
    for byte in text.bytes() {
        let digit = match byte {
            b'a'..=b'z' => byte - b'a',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        // 26 digits have 130 bits, so a text can exceed the 128 bits of a block.
        if number >> 123 != 0 {
            return None;
        }
        number = number << 5 | u128::from(digit);
    }
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn ids(secret: &str) -> IdCodec {
        IdCodec::from_secret(secret).unwrap()
    }

    #[test]
    fn ids_decode_to_their_key_only_with_the_secret_of_their_newsroom() {
        let (ids, other) = (ids("a secret"), ids("another secret"));
        let key = Uuid::now_v7();
        let mut seen = HashSet::new();
        for noun in NOUNS {
            let id = ids.encode(noun, key);
            assert_eq!(id, ids.clone().encode(noun, key));
            assert_eq!(ids.decode(&id), Some((noun, key)));
            // An id of another newsroom decodes to a different key.
            assert!(other.decode(&id).is_some_and(|(decoded, elsewhere)| decoded == noun && elsewhere != key));
            let (prefix, digits) = id.split_once('_').unwrap();
            assert_eq!((prefix, digits.len()), (noun_prefix(noun), ID_LENGTH));
            assert!(seen.insert(digits.to_owned()), "two nouns have the same digits: {id}");
        }
        let release = ids.encode(Noun::Release, key);
        assert_eq!(ids.decode_as(Noun::Release, &release), Some(key));
        assert_eq!(ids.decode_as(Noun::Topic, &release), None);
    }

    #[test]
    fn ids_are_the_same_in_every_version() {
        // The expected ids must never change, because websites store them. Each is the AES-128 encryption of `key`.
        // For a release, the encryption key is the first half of the HMAC-SHA-256 of "dateline id release".
        let key = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        for (noun, given) in NOUNS.into_iter().zip([
            "release_grmd7fomh3tliggv62e6fhlgyl",
            "topic_aaalmrodpeuufgjqxg6r6btodg",
            "place_h6siy3vcau7dnqk54aduefklnk",
            "token_c6ce62sdl363aeojqkqbkshmvy",
            "preview_fud37yiok73mnx2s6to2qfae5l",
        ]) {
            assert_eq!(ids("a secret").encode(noun, key), given);
        }
        assert_eq!(ids("a secret").decode("release_01900000000070008000000000000001"), Some((Noun::Release, key)));
    }

    #[test]
    fn ids_do_not_reveal_the_order_of_keys() {
        let ids = ids("a secret");
        // The keys are of consecutive milliseconds. Every digit of the ids except the first must vary, and the ids
        // must not sort like the keys.
        let keys = (0..200_u128).map(|n| Uuid::from_u128((0x0190_0000_0000 + n) << 80 | 0x7000_8000_0000_0000_0000));
        let made: Vec<String> = keys.map(|key| ids.encode(Noun::Release, key)).collect();
        for index in "release_".len() + 1..made[0].len() {
            let digits: HashSet<u8> = made.iter().map(|id| id.as_bytes()[index]).collect();
            assert!(digits.len() > 20, "digit {index} has {} values", digits.len());
        }
        assert!((80..120).contains(&made.windows(2).filter(|pair| pair[0] < pair[1]).count()));
    }

    #[test]
    fn malformed_ids_are_not_decoded() {
        let ids = ids("a secret");
        let id = ids.encode(Noun::Release, Uuid::from_u128(7));
        let digits = id.strip_prefix("release_").unwrap();
        for wrong in [
            String::new(),
            "release_".to_owned(),
            "_".to_owned(),
            digits.to_owned(),
            format!("article_{digits}"),
            format!("Release_{digits}"),
            format!("release-{digits}"),
            format!("release_{}", digits.to_uppercase()),
            format!("release_{}", &digits[1..]),
            format!("release_a{digits}"),
            format!("release_{digits} "),
            // More than 128 bits.
            format!("release_i{}", "a".repeat(25)),
            format!("release_{}", "7".repeat(26)),
            format!("release_{}1", "a".repeat(25)),
            format!("release_é{}", "a".repeat(24)),
            format!("release_{}", "A".repeat(32)),
            "release_0190-0000-0000-7000-8000-00000001".to_owned(),
        ] {
            assert_eq!(ids.decode(&wrong), None, "{wrong}");
        }
        let largest = format!("release_h{}", "7".repeat(25));
        assert!(ids.decode(&largest).is_some_and(|(noun, key)| ids.encode(noun, key) == largest));
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_round_trip(number in any::<u128>(), other in any::<u128>()) {
            let ids = ids("a secret");
            let (key, other) = (Uuid::from_u128(number), Uuid::from_u128(other));
            let id = ids.encode(Noun::Place, key);
            prop_assert_eq!(ids.decode(&id), Some((Noun::Place, key)));
            prop_assert_eq!(ids.encode(Noun::Place, other) == id, other == key);
            let old = format!("place_{}", key.simple());
            prop_assert_eq!(ids.decode(&old), Some((Noun::Place, key)));
        }
    }
}
