//! Positions in the journal and preview links as clients hold them: opaque. How much goes on unseen is nobody's business, and a
//! number would tell.
//!
//! A position is encrypted and authenticated (AES-SIV, RFC 5297: the same position is always the same text, which clients may
//! compare), bound to the database's own random id. So a text that was made up, or comes from another newsroom, is known as such.
//!
//! A preview link holds the key of its row, encrypted in the same way under another key. It is bound to nothing else,
//! so a link stays good after a backup was restored.

use std::sync::Arc;

use aes_siv::{KeyInit, siv::Aes128Siv};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::signing_key;
use hmac::{Hmac, KeyInit as _, Mac};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use sha2::Sha256;
use uuid::Uuid;

use crate::db::{Db, Fault};

/// Bytes of a position: what it belongs to, a sequence, an instant.
const LENGTH: usize = 17;

/// Bytes of a preview link: its key.
const LINK_LENGTH: usize = 16;

/// Seals positions and preview links of one newsroom.
#[derive(Clone)]
pub struct Seal {
    keys: Arc<Keys>,
}

/// One key for each of what is sealed.
struct Keys {
    positions: [u8; 32],
    links: [u8; 32],
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

/// A position in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// To whom it means something: the classes of viewers have different ones.
    pub belongs: u8,
    /// Sequence of the last entry before it.
    pub sequence: i64,
    /// Instant of the last thing before it that happened by itself, microseconds since 1970.
    pub happened: i64,
}

impl Seal {
    /// Of a newsroom, by the key that its database holds.
    pub async fn of(db: &Db) -> Result<Self, Fault> {
        let secret = signing_secret(db).await?;
        Ok(Self::with_keys(derive(&secret, &["dateline position"])?, derive(&secret, &["dateline preview link"])?))
    }

    fn with_keys(positions: [u8; 32], links: [u8; 32]) -> Self {
        Self { keys: Arc::new(Keys { positions, links }) }
    }

    /// A position as clients hold it: 44 letters, digits, `-` and `_`.
    pub fn seal(&self, epoch: Uuid, position: Position) -> String {
        let mut bytes = vec![position.belongs];
        bytes.extend(position.sequence.to_be_bytes());
        bytes.extend(position.happened.to_be_bytes());
        let sealed = Aes128Siv::new(&self.keys.positions.into()).encrypt([epoch.as_bytes()], &bytes);
        // Seventeen bytes are never too many.
        URL_SAFE_NO_PAD.encode(sealed.unwrap_or_default())
    }

    /// What a client holds; nothing where it is not of this newsroom.
    pub fn open(&self, epoch: Uuid, text: &str) -> Option<Position> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok().filter(|sealed| sealed.len() == LENGTH + 16)?;
        let bytes = Aes128Siv::new(&self.keys.positions.into()).decrypt([epoch.as_bytes()], &sealed).ok()?;
        let (sequence, happened) = bytes.get(1..LENGTH)?.split_at(8);
        Some(Position {
            belongs: bytes[0],
            sequence: i64::from_be_bytes(sequence.try_into().ok()?),
            happened: i64::from_be_bytes(happened.try_into().ok()?),
        })
    }

    /// A preview link as its reader holds it: 43 letters, digits, `-` and `_`.
    pub fn seal_link(&self, key: Uuid) -> String {
        let sealed = Aes128Siv::new(&self.keys.links.into()).encrypt(NO_HEADERS, key.as_bytes());
        // Sixteen bytes are never too many.
        URL_SAFE_NO_PAD.encode(sealed.unwrap_or_default())
    }

    /// The key in what a reader holds; nothing where it is not a link of this newsroom.
    pub fn open_link(&self, text: &str) -> Option<Uuid> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok().filter(|sealed| sealed.len() == LINK_LENGTH + 16)?;
        Uuid::from_slice(&Aes128Siv::new(&self.keys.links.into()).decrypt(NO_HEADERS, &sealed).ok()?).ok()
    }
}

/// What a link is bound to beside its contents.
const NO_HEADERS: [&[u8]; 0] = [];

/// A key for one purpose, of the newsroom's secret: HMAC-SHA-256 of the purpose, which may be given in parts.
pub(super) fn derive(secret: &str, purpose: &[&str]) -> Result<[u8; 32], DbErr> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| DbErr::Custom(format!("the signing key is unusable: {error}")))?;
    purpose.iter().for_each(|part| mac.update(part.as_bytes()));
    Ok(mac.finalize().into_bytes().into())
}

/// The newsroom's secret, made when it is first wanted.
pub(super) async fn signing_secret(db: &Db) -> Result<String, Fault> {
    if let Some(key) = signing_key::Entity::find_by_id(1).one(db.reader()).await? {
        return Ok(key.secret);
    }
    let tx = db.begin_write().await?;
    let secret = make_signing_secret(&tx).await?;
    tx.commit().await?;
    Ok(secret)
}

/// The same within a transaction.
pub(super) async fn make_signing_secret<C: ConnectionTrait>(db: &C) -> Result<String, DbErr> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| DbErr::Custom(format!("the system has no random numbers: {error}")))?;
    let row = signing_key::ActiveModel { id: Set(1), secret: Set(URL_SAFE_NO_PAD.encode(random)) };
    let untouched = OnConflict::column(signing_key::Column::Id).do_nothing().to_owned();
    signing_key::Entity::insert(row).on_conflict(untouched).exec_without_returning(db).await?;
    // Another server may have been quicker: what stands there is the key.
    let key = signing_key::Entity::find_by_id(1).one(db).await?;
    key.map(|key| key.secret).ok_or_else(|| DbErr::RecordNotFound("the signing key".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_the_same_text_and_no_other_text_is_one() {
        let (seal, epoch) = (Seal::with_keys([7; 32], [7; 32]), Uuid::from_u128(5));
        let position = Position { belongs: 1, sequence: 42, happened: -9 };
        let text = seal.seal(epoch, position);
        assert_eq!((text.len(), &text), (44, &seal.seal(epoch, position)));
        assert_eq!(seal.open(epoch, &text), Some(position));
        assert_eq!(seal.open(Uuid::from_u128(6), &text), None);
        assert_eq!(Seal::with_keys([8; 32], [7; 32]).open(epoch, &text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(epoch, std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
        for wrong in ["", "42", "é", &"A".repeat(10_000)] {
            assert_eq!(seal.open(epoch, wrong), None);
        }
    }

    #[test]
    fn a_preview_link_is_read_as_it_was_made_and_no_other_text_is_one() {
        let (seal, key) = (Seal::with_keys([7; 32], [7; 32]), Uuid::now_v7());
        let text = seal.seal_link(key);
        assert_eq!((text.len(), &text), (43, &seal.seal_link(key)));
        assert_eq!(seal.open_link(&text), Some(key));
        assert_eq!(Seal::with_keys([7; 32], [8; 32]).open_link(&text), None);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open_link(std::str::from_utf8(&other).unwrap()), None, "letter {at}");
        }
        for wrong in ["", "42", "é", &"A".repeat(43), &"A".repeat(10_000)] {
            assert_eq!(seal.open_link(wrong), None);
        }
    }
}
