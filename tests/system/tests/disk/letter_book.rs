//! What was sent, and what came of it.

use std::collections::BTreeMap;

use futures::future::join_all;
use loquat_ids::RoomId;
use loquat_proto::messages::v1::Message;
use loquat_testkit::{Person, Refusal};
use tonic::Code;

/// How many send at once.
const SENDERS: usize = 8;

/// All that was sent into a room, by request ids.
#[derive(Debug, Default, Clone)]
pub(super) struct LetterBook {
    pub(super) acknowledged: BTreeMap<String, Message>,
    /// What was refused, or of which nobody knows.
    pub(super) open: BTreeMap<String, Refusal>,
    sent: usize,
}

impl LetterBook {
    /// Sends some messages, of some bytes each, several at once. Each once.
    pub(super) async fn send(&mut self, sender: &Person, room: RoomId, count: usize, bytes: usize) {
        let from = self.sent;
        self.sent += count;
        let numbers: Vec<usize> = (from..self.sent).collect();
        for some in numbers.chunks(SENDERS) {
            let sends = some.iter().map(|number| async move {
                let (request_id, text) = letter(*number, bytes);
                (request_id.clone(), sender.send_as(room, &request_id, &text).await)
            });
            for (request_id, outcome) in join_all(sends).await {
                match outcome {
                    Ok(answer) => drop(self.acknowledged.insert(request_id, answer.message.expect("a message"))),
                    Err(status) => drop(self.open.insert(request_id, Refusal::from(&status))),
                }
            }
        }
    }

    /// Sends again whatever was not acknowledged, which must succeed now.
    pub(super) async fn send_open_again(&mut self, sender: &Person, room: RoomId, bytes: usize) {
        for (request_id, _) in std::mem::take(&mut self.open) {
            let number = request_id.trim_start_matches("letter-").parse().expect("a number");
            let answer = sender.send_as(room, &request_id, &letter(number, bytes).1).await;
            let answer = answer.unwrap_or_else(|status| panic!("{request_id} is refused still: {status:?}"));
            self.acknowledged.insert(request_id, answer.message.expect("a message"));
        }
    }

    /// Asserts that a room has each acknowledged message as it was acknowledged, none twice, and nothing that nobody sent; and of
    /// what is open each at most once.
    pub(super) async fn check(&self, reader: &Person, room: RoomId) {
        let log = reader.all_messages(room).await;
        let seqs: Vec<u64> = log.iter().map(|message| message.seq).collect();
        assert!(seqs.windows(2).all(|two| two[0] + 1 == two[1]), "numbers without holes: {seqs:?}");
        let mut by_request: BTreeMap<&str, Message> = BTreeMap::new();
        for message in &log {
            let twice = by_request.insert(&message.request_id, Message { as_of_seq: 0, ..message.clone() });
            assert!(twice.is_none(), "{} is there twice", message.request_id);
        }
        for (request_id, message) in &self.acknowledged {
            let found = by_request.remove(request_id.as_str());
            assert_eq!(found, Some(Message { as_of_seq: 0, ..message.clone() }), "as it was acknowledged");
        }
        let others: Vec<_> = by_request.keys().filter(|request| !self.open.contains_key(**request)).collect();
        assert!(others.is_empty(), "nobody sent {others:?}");
    }

    /// Asserts that all refusals are the store's, and returns how many said that it refused to write.
    pub(super) fn refusals_of_the_store(&self) -> usize {
        for (request_id, refusal) in &self.open {
            let is_of_the_store =
                matches!(refusal.because(), (Code::Unavailable, "STORE_REFUSED" | "STORE_UNAVAILABLE"));
            assert!(is_of_the_store, "{request_id}: {refusal:?}");
        }
        self.open.values().filter(|refusal| refusal.reason == "STORE_REFUSED").count()
    }
}

fn letter(number: usize, bytes: usize) -> (String, String) {
    let text = format!("letter {number} ");
    let rest = bytes.saturating_sub(text.len());
    (format!("letter-{number:05}"), text + &"x".repeat(rest))
}
