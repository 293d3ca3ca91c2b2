//! Pages of lists: how many, from where, and which names.

use loquat_ids::RoomId;

use super::NameKey;

/// How many entries a page holds: 1 to 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    const DEFAULT: u16 = 50;
    const MAX: u16 = 200;

    /// Takes the number of a request: 0 and less mean 50, more than 200 means 200.
    #[must_use]
    pub fn of(requested: i32) -> Self {
        match u16::try_from(requested) {
            Ok(0) | Err(_) if requested <= 0 => Self(Self::DEFAULT),
            Ok(size) => Self(size.min(Self::MAX)),
            Err(_) => Self(Self::MAX),
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// The beginning of a name, without regard to case. Every character in it stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamePrefix(NameKey);

impl NamePrefix {
    /// Takes the text of a request. Empty means every name.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(NameKey::of(text))
    }

    /// Returns the lowest key that begins so, and the lowest above all that do. `None` where all names do.
    ///
    /// A range finds the same names as a pattern would, has no wildcards to escape, and walks the index.
    #[must_use]
    pub fn range(&self) -> Option<(NameKey, NameKey)> {
        let mut above = self.0.as_bytes().to_vec();
        // UTF-8 has no byte 0xff, so the last byte can always be raised.
        *above.last_mut()? += 1;
        Some((self.0.clone(), NameKey::from_bytes(above)))
    }

    /// Returns what is looked for.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A place in a person's own list: the version of the list at which the room was gained. Lists run downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPosition(pub u64);

/// A place among a room's members, in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberPosition(pub u64);

/// A place in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPosition {
    /// The key of the room's name.
    pub name_key: NameKey,
    /// The room, among those of one name.
    pub room_id: RoomId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_size_is_within_its_bounds_whatever_is_asked() {
        for (requested, size) in [(0, 50), (-3, 50), (1, 1), (200, 200), (201, 200), (i32::MAX, 200)] {
            assert_eq!(PageSize::of(requested).get(), size, "{requested}");
        }
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it_and_nothing_else() {
        let (low, above) = NamePrefix::of("Ru").range().expect("not empty");
        for (name, is_in) in [("rust", true), ("RU", true), ("rua", true), ("rt", false), ("rv", false), ("r", false)] {
            let key = NameKey::of(name);
            assert_eq!(low <= key && key < above, is_in, "{name}");
        }
        assert_eq!(NamePrefix::of("").range(), None);
    }
}
