//! Where news is published. A subject is always one of ours: text from the wire is read once, at the edge.

use std::{fmt, str::FromStr};

use loquat_ids::{GatewayId, RoomId, UserId};

/// What a subject is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The events of a room's log.
    Room(RoomId),
    /// Who is typing in a room.
    Typing(RoomId),
    /// A user's list of rooms.
    User(UserId),
    /// A user's presence.
    Presence(UserId),
    /// Changes of interest for streams of a gateway.
    Gateway(GatewayId),
}

/// Where news is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(Topic);

impl Subject {
    /// `room.<shard>.<room>`: events of a room's log. The only durable subjects.
    #[must_use]
    pub const fn room(room: RoomId) -> Self {
        Self(Topic::Room(room))
    }

    /// `typing.<room>`: who is typing there.
    #[must_use]
    pub const fn typing(room: RoomId) -> Self {
        Self(Topic::Typing(room))
    }

    /// `user.<user>`: rooms gained and lost, and what else belongs to a user.
    #[must_use]
    pub const fn user(user: UserId) -> Self {
        Self(Topic::User(user))
    }

    /// `presence.<user>`: how a user shows itself to others.
    #[must_use]
    pub const fn presence(user: UserId) -> Self {
        Self(Topic::Presence(user))
    }

    /// `gateway.<gateway>`: changes of interest for its streams.
    #[must_use]
    pub const fn gateway(gateway: GatewayId) -> Self {
        Self(Topic::Gateway(gateway))
    }

    /// Returns what the subject is about.
    #[must_use]
    pub const fn topic(self) -> Topic {
        self.0
    }

    /// Tells whether durable consumers hear of it.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        matches!(self.0, Topic::Room(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Topic::Room(room) => write!(formatter, "room.{}.{room}", Shard::of(room)),
            Topic::Typing(room) => write!(formatter, "typing.{room}"),
            Topic::User(user) => write!(formatter, "user.{user}"),
            Topic::Presence(user) => write!(formatter, "presence.{user}"),
            Topic::Gateway(gateway) => write!(formatter, "gateway.{gateway}"),
        }
    }
}

/// A text that is not one of our subjects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a subject")]
pub struct SubjectError;

impl FromStr for Subject {
    type Err = SubjectError;

    /// Reads what [`fmt::Display`] writes, and nothing else: a room in another's shard is no subject.
    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let (topic, rest) = text.split_once('.').ok_or(SubjectError)?;
        let subject = match topic {
            "room" => {
                let (_, room) = rest.split_once('.').ok_or(SubjectError)?;
                Self::room(room.parse().map_err(|_| SubjectError)?)
            }
            "typing" => Self::typing(rest.parse().map_err(|_| SubjectError)?),
            "user" => Self::user(rest.parse().map_err(|_| SubjectError)?),
            "presence" => Self::presence(rest.parse().map_err(|_| SubjectError)?),
            "gateway" => Self::gateway(rest.parse().map_err(|_| SubjectError)?),
            _ => return Err(SubjectError),
        };
        if subject.to_string() == text { Ok(subject) } else { Err(SubjectError) }
    }
}

/// One of the 64 parts into which rooms fall, so that a gateway can hold few subscriptions instead of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// How many there are. Changing it splits old publishers from new subscribers.
    pub const COUNT: u8 = 64;

    /// Returns the shard of a room: the same in every process and version.
    #[must_use]
    pub const fn of(room: RoomId) -> Self {
        let (high, low) = room.as_uuid().as_u64_pair();
        // Fibonacci hashing: ids that count up, as in tests, spread as well as random ones.
        let mixed = (high ^ low).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self((mixed >> 58) as u8)
    }

    /// Returns all shards, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use loquat_ids::{IdSource, SequentialIds};

    use super::*;

    #[test]
    fn a_subject_reads_back_what_it_writes() {
        let ids = SequentialIds::default();
        for subject in [
            Subject::room(RoomId::from_uuid(ids.fresh())),
            Subject::typing(RoomId::from_uuid(ids.fresh())),
            Subject::user(UserId::from_uuid(ids.fresh())),
            Subject::presence(UserId::from_uuid(ids.fresh())),
            Subject::gateway(GatewayId::from_uuid(ids.fresh())),
        ] {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
    }

    #[test]
    fn what_is_not_ours_is_no_subject() {
        let room = RoomId::from_uuid(SequentialIds::default().fresh());
        let elsewhere = Shard::all().find(|shard| *shard != Shard::of(room)).expect("there are 64");
        for text in [
            "room".to_owned(),
            format!("room.{room}"),
            format!("room.{elsewhere}.{room}"),
            format!("room.0{}.{room}", Shard::of(room)),
            format!("typing.{room}.more"),
            format!("Typing.{room}"),
            "presence.*".to_owned(),
            "other.thing".to_owned(),
        ] {
            assert_eq!(text.parse::<Subject>(), Err(SubjectError), "{text}");
        }
    }

    #[test]
    fn the_shard_of_a_room_never_changes() {
        let room: RoomId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a room id");
        assert_eq!(Shard::of(room).to_string(), "4");
    }

    #[test]
    fn rooms_spread_over_all_shards() {
        let ids = SequentialIds::default();
        let shards: HashSet<_> = (0..1_000).map(|_| Shard::of(RoomId::from_uuid(ids.fresh()))).collect();
        assert_eq!(shards.len(), usize::from(Shard::COUNT));
    }
}
