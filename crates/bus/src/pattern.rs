//! Which subjects a subscriber hears.

use std::fmt;

use crate::{Shard, Subject, Topic};

/// Which subjects a subscriber hears. Its text is NATS's: `*` stands for one token, `>` for all that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pattern(Shape);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Exactly(Subject),
    AllRooms,
    RoomShard(Shard),
    AllTyping,
    AllUsers,
    AllPresence,
    AllGateways,
}

impl Pattern {
    /// One subject.
    #[must_use]
    pub const fn exactly(subject: Subject) -> Self {
        Self(Shape::Exactly(subject))
    }

    /// `room.>`: the events of all rooms.
    #[must_use]
    pub const fn all_rooms() -> Self {
        Self(Shape::AllRooms)
    }

    /// `room.<shard>.*`: the events of a shard's rooms.
    #[must_use]
    pub const fn room_shard(shard: Shard) -> Self {
        Self(Shape::RoomShard(shard))
    }

    /// `typing.*`: who is typing, in all rooms.
    #[must_use]
    pub const fn all_typing() -> Self {
        Self(Shape::AllTyping)
    }

    /// `user.*`: what belongs to any user.
    #[must_use]
    pub const fn all_users() -> Self {
        Self(Shape::AllUsers)
    }

    /// `presence.*`: everybody's presence.
    #[must_use]
    pub const fn all_presence() -> Self {
        Self(Shape::AllPresence)
    }

    /// `gateway.*`: changes of interest for any gateway.
    #[must_use]
    pub const fn all_gateways() -> Self {
        Self(Shape::AllGateways)
    }

    /// Tells whether a subscriber to this hears of a subject.
    #[must_use]
    pub fn matches(self, subject: Subject) -> bool {
        match (self.0, subject.topic()) {
            (Shape::Exactly(one), _) => one == subject,
            (Shape::RoomShard(shard), Topic::Room(room)) => Shard::of(room) == shard,
            (Shape::AllRooms, Topic::Room(_))
            | (Shape::AllTyping, Topic::Typing(_))
            | (Shape::AllUsers, Topic::User(_))
            | (Shape::AllPresence, Topic::Presence(_))
            | (Shape::AllGateways, Topic::Gateway(_)) => true,
            _ => false,
        }
    }

    /// Tells whether all its subjects are durable, so that a durable consumer may have it.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        match self.0 {
            Shape::Exactly(subject) => subject.is_durable(),
            Shape::AllRooms | Shape::RoomShard(_) => true,
            Shape::AllTyping | Shape::AllUsers | Shape::AllPresence | Shape::AllGateways => false,
        }
    }

    /// Returns the one subject, where it is one.
    pub(crate) const fn only_subject(self) -> Option<Subject> {
        match self.0 {
            Shape::Exactly(subject) => Some(subject),
            _ => None,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shape::Exactly(subject) => subject.fmt(formatter),
            Shape::AllRooms => formatter.write_str("room.>"),
            Shape::RoomShard(shard) => write!(formatter, "room.{shard}.*"),
            Shape::AllTyping => formatter.write_str("typing.*"),
            Shape::AllUsers => formatter.write_str("user.*"),
            Shape::AllPresence => formatter.write_str("presence.*"),
            Shape::AllGateways => formatter.write_str("gateway.*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use loquat_ids::{GatewayId, IdSource, RoomId, SequentialIds, UserId};

    use super::*;

    /// NATS's rule, written over the texts: what the server does with the same two.
    fn nats_matches(pattern: &str, subject: &str) -> bool {
        let (mut pattern, mut subject) = (pattern.split('.'), subject.split('.'));
        loop {
            match (pattern.next(), subject.next()) {
                (Some(">"), Some(_)) | (None, None) => return true,
                (Some("*"), Some(_)) => {}
                (Some(wanted), Some(token)) if wanted == token => {}
                _ => return false,
            }
        }
    }

    #[test]
    fn a_pattern_matches_what_its_text_matches_on_nats() {
        let ids = SequentialIds::default();
        let subjects: Vec<Subject> = (0..200)
            .flat_map(|_| {
                let uuid = ids.fresh();
                [
                    Subject::room(RoomId::from_uuid(uuid)),
                    Subject::typing(RoomId::from_uuid(uuid)),
                    Subject::user(UserId::from_uuid(uuid)),
                    Subject::presence(UserId::from_uuid(uuid)),
                    Subject::gateway(GatewayId::from_uuid(uuid)),
                ]
            })
            .collect();
        let wide = [
            Pattern::all_rooms(),
            Pattern::all_typing(),
            Pattern::all_users(),
            Pattern::all_presence(),
            Pattern::all_gateways(),
        ];
        let patterns = wide
            .into_iter()
            .chain(Shard::all().map(Pattern::room_shard))
            .chain(subjects.iter().take(20).copied().map(Pattern::exactly));
        for pattern in patterns {
            for subject in &subjects {
                let expected = nats_matches(&pattern.to_string(), &subject.to_string());
                assert_eq!(pattern.matches(*subject), expected, "{pattern} and {subject}");
            }
        }
    }
}
