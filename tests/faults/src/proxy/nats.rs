//! Losing single messages of the bus: as much of NATS's protocol as that takes.

use bytes::{Buf as _, Bytes, BytesMut};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};

/// Reads what a NATS server says, and leaves out messages about rooms.
#[derive(Debug)]
pub(super) struct Thinner {
    random: SmallRng,
    /// What is no whole command yet.
    rest: BytesMut,
}

impl Thinner {
    /// Makes the reader of one connection, from its beginning.
    pub(super) fn new(seed: u64) -> Self {
        Self { random: SmallRng::seed_from_u64(seed), rest: BytesMut::new() }
    }

    /// Returns what passes of what came, without one in so many messages (none, where that is 0), and how many were lost.
    pub(super) fn pass(&mut self, came: &[u8], one_in: u32) -> (Bytes, u64) {
        self.rest.extend_from_slice(came);
        let mut passes = BytesMut::with_capacity(self.rest.len());
        let mut lost = 0;
        while let Some((length, is_about_a_room)) = command(&self.rest) {
            if is_about_a_room && one_in > 0 && self.random.random_range(0..one_in) == 0 {
                lost += 1;
            } else {
                passes.extend_from_slice(&self.rest[..length]);
            }
            self.rest.advance(length);
        }
        (passes.freeze(), lost)
    }
}

/// The length of the first command, with its payload, and whether it is a message about a room. Nothing where it is not whole.
fn command(bytes: &[u8]) -> Option<(usize, bool)> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")? + 2;
    let line = String::from_utf8_lossy(&bytes[..end - 2]);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    if !matches!(words.first(), Some(&("MSG" | "HMSG"))) {
        return Some((end, false));
    }
    let payload: usize = words.last().and_then(|word| word.parse().ok()).unwrap_or(0);
    let whole = end + payload + 2;
    // The subject, behind the prefix of the system where it has one: `room.<shard>.<room>`.
    let is_about_a_room = words.get(1).is_some_and(|subject| subject.split('.').take(2).any(|token| token == "room"));
    (bytes.len() >= whole).then_some((whole, is_about_a_room))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[u8] = b"INFO {}\r\nMSG run.room.7.abc 1 5\r\nhello\r\nPING\r\nHMSG run.room.7.abc 1 _INBOX.x 3 7\r\nabc\r\n\r\n\r\nMSG _INBOX.y 2 2\r\nok\r\n";

    #[test]
    fn everything_passes_however_it_is_cut() {
        for size in 1..SAID.len() {
            let mut thinner = Thinner::new(1);
            let passed: Vec<u8> = SAID.chunks(size).flat_map(|part| thinner.pass(part, 0).0.to_vec()).collect();
            assert_eq!(passed, SAID, "in parts of {size}");
        }
    }

    #[test]
    fn only_whole_messages_about_rooms_are_lost() {
        let (passed, lost) = Thinner::new(1).pass(SAID, 1);
        assert_eq!((&*passed, lost), (&b"INFO {}\r\nPING\r\nMSG _INBOX.y 2 2\r\nok\r\n"[..], 2));
    }
}
