//! What a store is given when it is made, and keeps.

use loquat_ids::{Epoch, IdSource};
use rand::RngExt as _;

use crate::model::ContentKey;

/// The life and the key that a new store takes for its own. A store that is there already keeps those that it has.
#[derive(Debug, Clone)]
pub(crate) struct Founding {
    pub(crate) epoch: Epoch,
    pub(crate) content_key: ContentKey,
}

impl Founding {
    /// The names under which stores keep the two.
    pub(super) const EPOCH: &'static str = "epoch";
    pub(super) const CONTENT_KEY: &'static str = "content_key";

    pub(crate) fn fresh(ids: &dyn IdSource) -> Self {
        let epoch = ids.fresh().to_string().parse().expect("a uuid is an epoch");
        Self { epoch, content_key: ContentKey(rand::rng().random()) }
    }

    /// Writes the key as stores keep it.
    pub(super) fn content_key_text(&self) -> String {
        self.content_key.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what a store kept; nothing where it is not what was written.
    pub(super) fn from_stored(epoch: &str, content_key: &str) -> Option<Self> {
        let mut key = [0; 32];
        if content_key.len() != 2 * key.len() {
            return None;
        }
        for (index, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(content_key.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self { epoch: epoch.parse().ok()?, content_key: ContentKey(key) })
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::RandomIds;

    use super::*;

    #[test]
    fn a_founding_reads_back_what_it_writes() {
        let made = Founding::fresh(&RandomIds);
        let read = Founding::from_stored(made.epoch.as_str(), &made.content_key_text()).expect("a founding");
        assert_eq!((read.epoch, read.content_key), (made.epoch, made.content_key));
    }
}
