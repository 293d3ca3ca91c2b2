//! The log, as the rooms service and gateways have it.

use loquat_proto::messages::v1::{
    GetHeadsRequest, ReadRoomLogRequest, ReadRoomLogResponse, ResetReason, RoomCursor, RoomUpdated, WatchHeadsRequest,
};

use super::*;

impl House {
    pub(super) async fn read(
        &self,
        reader: Option<UserId>,
        after: Option<RoomCursor>,
        page_size: i32,
    ) -> Result<ReadRoomLogResponse, Status> {
        let reader_id = reader.map(|reader| reader.to_string()).unwrap_or_default();
        let request = ReadRoomLogRequest { room_id: ROOM.to_string(), reader_id, after, page_size };
        self.log().read_room_log(request).await.map(Response::into_inner)
    }

    /// Returns the cursor right after an event.
    pub(super) async fn cursor_at(&self, seq: u64) -> RoomCursor {
        let epoch = self.read(None, None, 0).await.expect("a head").head.expect("a cursor").epoch;
        let beginning = RoomCursor { room_id: ROOM.to_string(), epoch, ..RoomCursor::default() };
        let all = self.read(None, Some(beginning.clone()), 0).await.expect("events").events;
        let event_id = all.iter().find(|event| event.seq == seq).map(|event| event.event_id.clone());
        RoomCursor { seq, event_id: event_id.unwrap_or_default(), ..beginning }
    }
}

pub(super) fn seqs(page: &ReadRoomLogResponse) -> Vec<u64> {
    page.events.iter().map(|event| event.seq).collect()
}

/// Alice says something at 2, 4, 6; Carol comes at 3 and goes at 5.
async fn with_carol_gone() -> House {
    let house = House::with_room().await;
    house.say(ALICE, "two").await;
    house.append(membership_change(2, CAROL, true)).await.expect("an arrival");
    house.say(ALICE, "four").await;
    house.append(membership_change(3, CAROL, false)).await.expect("a removal");
    house.say(ALICE, "six").await;
    house
}

#[tokio::test]
async fn a_gateway_reads_exactly_what_follows_a_cursor() {
    let house = with_carol_gone().await;
    let rest = house.read(None, Some(house.cursor_at(2).await), 0).await.expect("a page");
    assert_eq!((seqs(&rest), rest.reset_reason()), (vec![3, 4, 5, 6], ResetReason::Unspecified));
    assert!(!rest.reader_is_member);
    assert_eq!((rest.hidden_ranges.len(), rest.visible_from_seq), (0, 0));
    let head = rest.head.expect("a head");
    assert_eq!((head.seq, &head.event_id), (6, &rest.events[3].event_id));
    let page = house.read(None, Some(house.cursor_at(0).await), 2).await.expect("a page");
    assert_eq!(seqs(&page), [1, 2]);
    let nothing = house.read(None, Some(house.cursor_at(6).await), 0).await.expect("a page");
    assert_eq!((seqs(&nothing), nothing.reset_reason()), (vec![], ResetReason::Unspecified));
    for after in [None, Some(RoomCursor { room_id: ROOM.to_string(), ..RoomCursor::default() })] {
        let head_alone = house.read(None, after, 0).await.expect("a head");
        assert_eq!((seqs(&head_alone), head_alone.head.expect("a cursor").seq), (vec![], 6));
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_followed_is_reset_with_its_reason() {
    let house = with_carol_gone().await;
    let cursor = house.cursor_at(2).await;
    let differs = RoomCursor { event_id: fresh_event().to_string(), ..cursor.clone() };
    let unnamed = RoomCursor { event_id: String::new(), ..cursor.clone() };
    let beyond = RoomCursor { seq: 7, ..cursor.clone() };
    let other_life = RoomCursor { epoch: "another".to_owned(), ..cursor };
    for (cursor, reason) in [
        (differs, ResetReason::EventDiffers),
        (unnamed, ResetReason::EventDiffers),
        (beyond, ResetReason::LogEndsEarlier),
        (other_life, ResetReason::EpochChanged),
    ] {
        let page = house.read(Some(ALICE), Some(cursor), 0).await.expect("a page");
        assert_eq!((page.reset_reason(), page.events.len()), (reason, 0));
        assert_eq!(page.head.expect("a head").seq, 6);
    }
}

#[tokio::test]
async fn who_was_removed_reads_up_to_the_removal_and_nothing_after() {
    let house = with_carol_gone().await;
    let page = house.read(Some(CAROL), Some(house.cursor_at(0).await), 0).await.expect("a page");
    assert_eq!((seqs(&page), page.reader_is_member), (vec![1, 2, 3, 4, 5], false));
    let while_in = house.read(Some(CAROL), Some(house.cursor_at(2).await), 2).await.expect("a page");
    assert_eq!((seqs(&while_in), while_in.reader_is_member), (vec![3, 4], true));
    for seq in [5, 6] {
        let after = house.read(Some(CAROL), Some(house.cursor_at(seq).await), 0).await.expect("a page");
        assert_eq!((seqs(&after), after.reader_is_member), (vec![], false), "after {seq}");
    }
    let head_alone = house.read(Some(CAROL), None, 0).await.expect("a head");
    assert!(!head_alone.reader_is_member);
}

#[tokio::test]
async fn a_member_reads_everything_and_one_who_never_was_in_it_nothing() {
    let house = with_carol_gone().await;
    let page = house.read(Some(BOB), Some(house.cursor_at(4).await), 0).await.expect("a page");
    assert_eq!((seqs(&page), page.reader_is_member), (vec![5, 6], true));
    let expected = (Code::NotFound, "ROOM_NOT_FOUND".to_owned());
    assert_eq!(refusal(house.read(Some(fixture::user(9)), None, 0).await), expected);
}

#[tokio::test]
async fn changes_stand_in_the_order_of_versions_and_once() {
    let house = House::with_room().await;
    let arrival = membership_change(2, CAROL, true);
    assert_eq!(
        refusal(house.append(membership_change(3, CAROL, false)).await),
        (Code::FailedPrecondition, "VERSION_OUT_OF_ORDER".to_owned())
    );
    let first = house.append(arrival.clone()).await.expect("a place");
    let again = house.append(arrival.clone()).await.expect("the first place");
    assert_eq!((first.seq, first.is_repeat), (2, false));
    assert_eq!((again.seq, again.create_time, again.is_repeat), (2, first.create_time, true));
    let other = AppendRoomEventRequest { actor_id: BOB.to_string(), ..arrival };
    assert_eq!(refusal(house.append(other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn a_change_that_contradicts_itself_is_named() {
    let house = House::with_room().await;
    let updated = |room| AppendRoomEventRequest {
        memberships_changed: None,
        room_updated: Some(RoomUpdated { room: Some(room) }),
        ..membership_change(2, CAROL, true)
    };
    let mut no_kind = room_at(ROOM, 2);
    no_kind.kind = 0;
    let cases = [
        (updated(room_at(fixture::room(2), 2)), "room_updated.room.room_id"),
        (updated(room_at(ROOM, 3)), "room_updated.room.version"),
        (updated(no_kind), "room_updated.room.kind"),
        (membership_change(1, CAROL, true), "version"),
        (AppendRoomEventRequest { version: 2, ..house.creation(ROOM, &[ALICE]) }, "version"),
    ];
    for (request, field) in cases {
        let status = house.append(request).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.bad_request().expect("violations").field_violations[0].field, field);
    }
    house.append(updated(room_at(ROOM, 2))).await.expect("a place");
}

#[tokio::test]
async fn heads_are_watched_and_silence_is_told_too() {
    let house = House::with_room().await;
    let mut watch = house.log().watch_heads(WatchHeadsRequest {}).await.expect("a stream").into_inner();
    let message = house.say(ALICE, "hello").await;
    loop {
        let batch = watch.message().await.expect("a batch").expect("a batch");
        if let Some(head) = batch.heads.iter().find(|head| head.seq == message.seq) {
            assert_eq!(
                (head.room_id.as_str(), head.event_id.as_str()),
                (ROOM.to_string().as_str(), message.message_id.as_str())
            );
            break;
        }
    }
    assert_eq!(watch.message().await.expect("a batch").expect("an empty batch").heads, []);
    house.frame.stop.cancel();
    assert!(watch.message().await.expect("an end").is_none());
}

#[tokio::test]
async fn heads_are_told_of_rooms_that_have_a_log() {
    let house = with_carol_gone().await;
    let room_ids = vec![ROOM.to_string(), fixture::room(2).to_string()];
    let heads = house.log().get_heads(GetHeadsRequest { room_ids }).await.expect("heads").into_inner().heads;
    assert_eq!(heads, [house.cursor_at(6).await]);
}
