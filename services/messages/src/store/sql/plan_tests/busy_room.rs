//! A room in which much more was done to messages than said, folded.

use std::sync::Arc;

use sea_orm::ConnectionTrait as _;

use crate::{
    model::{
        MessageFold, RoomEvent, Seq,
        fixture::{ALICE, changed, created, edited, reacted, room, send_event},
    },
    ports::{FoldedRoom, MessageFolds as _, RoomLogStore as _},
    store::sql::SqlMessageStore,
};

/// How long its log is. Every tenth event is a message.
pub(super) const EVENTS: u64 = 6_000;

pub(super) async fn fill(store: &SqlMessageStore) {
    for number in [1, 2] {
        let one = |seq: u64| -> Arc<RoomEvent> {
            let event = match seq {
                1 => changed(room(number), 1, ALICE, created(&[ALICE])),
                _ if seq.is_multiple_of(10) => send_event(seq, ALICE, "hello"),
                2..10 => changed(room(number), seq, ALICE, reacted(1, "👍", seq.is_multiple_of(2))),
                _ if seq % 10 == 1 => changed(room(number), seq, ALICE, edited(seq / 10 * 10, 1, "other")),
                _ => changed(room(number), seq, ALICE, reacted(seq / 10 * 10, "👍", seq.is_multiple_of(2))),
            };
            Arc::new(RoomEvent { room: room(number), ..(*event).clone() })
        };
        let events: Vec<_> = (1..=EVENTS).map(one).collect();
        for batch in events.chunks(100) {
            store.append_batch(room(number), batch).await.expect("a batch");
        }
        let fold =
            |message: u64| (Seq::new(message), MessageFold { as_of: Seq::new(message + 9), ..MessageFold::default() });
        let folds = (1..EVENTS / 10).map(|message| fold(message * 10)).collect();
        let folded = FoldedRoom { room: room(number), folded_to: Seq::new(EVENTS), folds, erased: Vec::new() };
        store.keep_folds(&[folded]).await.expect("folds");
    }
    // Folds of other rooms: of a table that is small all of it is read.
    let others = "INSERT INTO message_folds (room_id, message_seq, as_of, payload) \
        SELECT gen_random_uuid(), number, number, '{}' FROM generate_series(1, 50000) AS number";
    store.writer.execute_unprepared(others).await.expect("folds");
    let other_rooms = "INSERT INTO room_folds (room_id, folded_seq) \
        SELECT gen_random_uuid(), number FROM generate_series(1, 50000) AS number";
    store.writer.execute_unprepared(other_rooms).await.expect("rooms");
}
