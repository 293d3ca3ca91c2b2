//! What is told of something that is wrong.

use std::{
    fmt,
    io::{self, Write as _},
};

use loquat_ids::{RoomId, UserId};
use loquat_messages::audit::LogDamage;
use serde::Serialize;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Its kind, by a name that never changes.
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub(crate) room: Option<RoomId>,
    /// The place in the room's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub(crate) user: Option<UserId>,
    /// What is wrong, in words.
    pub(crate) text: String,
    /// Whether `loquat repair` can mend it.
    pub(crate) is_repairable: bool,
}

fn shown<T: fmt::Display, S: serde::Serializer>(id: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

impl Difference {
    pub(crate) fn of_log(damage: &LogDamage) -> Self {
        Self {
            kind: damage.fault.name(),
            room: damage.room,
            seq: damage.seq,
            user: None,
            text: damage.to_string(),
            is_repairable: damage.fault.is_mendable(),
        }
    }

    pub(crate) const fn of_database(found: String) -> Self {
        Self { kind: "database_damaged", room: None, seq: None, user: None, text: found, is_repairable: false }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind)?;
        if let Some(room) = self.room {
            write!(formatter, " room={room}")?;
        }
        if let Some(seq) = self.seq {
            write!(formatter, " seq={seq}")?;
        }
        if let Some(user) = self.user {
            write!(formatter, " user={user}")?;
        }
        write!(formatter, ": {}", self.text.replace(['\n', '\r'], " "))?;
        if self.is_repairable { Ok(()) } else { formatter.write_str(" (not repairable)") }
    }
}

/// Differences, listed as they are found, one a line.
#[derive(Debug)]
pub(crate) struct Listing {
    is_json: bool,
    repairable: u64,
    lost: u64,
}

impl Listing {
    pub(crate) const fn to_standard_output(is_json: bool) -> Self {
        Self { is_json, repairable: 0, lost: 0 }
    }

    pub(crate) fn add(&mut self, difference: Difference) -> io::Result<()> {
        if difference.is_repairable {
            self.repairable += 1;
        } else {
            self.lost += 1;
        }
        let mut output = io::stdout().lock();
        if self.is_json {
            serde_json::to_writer(&mut output, &difference)?;
            writeln!(output)
        } else {
            writeln!(output, "{difference}")
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.repairable == 0 && self.lost == 0
    }

    pub(crate) fn summary(&self) -> String {
        match (self.repairable, self.lost) {
            (0, 0) => "nothing is wrong".to_owned(),
            (repairable, 0) => format!("{repairable} wrong, which `loquat repair` can mend"),
            (0, lost) => format!("{lost} wrong, none of which can be repaired"),
            (repairable, lost) => {
                format!("{} wrong, {repairable} of which `loquat repair` can mend", repairable + lost)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where_what_and_whether_it_can_be_repaired() {
        let room: RoomId = "018f2b5c-0000-7000-8000-000000000001".parse().expect("an id");
        let difference = Difference {
            kind: "log_hole",
            room: Some(room),
            seq: Some(4),
            user: None,
            text: "two\nlines".to_owned(),
            is_repairable: false,
        };
        assert_eq!(difference.to_string(), format!("log_hole room={room} seq=4: two lines (not repairable)"));
        let json = serde_json::to_string(&difference).expect("JSON");
        assert_eq!(
            json,
            format!(r#"{{"kind":"log_hole","room":"{room}","seq":4,"text":"two\nlines","is_repairable":false}}"#)
        );
    }
}
