//! Small numbers for ids, and digests for texts, so that a large history fits into memory.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hash, Hasher},
};

use crate::history::Id;

/// A map whose hashing costs little. Not for keys that somebody hostile chooses.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;
/// A set of the same kind.
pub(super) type Set<K> = HashSet<K, BuildHasherDefault<Mix>>;

/// Stands for an absent number in packed tables.
pub(super) const NONE: u32 = u32::MAX;

/// Returns 64 bits that stand for a value: texts and keys that differ have different ones, but for one chance in 2^64 a pair.
pub(super) fn digest(value: impl Hash) -> u64 {
    let mut mix = Mix::default();
    value.hash(&mut mix);
    mix.finish()
}

/// A hasher that folds 128-bit products.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mix(u64);

impl Mix {
    fn fold(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value ^ 0x2d35_8dcc_aa6c_78a5)
            * u128::from(0x8bb8_4b93_962e_acc9_u64 ^ self.0.rotate_left(23));
        self.0 = (product as u64) ^ ((product >> 64) as u64) ^ value.rotate_left(32);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
        self.fold(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.fold(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.fold(value as u64);
        self.fold((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn finish(&self) -> u64 {
        let mut last = *self;
        last.fold(0);
        last.0
    }
}

/// Gives ids numbers: 0, 1, 2 … as they are first seen.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: Map<u128, u32>,
}

impl Interner {
    /// Returns an id's number, giving it one where it has none.
    pub(super) fn intern(&mut self, id: Id) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("a history has less than 2^32 ids");
        *self.numbers.entry(id.0).or_insert(next)
    }

    /// Returns an id's number; [`NONE`] where it has none.
    pub(super) fn find(&self, id: Id) -> u32 {
        self.numbers.get(&id.0).copied().unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_keys_that_differ_have_different_digests() {
        let mut seen = HashSet::new();
        for op in 0..20_000_u32 {
            for attempt in 0..5_u32 {
                assert!(seen.insert(digest(format!("{op}:{attempt}"))));
                assert!(seen.insert(digest((op, attempt))));
            }
        }
    }

    #[test]
    fn an_id_keeps_its_number() {
        let mut interner = Interner::default();
        assert_eq!(interner.find(Id(7)), NONE);
        assert_eq!([interner.intern(Id(7)), interner.intern(Id(8)), interner.intern(Id(7))], [0, 1, 0]);
        assert_eq!(interner.find(Id(8)), 1);
    }
}
