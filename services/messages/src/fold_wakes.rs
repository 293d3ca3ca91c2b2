//! The folder as a durable consumer of the bus: what wakes it, and where it buries what it cannot fold.

use std::sync::Arc;

use async_trait::async_trait;
use loquat_bus::{Cause, ConsumerName, Handler, News, Refusal, SharedBus, Subject};
use loquat_ids::{Clock, RoomId};
use loquat_proto::messages::v1::{RoomEvent, room_event::Change};
use prost::Message as _;

use crate::{
    folding::FoldQueue,
    model::Seq,
    ports::{self, DeadLetter, DeadLetters},
};

/// The name of the consumer, the same in all processes.
pub(crate) fn consumer_name() -> ConsumerName {
    "messages-fold".parse().expect("a name of a consumer")
}

/// Puts rooms into the folder's queue as news comes.
///
/// News only hurries: how far a room is folded stands in the store, and what is lost here the head scan finds. So news is
/// taken as soon as the room is in the queue.
#[derive(Debug)]
pub(crate) struct FoldWakes(pub(crate) Arc<FoldQueue>);

#[derive(Debug, thiserror::Error)]
#[error("too many rooms wait to be folded")]
struct QueueFull;

#[async_trait]
impl Handler for FoldWakes {
    async fn take(&mut self, news: &News) -> Result<(), Refusal> {
        let poisoned = |cause: Cause| Refusal::Poisoned(cause);
        let event = RoomEvent::decode(news.payload.clone()).map_err(|error| poisoned(error.into()))?;
        let room: RoomId = event.room_id.parse().map_err(|error: loquat_ids::IdError| poisoned(error.into()))?;
        let is_of_a_message = matches!(
            event.change,
            Some(Change::MessageEdited(_) | Change::MessageDeleted(_) | Change::ReactionChanged(_))
        );
        if !is_of_a_message || self.0.want(room, Seq::new(event.seq)) {
            return Ok(());
        }
        Err(Refusal::Later(QueueFull.into()))
    }

    async fn catch_up(&mut self) -> Result<(), Cause> {
        // The head scan does, whatever wakes or does not.
        Ok(())
    }

    async fn pass_over(&mut self, _: &News) -> Result<(), Cause> {
        // What cannot be read has no place. The event that it was news of is found by the head scan.
        Ok(())
    }
}

/// Buries on the bus, in the name of the consumer.
#[derive(Debug)]
pub(crate) struct BusDeadLetters {
    pub(crate) bus: SharedBus,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl DeadLetters for BusDeadLetters {
    async fn bury(&self, letter: DeadLetter) -> Result<(), ports::Cause> {
        let DeadLetter { room, epoch, seq, payload, error } = letter;
        let letter = loquat_bus::DeadLetter {
            consumer: consumer_name(),
            id: format!("{room}:{epoch}:{seq}"),
            subject: Subject::room(room),
            payload,
            error,
            attempts: 1,
            time: self.clock.now(),
            trace: None,
        };
        Ok(self.bus.bury(letter).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use loquat_bus::{ConsumerLoop, EmbeddedBus, Pattern, Retries};
    use loquat_ids::SystemClock;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        grpc,
        model::fixture::{ALICE, changed, reacted, room, send_event},
    };

    /// A consumer at work on a bus, and the queue that it fills.
    async fn at_work(bus: &SharedBus) -> (Arc<FoldQueue>, CancellationToken) {
        let (queue, stop) = (Arc::new(FoldQueue::default()), CancellationToken::new());
        let wakes = ConsumerLoop {
            bus: Arc::clone(bus),
            name: consumer_name(),
            pattern: Pattern::all_rooms(),
            retries: Retries::default(),
            clock: Arc::new(SystemClock),
        };
        // The consumer is there before anything is published.
        drop(bus.consume(consumer_name(), Pattern::all_rooms()).await.expect("a consumer"));
        tokio::spawn(wakes.run(FoldWakes(Arc::clone(&queue)), stop.clone()));
        (queue, stop)
    }

    #[tokio::test]
    async fn news_of_a_change_puts_its_room_into_the_queue_and_other_news_does_not() {
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let (queue, stop) = at_work(&bus).await;
        let told =
            [(room(1), send_event(2, ALICE, "hello")), (room(2), changed(room(2), 7, ALICE, reacted(2, "👍", true)))];
        for (room, event) in told {
            let payload = Bytes::from(grpc::room_event(&event).encode_to_vec());
            bus.publish_durable(Subject::room(room), payload, &format!("{room}:epoch:1")).await.expect("news");
        }
        assert_eq!(queue.take(8).await, [(room(2), Seq::new(7))]);
        stop.cancel();
    }

    #[tokio::test]
    async fn news_that_cannot_be_read_is_buried_and_holds_up_nothing() {
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let (queue, stop) = at_work(&bus).await;
        bus.publish_durable(Subject::room(room(1)), Bytes::from_static(b"\xff\xff"), "poison").await.expect("news");
        let event = changed(room(2), 7, ALICE, reacted(2, "👍", true));
        let payload = Bytes::from(grpc::room_event(&event).encode_to_vec());
        bus.publish_durable(Subject::room(room(2)), payload, "good").await.expect("news");
        assert_eq!(queue.take(8).await, [(room(2), Seq::new(7))]);
        let letters = bus.dead_letters(8).await.expect("letters");
        assert_eq!((letters.len(), letters[0].id.as_str(), &*letters[0].payload), (1, "poison", &b"\xff\xff"[..]));
        stop.cancel();
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_folded_is_buried_once() {
        let bus: SharedBus = Arc::new(EmbeddedBus::new());
        let letters = BusDeadLetters { bus: Arc::clone(&bus), clock: Arc::new(SystemClock) };
        let letter = DeadLetter {
            room: room(1),
            epoch: "epoch".parse().expect("an epoch"),
            seq: Seq::new(7),
            payload: Bytes::from_static(b"{}"),
            error: "it makes no sense".to_owned(),
        };
        for _ in 0..2 {
            tokio::time::timeout(Duration::from_secs(5), letters.bury(letter.clone()))
                .await
                .expect("in time")
                .expect("buried");
        }
        let buried = bus.dead_letters(8).await.expect("letters");
        assert_eq!(buried.len(), 1);
        assert_eq!(
            (buried[0].id.clone(), buried[0].error.as_str()),
            (format!("{}:epoch:7", room(1)), "it makes no sense")
        );
    }
}
