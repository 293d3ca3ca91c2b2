//! By what a history names things.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A person of the run: 0, 1, 2 … in the order of declaration.
    User
}
number! {
    /// A room of the run: 0, 1, 2 … in the order of declaration.
    Room
}
number! {
    /// A call: 0, 1, 2 … in the order of invocation.
    Op
}
number! {
    /// A stream: 0, 1, 2 … in the order of opening.
    StreamId
}
number! {
    /// A fault: 0, 1, 2 … in the order of beginning.
    FaultId
}
number! {
    /// A backup, or a copy of the data folders.
    BackupId
}

/// An id that the server gave: of an event, a message, a user or a room. A UUID, written in its usual 36 characters and read
/// with or without hyphens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

impl Id {
    /// Reads a UUID's text. Nothing where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = 0_u32;
        let mut value = 0_u128;
        for byte in text.bytes().filter(|byte| *byte != b'-') {
            value = value << 4 | u128::from((byte as char).to_digit(16)?);
            digits += 1;
        }
        (digits == 32).then_some(Self(value))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = *self;
        let (a, b, c, d) = (value >> 96, value >> 80 & 0xffff, value >> 64 & 0xffff, value >> 48 & 0xffff);
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{:012x}", value & 0xffff_ffff_ffff)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a UUID")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Id::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Id(0x0198_1234_5678_7abc_8def_0123_4567_89ab);
        assert_eq!(id.to_string(), "01981234-5678-7abc-8def-0123456789ab");
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(Id::parse("0198123456787abc8def0123456789ab"), Some(id));
        assert_eq!(Id::parse("0198123456787abc8def0123456789a"), None);
        assert_eq!(Id::parse("0198123456787abc8def0123456789ax"), None);
    }
}
