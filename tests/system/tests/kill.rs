//! `kill -9` while messages are being sent: none acknowledged is lost, none is there twice, and numbers have no holes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use loquat_ids::RoomId;
use loquat_proto::messages::v1::{Message, SendMessageResponse};
use loquat_testkit::{House, Person, at_any_time, eventually, in_both_shapes};
use tokio::time::{Instant, sleep};
use tonic::Code;

in_both_shapes! { alone everywhere:
    killing_the_process_that_writes_while_messages_are_being_sent_loses_none,
}

const ROOMS: usize = 4;
/// In each room, each with one send under way: more than two hundred at once.
const SENDERS: usize = 60;
/// Long enough for any restart here.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Progress {
    is_over: AtomicBool,
    in_flight: AtomicUsize,
    acknowledged: AtomicUsize,
}

impl Progress {
    async fn until_acknowledged(&self, count: usize) {
        eventually(&format!("{count} acknowledgements"), PATIENCE, || async {
            let by_now = self.acknowledged.load(Ordering::SeqCst);
            if by_now >= count { Ok(()) } else { Err(by_now) }
        })
        .await;
    }
}

async fn killing_the_process_that_writes_while_messages_are_being_sent_loses_none(house: &mut House) {
    let people = [house.person("ann").await, house.person("ben").await];
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let room = people[0].public_room(&format!("room {number}")).await;
        people[1].join(room).await.expect("it is public");
        rooms.push(room);
    }
    let progress = Arc::new(Progress::default());
    let senders: Vec<_> = (0..ROOMS * SENDERS)
        .map(|number| {
            let sender = people[number % 2].at(&house.gateway(number));
            let (room, progress) = (rooms[number % ROOMS], Arc::clone(&progress));
            tokio::spawn(send_all(sender, room, number, progress))
        })
        .collect();

    let victims: &[&str] = if house.is_embedded() { &["loquat", "loquat"] } else { &["messages-1", "messages-2"] };
    for victim in victims {
        let by_now = progress.acknowledged.load(Ordering::SeqCst);
        progress.until_acknowledged(by_now + 2 * ROOMS * SENDERS).await;
        let in_flight = progress.in_flight.load(Ordering::SeqCst);
        house.kill(victim).await.expect("it runs");
        assert!(in_flight >= 200, "{in_flight} sends were in flight");
        house.start_again(victim).await.expect("it opens its data again");
    }
    progress.is_over.store(true, Ordering::SeqCst);
    let acknowledged: Vec<(RoomId, Vec<SendMessageResponse>)> =
        join_all(senders).await.into_iter().map(|sent| sent.expect("a sender ends well")).collect();

    let reader = people[0].at(&house.gateway(1));
    for room in rooms {
        let log: Vec<_> = reader.all_messages(room).await.into_iter().map(at_any_time).collect();
        let (first, last) = (log[0].seq, log[log.len() - 1].seq);
        let seqs: Vec<u64> = log.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (first..=last).collect::<Vec<_>>(), "numbers without holes");
        let by_request: BTreeMap<&str, &Message> =
            log.iter().map(|message| (message.request_id.as_str(), message)).collect();
        let of_room: Vec<_> = acknowledged.iter().filter(|(of, _)| *of == room).flat_map(|(_, sent)| sent).collect();
        assert_eq!((log.len(), by_request.len()), (of_room.len(), of_room.len()), "each once, and nothing else");
        for answer in of_room {
            let message = at_any_time(answer.message.clone().expect("the message that was sent"));
            assert_eq!(by_request.get(message.request_id.as_str()), Some(&&message), "as it was acknowledged");
        }
    }
}

/// Sends one message after the other until it is over; each again, with the same request id, until it is acknowledged.
async fn send_all(
    sender: Person,
    room: RoomId,
    number: usize,
    progress: Arc<Progress>,
) -> (RoomId, Vec<SendMessageResponse>) {
    let mut sent = Vec::new();
    for round in 0.. {
        if progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        let (request_id, text) = (format!("request-{number}-{round}"), format!("{number} says {round}"));
        progress.in_flight.fetch_add(1, Ordering::SeqCst);
        let by = Instant::now() + PATIENCE;
        let answer = loop {
            match sender.send_as(room, &request_id, &text).await {
                Ok(answer) => break answer,
                Err(status) => {
                    let may_pass =
                        matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
                            || is_of_the_connection(&status);
                    assert!(may_pass && Instant::now() < by, "a send fails for good: {status:?}");
                    // The back-off of a client.
                    sleep(Duration::from_millis(20)).await;
                }
            }
        };
        progress.in_flight.fetch_sub(1, Ordering::SeqCst);
        progress.acknowledged.fetch_add(1, Ordering::SeqCst);
        sent.push(answer);
    }
    (room, sent)
}

/// The test's own client tells of a broken connection as UNKNOWN or CANCELLED, with no details of a server's.
fn is_of_the_connection(status: &tonic::Status) -> bool {
    matches!(status.code(), Code::Unknown | Code::Cancelled) && status.details().is_empty()
}
