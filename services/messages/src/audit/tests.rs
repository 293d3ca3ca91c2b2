//! Every kind of damage is planted in every kind of store, found, and mended where the log says how it must be.

mod planting;

use std::{collections::BTreeMap, sync::Arc};

use loquat_ids::RoomId;

use self::planting::Planter;
use super::{AuditError, AuditedLog, LogAudit, LogDamage};
use crate::{
    model::{
        Change, ChangeKind, MessageFold, Role, RoomEvent, Seq,
        fixture::{ALICE, BOB, changed, created, decided, deleted, edited, event, moved, reacted, room, send, sent},
    },
    ports::{FoldedRoom, MessageStore},
    store::contract::Place,
};

macro_rules! on_every_store {
    ($($behaviour:ident)+) => {
        on_store!(on_sqlite, sqlite, $($behaviour)+);
        on_store!(on_postgres, postgres, $($behaviour)+);
        on_store!(on_mongodb, mongodb, $($behaviour)+);
    };
}

macro_rules! on_store {
    ($module:ident, $place:ident, $($behaviour:ident)+) => {
        mod $module {
            use super::Place;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let Some(place) = Place::$place(stringify!($behaviour)).await else { return };
                    super::$behaviour(&place).await;
                    place.remove().await;
                }
            )+
        }
    };
}

on_every_store! {
    a_good_store_has_no_damage_and_tells_its_rooms_in_order
    a_store_that_is_not_there_is_not_made
    another_life_is_begun
    a_hole_is_found
    a_place_that_stands_twice_is_found_with_the_lack_of_its_index
    a_key_that_stands_twice_is_found_with_the_lack_of_its_index
    a_time_that_falls_is_found
    an_event_that_cannot_be_read_is_found
    a_wrong_class_is_found_and_mended
    a_missing_index_is_found_and_mended
    what_is_folded_is_judged_with_the_log
    each_damage_of_what_is_folded_is_found_and_mended
    what_is_kept_of_a_room_without_a_log_is_found_and_mended
    what_is_deleted_and_still_stands_is_found_and_mended
}

/// The room that the others lie around.
const ROOM: RoomId = room(2);

/// Made at 1 with Alice, Bob came at 4; messages at all other places up to 6.
fn log_of(room: RoomId) -> Vec<Arc<RoomEvent>> {
    let one = |seq: u64| match seq {
        1 => event(room, 1, decided(1, created(&[ALICE]))),
        4 => event(room, 4, decided(4, moved(2, BOB, Some(Role::Member)))),
        _ => event(room, seq, send(ALICE, seq.into(), &format!("request-{seq}"), &format!("message {seq}"))),
    };
    let mut log: Vec<_> = (1..=6).map(one).collect();
    // The fixture's rooms have one member; this one has two by then.
    let mut joined = (*log[3]).clone();
    if let crate::model::Change::MembershipsChanged { member_count, .. } = &mut joined.change {
        *member_count = 2;
    }
    log[3] = Arc::new(joined);
    log
}

/// A store of three good logs.
async fn filled(place: &Place) -> Planter {
    let store = place.open().await;
    for room in [room(3), room(1), ROOM] {
        store.append_batch(room, &log_of(room)).await.expect("an append");
    }
    Planter::of(place.url()).await
}

async fn logs(audit: &LogAudit) -> Vec<AuditedLog> {
    let (mut found, mut logs) = (audit.judge_logs(), Vec::new());
    while let Some(log) = found.recv().await {
        logs.push(log.expect("a log"));
    }
    logs
}

async fn damages(place: &Place) -> Vec<LogDamage> {
    let audit = LogAudit::open(place.url()).await.expect("a store");
    let mut damages = audit.judge_store().await.expect("a judgement");
    for log in logs(&audit).await {
        assert_eq!(audit.judge_log(log.room).await.expect("a log").as_ref(), Some(&log), "alone as among all");
        damages.extend(log.damages);
    }
    damages
}

/// The places and names of what is wrong.
fn told(damages: &[LogDamage]) -> Vec<(Option<RoomId>, Option<u64>, &'static str)> {
    damages.iter().map(|damage| (damage.room, damage.seq, damage.fault.name())).collect()
}

async fn mend(place: &Place, damages: &[LogDamage]) {
    let audit = LogAudit::open(place.url()).await.expect("a store");
    assert!(damages.iter().all(|damage| damage.fault.is_mendable()), "{damages:?}");
    audit.mend_store(damages).await.expect("a mended store");
    for log in logs(&audit).await {
        audit.mend_log(&log).await.expect("a mended log");
    }
}

/// A store of one log with changes of its messages, folded to its end.
async fn folded(place: &Place) -> (Arc<dyn MessageStore>, Planter) {
    let store = place.open().await;
    let erased = Change::Blanked { was: ChangeKind::MessageSent, message: None };
    let log = [
        changed(ROOM, 1, ALICE, created(&[ALICE])),
        changed(ROOM, 2, ALICE, sent("request-2", "two")),
        changed(ROOM, 3, ALICE, erased),
        changed(ROOM, 4, ALICE, edited(2, 1, "two, edited")),
        changed(ROOM, 5, BOB, reacted(2, "👍", true)),
        changed(ROOM, 6, ALICE, deleted(3, false)),
        changed(ROOM, 7, ALICE, sent("request-7", "seven")),
        changed(ROOM, 8, BOB, reacted(7, "🎉", true)),
    ];
    store.append_batch(ROOM, &log).await.expect("an append");
    let mut folds: BTreeMap<Seq, MessageFold> = BTreeMap::new();
    for event in &log {
        if let Some(message) = event.change.message() {
            folds.entry(message.seq).or_default().apply(event).expect("an event of the message");
        }
    }
    let room =
        FoldedRoom { room: ROOM, folds: folds.into_iter().collect(), erased: Vec::new(), folded_to: Seq::new(8) };
    store.keep_folds(&[room]).await.expect("kept folds");
    let planter = Planter::of(place.url()).await;
    (store, planter)
}

async fn what_is_folded_is_judged_with_the_log(place: &Place) {
    let (store, _planter) = folded(place).await;
    assert_eq!(damages(place).await, []);
    // What comes after it is completed by whoever reads.
    let more = [changed(ROOM, 9, ALICE, reacted(2, "🎉", true)), changed(ROOM, 10, ALICE, edited(7, 1, "more"))];
    store.append_batch(ROOM, &more).await.expect("an append");
    assert_eq!(damages(place).await, []);
}

async fn each_damage_of_what_is_folded_is_found_and_mended(place: &Place) {
    let (_store, planter) = folded(place).await;
    let found_and_mended = async |expected: (Option<u64>, &'static str)| {
        let found = damages(place).await;
        let (seq, name) = expected;
        assert_eq!(told(&found), [(Some(ROOM), seq, name)]);
        mend(place, &found).await;
        assert_eq!(damages(place).await, []);
    };
    planter.remove_fold(ROOM, 7).await;
    found_and_mended((Some(7), "fold_missing")).await;
    planter.set_fold(ROOM, 2, 4, r#"{"text":"two, edited","edits":[4],"edit_time":1004,"is_deleted":false}"#).await;
    found_and_mended((Some(2), "fold_behind")).await;
    planter.set_fold(ROOM, 7, 8, r#"{"is_deleted":true}"#).await;
    found_and_mended((Some(7), "fold_differs")).await;
    planter.set_fold(ROOM, 7, 8, r#"{"is_deleted":7}"#).await;
    found_and_mended((Some(7), "fold_unreadable")).await;
    planter.set_fold(ROOM, 4, 8, r#"{"is_deleted":false}"#).await;
    found_and_mended((Some(4), "fold_without_message")).await;
    planter.set_folded_to(ROOM, 9).await;
    found_and_mended((None, "fold_beyond_head")).await;
}

async fn what_is_kept_of_a_room_without_a_log_is_found_and_mended(place: &Place) {
    let (_store, planter) = folded(place).await;
    planter.set_fold(room(9), 4, 8, r#"{"is_deleted":false}"#).await;
    planter.set_folded_to(room(9), 8).await;
    let found = damages(place).await;
    assert_eq!(told(&found), [(Some(room(9)), None, "fold_without_message")]);
    mend(place, &found).await;
    assert_eq!(damages(place).await, []);
}

async fn what_is_deleted_and_still_stands_is_found_and_mended(place: &Place) {
    let (store, planter) = folded(place).await;
    planter.set_message(ROOM, 3, "it still stands").await;
    let found = damages(place).await;
    assert_eq!(told(&found), [(Some(ROOM), Some(3), "blank_missing")]);
    mend(place, &found).await;
    assert_eq!(damages(place).await, []);
    let event = store.read_places(ROOM, &[Seq::new(3)]).await.expect("an event").remove(0);
    assert_eq!(event.change, Change::Blanked { was: ChangeKind::MessageSent, message: None });
}

async fn a_good_store_has_no_damage_and_tells_its_rooms_in_order(place: &Place) {
    drop(filled(place).await);
    assert_eq!(damages(place).await, []);
    let audit = LogAudit::open(place.url()).await.expect("a store");
    let logs = logs(&audit).await;
    assert_eq!(logs.iter().map(|log| log.room).collect::<Vec<_>>(), [room(1), ROOM, room(3)]);
    assert_eq!((logs[1].head_seq, logs[1].version), (6, 2));
    assert_eq!(logs[1].members.keys().collect::<Vec<_>>(), [&ALICE, &BOB]);
    assert_eq!(audit.judge_log(room(9)).await.expect("an answer"), None);
}

async fn a_store_that_is_not_there_is_not_made(place: &Place) {
    for _ in 0..2 {
        let error = LogAudit::open(place.url()).await.expect_err("nothing is there");
        assert!(matches!(error, AuditError::NotThere(_)), "{error:?}");
    }
    drop(filled(place).await);
    place.make_newer().await;
    let error = LogAudit::open(place.url()).await.expect_err("it is newer");
    assert!(matches!(error, AuditError::Newer(_)), "{error:?}");
}

async fn another_life_is_begun(place: &Place) {
    let before = place.open().await.epoch();
    let audit = LogAudit::open(place.url()).await.expect("a store");
    assert_eq!(audit.epoch().await.expect("an epoch"), before);
    let another = "another-life".parse().expect("an epoch");
    audit.begin_epoch(&another).await.expect("another life");
    let opened = place.open().await;
    assert_eq!((opened.epoch(), audit.epoch().await.expect("an epoch")), (another.clone(), another));
}

async fn a_hole_is_found(place: &Place) {
    let planter = filled(place).await;
    planter.remove(ROOM, 2).await;
    planter.remove(ROOM, 3).await;
    let found = damages(place).await;
    assert_eq!(told(&found), [(Some(ROOM), Some(2), "log_hole")]);
    assert_eq!(found[0].to_string(), "there is no event from here to 3");
    assert!(!found[0].fault.is_mendable());
}

async fn a_place_that_stands_twice_is_found_with_the_lack_of_its_index(place: &Place) {
    let planter = filled(place).await;
    planter.drop_index("place").await;
    planter.set(ROOM, 3, "seq", 2).await;
    let found = damages(place).await;
    assert!(
        matches!(
            told(&found)[..],
            [
                (None, None, "index_missing"),
                (Some(ROOM), Some(2), "log_place_twice"),
                (Some(ROOM), Some(3), "log_hole")
            ]
        ),
        "{found:?}"
    );
}

async fn a_key_that_stands_twice_is_found_with_the_lack_of_its_index(place: &Place) {
    let planter = filled(place).await;
    planter.drop_index("dedup_key").await;
    planter.copy_key(ROOM, 3, 5).await;
    let found = damages(place).await;
    assert!(
        matches!(told(&found)[..], [(None, None, "index_missing"), (Some(ROOM), Some(5), "log_key_twice")]),
        "{found:?}"
    );
    assert!(!found[1].fault.is_mendable());
}

async fn a_time_that_falls_is_found(place: &Place) {
    let planter = filled(place).await;
    planter.set(ROOM, 4, "create_time", 5).await;
    assert_eq!(told(&damages(place).await), [(Some(ROOM), Some(4), "log_time_falls")]);
}

async fn an_event_that_cannot_be_read_is_found(place: &Place) {
    let planter = filled(place).await;
    planter.garble(ROOM, 5).await;
    assert_eq!(told(&damages(place).await), [(Some(ROOM), Some(5), "log_unreadable")]);
}

async fn a_wrong_class_is_found_and_mended(place: &Place) {
    let planter = filled(place).await;
    planter.set_class(ROOM, 5, 1).await;
    let found = damages(place).await;
    assert_eq!(told(&found), [(Some(ROOM), Some(5), "log_class_differs")]);
    mend(place, &found).await;
    assert_eq!(damages(place).await, []);
}

async fn a_missing_index_is_found_and_mended(place: &Place) {
    let planter = filled(place).await;
    planter.drop_index("place").await;
    planter.drop_index("dedup_key").await;
    let found = damages(place).await;
    assert_eq!(told(&found), [(None, None, "index_missing"); 2]);
    mend(place, &found).await;
    assert_eq!(damages(place).await, []);
    let again = place.open().await.append_batch(ROOM, &log_of(ROOM)[2..3]).await;
    assert!(matches!(again, Err(crate::ports::AppendError::Conflict)), "the fence stands: {again:?}");
}
