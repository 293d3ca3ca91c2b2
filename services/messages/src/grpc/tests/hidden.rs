//! What happened while somebody was not in a private room.

use loquat_proto::messages::v1::{
    ListMessagesRequest, ListPinnedMessagesRequest, PinMessageRequest, ReadRoomLogResponse, RoomUpdated, SeqRange,
    list_messages_request::Anchor,
};

use super::{room_log::seqs, *};

/// Alice says something at 2, 4, 5, 7, 9, 10, 11, 13; Bob goes at 3, comes back at 6, goes at 8, comes back at 12.
async fn with_absences() -> House {
    let house = House::with_room().await;
    house.say(ALICE, "two").await;
    house.append(membership_change(2, BOB, false)).await.expect("a removal");
    house.say(ALICE, "four").await;
    house.say(ALICE, "five").await;
    house.append(membership_change(3, BOB, true)).await.expect("a return");
    house.say(ALICE, "seven").await;
    house.append(membership_change(4, BOB, false)).await.expect("a removal");
    for text in ["nine", "ten", "eleven"] {
        house.say(ALICE, text).await;
    }
    house.append(membership_change(5, BOB, true)).await.expect("a return");
    house.say(ALICE, "thirteen").await;
    house
}

fn hidden(page: &ReadRoomLogResponse) -> Vec<(u64, u64)> {
    page.hidden_ranges.iter().map(|SeqRange { from_seq, to_seq }| (*from_seq, *to_seq)).collect()
}

#[tokio::test]
async fn the_log_tells_a_reader_which_numbers_are_hidden() {
    let house = with_absences().await;
    let all = house.read(Some(BOB), Some(house.cursor_at(0).await), 0).await.expect("a page");
    assert_eq!(seqs(&all), [1, 2, 3, 6, 7, 8, 12, 13]);
    assert_eq!((hidden(&all), all.visible_from_seq, all.reader_is_member), (vec![(4, 5), (9, 11)], 12, true));
    let mut after = house.cursor_at(0).await;
    // Whatever the size of the pages, together they hold each number once.
    for page_size in 1..6 {
        let (mut events, mut ranges) = (Vec::new(), Vec::new());
        after = house.cursor_at(0).await;
        loop {
            let page = house.read(Some(BOB), Some(after.clone()), page_size).await.expect("a page");
            let Some(last) = page.events.last() else { break };
            assert!(page.events.len() <= page_size as usize);
            after = loquat_proto::messages::v1::RoomCursor {
                seq: last.seq,
                event_id: last.event_id.clone(),
                ..after.clone()
            };
            events.extend(seqs(&page));
            ranges.extend(hidden(&page));
        }
        assert_eq!((events, ranges), (seqs(&all), hidden(&all)), "by {page_size}");
    }
    assert_eq!(after.seq, 13);
    // From within: a place that is hidden, which a gateway of before may have told.
    let within = house.read(Some(BOB), Some(house.cursor_at(10).await), 0).await.expect("a page");
    assert_eq!((seqs(&within), hidden(&within)), (vec![12, 13], vec![(11, 11)]));
    let head_alone = house.read(Some(BOB), None, 0).await.expect("a head");
    assert_eq!((seqs(&head_alone), hidden(&head_alone), head_alone.visible_from_seq), (vec![], vec![], 12));
    // For one who never was away, and for the gateway itself.
    let whole = house.read(Some(ALICE), Some(house.cursor_at(0).await), 0).await.expect("a page");
    assert_eq!((seqs(&whole).len(), hidden(&whole), whole.visible_from_seq), (13, vec![], 1));
    let own = house.read(None, Some(house.cursor_at(0).await), 0).await.expect("a page");
    assert_eq!((seqs(&own).len(), hidden(&own), own.visible_from_seq), (13, vec![], 0));
}

#[tokio::test]
async fn one_who_is_away_again_reads_up_to_the_last_removal() {
    let house = with_absences().await;
    house.append(membership_change(6, BOB, false)).await.expect("a removal");
    house.say(ALICE, "fifteen").await;
    let all = house.read(Some(BOB), Some(house.cursor_at(7).await), 0).await.expect("a page");
    assert_eq!((seqs(&all), hidden(&all)), (vec![8, 12, 13, 14], vec![(9, 11)]));
    assert_eq!((all.visible_from_seq, all.reader_is_member), (0, false));
    let while_in = house.read(Some(BOB), Some(house.cursor_at(7).await), 3).await.expect("a page");
    assert_eq!((seqs(&while_in), while_in.reader_is_member), (vec![8, 12], true));
    let while_away = house.read(Some(BOB), Some(house.cursor_at(7).await), 1).await.expect("a page");
    assert_eq!((seqs(&while_away), hidden(&while_away), while_away.reader_is_member), (vec![8], vec![], false));
}

#[tokio::test]
async fn history_leaves_out_what_is_hidden() {
    let house = with_absences().await;
    let list = async |anchor, page_size, page_token: String| {
        let request = ListMessagesRequest { anchor, page_size, page_token, ..ListMessagesRequest::default() };
        let page = house.list(BOB, request).await.expect("a page");
        let seqs: Vec<u64> = page.messages.iter().map(|message| message.seq).collect();
        (seqs, page.next_page_token)
    };
    assert_eq!(list(None, 0, String::new()).await.0, [2, 7, 13]);
    let (newest, token) = list(None, 2, String::new()).await;
    assert_eq!((newest, list(None, 2, token).await), (vec![7, 13], (vec![2], String::new())));
    let (oldest, token) = list(Some(Anchor::AfterSeq(0)), 1, String::new()).await;
    assert_eq!(oldest, [2]);
    let (next, token) = list(None, 1, token).await;
    assert_eq!(next, [7]);
    assert_eq!(list(None, 1, token).await, (vec![13], String::new()));
    assert_eq!(list(Some(Anchor::AroundSeq(10)), 2, String::new()).await.0, [7, 13]);
    assert_eq!(list(Some(Anchor::BeforeSeq(12)), 5, String::new()).await.0, [2, 7]);
    let of_alice = house.list(ALICE, ListMessagesRequest::default()).await.expect("a page");
    let nine = of_alice.messages.iter().find(|message| message.seq == 9).expect("a message");
    let expected = (Code::NotFound, "MESSAGE_NOT_FOUND".to_owned());
    assert_eq!(refusal(house.get(BOB, nine.message_id.clone()).await), expected);
    assert_eq!(house.get(ALICE, nine.message_id.clone()).await.expect("a message").text, "nine");
    let pin = PinMessageRequest {
        room_id: ROOM.to_string(),
        request_id: "request-1".to_owned(),
        message_id: nine.message_id.clone(),
    };
    assert_eq!(refusal(house.messages().pin_message(house.by(BOB, pin.clone())).await), expected);
    house.messages().pin_message(house.by(ALICE, pin)).await.expect("a pin");
    let pins = |user| house.by(user, ListPinnedMessagesRequest { room_id: ROOM.to_string() });
    let of_bob = house.messages().list_pinned_messages(pins(BOB)).await.expect("pins").into_inner();
    let of_alice = house.messages().list_pinned_messages(pins(ALICE)).await.expect("pins").into_inner();
    assert_eq!((of_bob.messages.len(), of_alice.messages.len()), (0, 1));
}

#[tokio::test]
async fn in_a_public_room_nothing_is_hidden() {
    let house = with_absences().await;
    let mut room = room_at(ROOM, 6);
    room.kind = RoomKind::Public.into();
    let public = AppendRoomEventRequest {
        memberships_changed: None,
        room_updated: Some(RoomUpdated { room: Some(room) }),
        ..membership_change(6, BOB, true)
    };
    house.append(public).await.expect("a public room");
    let all = house.read(Some(BOB), Some(house.cursor_at(0).await), 0).await.expect("a page");
    assert_eq!((seqs(&all).len(), hidden(&all), all.visible_from_seq), (14, vec![], 1));
    let page = house.list(BOB, ListMessagesRequest::default()).await.expect("a page");
    assert_eq!(page.messages.len(), 8);
}

#[tokio::test]
async fn many_absences_are_read_part_by_part() {
    let house = House::with_room().await;
    let mut version = 2;
    let mut shown = 0;
    for _ in 0..40 {
        for is_member in [false, true] {
            house.append(membership_change(version, BOB, is_member)).await.expect("a change");
            version += 1;
            house.say(ALICE, if is_member { "seen" } else { "hidden" }).await;
        }
        shown += 1;
    }
    let (mut request, mut texts) =
        (ListMessagesRequest { page_size: 200, ..ListMessagesRequest::default() }, Vec::new());
    loop {
        let page = house.list(BOB, request.clone()).await.expect("a page");
        texts.extend(page.messages.into_iter().map(|message| message.text));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(texts, vec!["seen"; shown]);
    let mut after = house.cursor_at(0).await;
    let (mut seen, mut left_out) = (0, 0);
    loop {
        let page = house.read(Some(BOB), Some(after.clone()), 1_000).await.expect("a page");
        let Some(last) = page.events.last() else { break };
        (after.seq, after.event_id) = (last.seq, last.event_id.clone());
        seen += page.events.len();
        left_out += hidden(&page).iter().map(|(from, to)| to - from + 1).sum::<u64>();
    }
    assert_eq!((after.seq, seen, left_out), (161, 121, 40));
}
