//! Encryption of the opaque tokens that clients hold: resume positions (`asOf.version`, `sequence`), pagination cursors
//! and preview links.
//!
//! The encryption is deterministic and authenticated (AES-SIV, RFC 5297). Its keys are derived from the newsroom's
//! secret (`signing_secret`, `derive`). Resume positions are bound to the database epoch, so positions from before a
//! restore are rejected. Preview links and cursors stay valid after a restore. Preview links of earlier program
//! versions, which are signed with HMAC, are still accepted.

use std::sync::Arc;

use aes_siv::{KeyInit, siv::Aes128Siv};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::signing_key;
use hmac::{Hmac, KeyInit as _, Mac};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use sha2::Sha256;
use uuid::Uuid;

use crate::db::{DatabaseError, Db};

/// Length of the plaintext of a resume position, in bytes: audience (1), sequence (8) and instant (8).
const POSITION_LENGTH: usize = 17;

/// Length of the plaintext of a preview link, in bytes: the key of its row, a UUID.
const LINK_LENGTH: usize = 16;

/// Length of the signed part of a preview link of an earlier program version, in bytes: the key of its row, and its
/// expiry in microseconds. A signature of 32 bytes follows.
const SIGNED_LENGTH: usize = LINK_LENGTH + 8;

/// Encrypts the positions, cursors and preview links of one newsroom.
#[derive(Clone)]
pub struct TokenCipher {
    keys: Arc<Keys>,
}

/// The cryptographic keys, one for each purpose.
struct Keys {
    positions: [u8; 32],
    links: [u8; 32],
    cursors: [u8; 32],
    /// Verifies the signed preview links of earlier program versions.
    signed_links: Hmac<Sha256>,
}

impl std::fmt::Debug for TokenCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenCipher")
    }
}

/// A position in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalPosition {
    /// The audience that the position was made for, as a number. 255 means all audiences.
    pub audience: u8,
    /// Sequence of the last journal entry before the position.
    pub sequence: i64,
    /// Instant of the last scheduled transition that the client has already seen, in microseconds since 1970.
    pub as_of_micros: i64,
}

impl TokenCipher {
    /// Creates the ciphers from the newsroom's secret ([`signing_secret`]).
    pub(crate) fn from_secret(secret: &str) -> Result<Self, DbErr> {
        Ok(Self::with_keys(Keys {
            positions: derive(secret, "dateline position")?,
            links: derive(secret, "dateline preview link")?,
            cursors: derive(secret, "dateline cursor")?,
            signed_links: hmac(secret)?.chain_update("dateline preview"),
        }))
    }

    fn with_keys(keys: Keys) -> Self {
        Self { keys: Arc::new(keys) }
    }

    /// Encrypts a journal position. Returns 44 characters: letters, digits, `-` and `_`.
    pub fn encrypt_position(&self, epoch: Uuid, position: JournalPosition) -> String {
        let mut bytes = vec![position.audience];
        bytes.extend(position.sequence.to_be_bytes());
        bytes.extend(position.as_of_micros.to_be_bytes());
        let ciphertext = Aes128Siv::new(&self.keys.positions.into()).encrypt([epoch.as_bytes()], &bytes);
        // Encryption fails only for plaintexts of many gigabytes.
        URL_SAFE_NO_PAD.encode(ciphertext.unwrap_or_default())
    }

    /// Decrypts a journal position. Returns `None` unless this newsroom encrypted the position with the same epoch.
    pub fn decrypt_position(&self, epoch: Uuid, text: &str) -> Option<JournalPosition> {
        let ciphertext =
            URL_SAFE_NO_PAD.decode(text).ok().filter(|ciphertext| ciphertext.len() == POSITION_LENGTH + 16)?;
        let bytes = Aes128Siv::new(&self.keys.positions.into()).decrypt([epoch.as_bytes()], &ciphertext).ok()?;
        let (sequence, as_of_micros) = bytes.get(1..POSITION_LENGTH)?.split_at(8);
        Some(JournalPosition {
            audience: bytes[0],
            sequence: i64::from_be_bytes(sequence.try_into().ok()?),
            as_of_micros: i64::from_be_bytes(as_of_micros.try_into().ok()?),
        })
    }

    /// Encrypts the content of a pagination cursor. The result consists of letters, digits, `-` and `_`.
    pub(in crate::newsroom) fn encrypt_cursor(&self, content: &[u8]) -> String {
        let ciphertext = Aes128Siv::new(&self.keys.cursors.into()).encrypt(NO_ASSOCIATED_DATA, content);
        // Encryption fails only for plaintexts of many gigabytes.
        URL_SAFE_NO_PAD.encode(ciphertext.unwrap_or_default())
    }

    /// Decrypts the content of a pagination cursor. Returns `None` if this newsroom did not encrypt the cursor.
    pub(in crate::newsroom) fn decrypt_cursor(&self, cursor: &str) -> Option<Vec<u8>> {
        let ciphertext = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        Aes128Siv::new(&self.keys.cursors.into()).decrypt(NO_ASSOCIATED_DATA, &ciphertext).ok()
    }

    /// Encrypts the key of a preview link. Returns 43 characters: letters, digits, `-` and `_`.
    pub fn encrypt_link(&self, key: Uuid) -> String {
        let ciphertext = Aes128Siv::new(&self.keys.links.into()).encrypt(NO_ASSOCIATED_DATA, key.as_bytes());
        // Encryption fails only for plaintexts of many gigabytes.
        URL_SAFE_NO_PAD.encode(ciphertext.unwrap_or_default())
    }

    /// Decrypts the key of a preview link. Returns `None` if this newsroom did not make the link. Also accepts links
    /// of earlier program versions. Such a link contains its expiry, which is ignored because the database row has it
    /// too.
    pub fn decrypt_link(&self, text: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let key = if bytes.len() == SIGNED_LENGTH + 32 {
            let (payload, signature) = bytes.split_at(SIGNED_LENGTH);
            // The signature is compared in constant time.
            self.keys.signed_links.clone().chain_update(payload).verify_slice(signature).ok()?;
            payload[..LINK_LENGTH].to_vec()
        } else {
            let ciphertext = Some(bytes).filter(|ciphertext| ciphertext.len() == LINK_LENGTH + 16)?;
            Aes128Siv::new(&self.keys.links.into()).decrypt(NO_ASSOCIATED_DATA, &ciphertext).ok()?
        };
        Uuid::from_slice(&key).ok()
    }
}

/// The associated data of cursors and preview links: none.
const NO_ASSOCIATED_DATA: [&[u8]; 0] = [];

/// Derives a key for one purpose: the HMAC-SHA-256 of the purpose, keyed with the newsroom's secret.
pub(in crate::newsroom) fn derive(secret: &str, purpose: &str) -> Result<[u8; 32], DbErr> {
    Ok(hmac(secret)?.chain_update(purpose).finalize().into_bytes().into())
}

fn hmac(secret: &str) -> Result<Hmac<Sha256>, DbErr> {
    Hmac::new_from_slice(secret.as_bytes())
        .map_err(|error| DbErr::Custom(format!("the signing key is unusable: {error}")))
}

/// Returns the newsroom's secret. Creates it if the database has none.
pub(crate) async fn signing_secret(db: &Db) -> Result<String, DatabaseError> {
    if let Some(key) = signing_key::Entity::find_by_id(1).one(db.reader()).await? {
        return Ok(key.secret);
    }
    let tx = db.begin_write().await?;
    let secret = make_signing_secret(&tx).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Creates and stores the newsroom's secret within a transaction. Returns the stored secret.
async fn make_signing_secret<C: ConnectionTrait>(db: &C) -> Result<String, DbErr> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| DbErr::Custom(format!("the system's random number generator failed: {error}")))?;
    let row = signing_key::ActiveModel { id: Set(1), secret: Set(URL_SAFE_NO_PAD.encode(random)) };
    let keep_existing = OnConflict::column(signing_key::Column::Id).do_nothing().to_owned();
    signing_key::Entity::insert(row).on_conflict(keep_existing).exec_without_returning(db).await?;
    // Another server may have inserted a secret first. The stored row is authoritative, so it is read again.
    let key = signing_key::Entity::find_by_id(1).one(db).await?;
    key.map(|key| key.secret).ok_or_else(|| DbErr::RecordNotFound("the signing key".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher_with_keys(positions: [u8; 32], links: [u8; 32]) -> TokenCipher {
        TokenCipher::with_keys(Keys { positions, links, cursors: [0; 32], signed_links: hmac("a secret").unwrap() })
    }

    #[test]
    fn position_encryption_is_deterministic_and_authenticated() {
        let (cipher, epoch) = (cipher_with_keys([7; 32], [7; 32]), Uuid::from_u128(5));
        let position = JournalPosition { audience: 1, sequence: 42, as_of_micros: -9 };
        let text = cipher.encrypt_position(epoch, position);
        assert_eq!((text.len(), &text), (44, &cipher.encrypt_position(epoch, position)));
        assert_eq!(cipher.decrypt_position(epoch, &text), Some(position));
        assert_eq!(cipher.decrypt_position(Uuid::from_u128(6), &text), None);
        assert_eq!(cipher_with_keys([8; 32], [7; 32]).decrypt_position(epoch, &text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(cipher.decrypt_position(epoch, std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
        for wrong in ["", "42", "é", &"A".repeat(10_000)] {
            assert_eq!(cipher.decrypt_position(epoch, wrong), None);
        }
    }

    #[test]
    fn preview_link_encryption_is_deterministic_and_authenticated() {
        let (cipher, key) = (cipher_with_keys([7; 32], [7; 32]), Uuid::now_v7());
        let text = cipher.encrypt_link(key);
        assert_eq!((text.len(), &text), (43, &cipher.encrypt_link(key)));
        assert_eq!(cipher.decrypt_link(&text), Some(key));
        assert_eq!(cipher_with_keys([7; 32], [8; 32]).decrypt_link(&text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(cipher.decrypt_link(std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
        for wrong in ["", "42", "é", &"A".repeat(43), &"A".repeat(10_000)] {
            assert_eq!(cipher.decrypt_link(wrong), None);
        }
    }

    #[test]
    fn positions_and_links_of_earlier_versions_are_still_decrypted() {
        // Clients store resume positions and preview links, so the encrypted form of both must never change. The
        // expected values below were computed with an independent implementation.
        let (cipher, key) =
            (TokenCipher::from_secret("a secret").unwrap(), Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let position = JournalPosition { audience: 1, sequence: 42, as_of_micros: -9 };
        assert_eq!(
            cipher.encrypt_position(Uuid::from_u128(5), position),
            "3MebrjaWfhgjV3J2z6yrGunY70dDda1471upDy0mUhxz"
        );
        assert_eq!(cipher.encrypt_link(key), "tZ1HtAxFQ0-2iLhLxPX-znRfH5Fw-7c2NXbwB8PXe7I");
        // A link of an earlier program version: key, expiry, signature.
        let signed = "AZAAAAAAcACAAAAAAAAAAQAETzeSHNAA0ruuwIP6rpTT9yZoflMM9gUOMRhxehvxLwJ-7wAVEP8";
        assert_eq!(cipher.decrypt_link(signed), Some(key));
        assert_eq!(TokenCipher::from_secret("another secret").unwrap().decrypt_link(signed), None);
        for at in 0..signed.len() {
            let mut other = signed.to_owned().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(cipher.decrypt_link(std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
    }
}
