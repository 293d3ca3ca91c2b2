//! Items as the contract encodes them, of every kind of event.

use loquat_proto::messages::v1::{RoomEvent, room_event::Change};

use super::*;

const ROOM: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const EVENT: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8059";

fn event(change: Option<Change>) -> RoomEvent {
    RoomEvent {
        room_id: ROOM.into(),
        seq: 300,
        event_id: EVENT.into(),
        epoch: "e1".into(),
        actor_id: USER.into(),
        create_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
        trace_context: Some(messages::TraceContext { traceparent: "00-1-2-01".into(), tracestate: "a=b".into() }),
        change,
    }
}

fn blanked(change_field: u32) -> RoomEvent {
    event(Some(Change::Blanked(messages::Blanked { change_field })))
}

fn read(event: &RoomEvent) -> RoomNews {
    room_news(&event.encode_to_vec().into(), None).expect("an event")
}

/// One change of each kind.
fn changes() -> Vec<Change> {
    let membership = rooms::Membership { user_id: USER.into(), ..rooms::Membership::default() };
    let went = messages::MembershipChange { user_id: USER.into(), is_member: false, role: 0 };
    let message = messages::Message { text: "a secret".into(), seq: 300, ..messages::Message::default() };
    let (message_id, message_seq) = (EVENT.to_owned(), 280);
    vec![
        Change::RoomCreated(messages::RoomCreated { memberships: vec![membership], ..Default::default() }),
        Change::RoomUpdated(messages::RoomUpdated { room: Some(rooms::Room::default()) }),
        Change::MembershipsChanged(messages::MembershipsChanged { changes: vec![went], member_count: 1 }),
        Change::MessageSent(messages::MessageSent { message: Some(message) }),
        Change::Blanked(messages::Blanked { change_field: 13 }),
        Change::MessageEdited(messages::MessageEdited {
            message_id: message_id.clone(),
            message_seq,
            text: "a secret".into(),
            edit_count: 1,
            ..Default::default()
        }),
        Change::MessageDeleted(messages::MessageDeleted { message_id: message_id.clone(), message_seq }),
        Change::ReactionChanged(messages::ReactionChanged {
            message_id: message_id.clone(),
            message_seq,
            emoji: "👍".into(),
            is_added: true,
        }),
        Change::PinChanged(messages::PinChanged { message_id, message_seq, is_pinned: true }),
    ]
}

#[test]
fn an_event_of_any_kind_is_wrapped_as_the_contract_encodes_it() {
    for change in changes() {
        let event = event(Some(change));
        let news = read(&event);
        assert_eq!((news.room.to_string(), news.place.seq), (ROOM.to_owned(), 300));
        assert_eq!(news.encoded, item_of(Kind::RoomEvent(event)));
    }
}

#[test]
fn an_event_of_a_kind_that_is_not_known_yet_is_carried_as_it_was_sent() {
    let mut bytes = event(None).encode_to_vec();
    let known = bytes.len();
    prost::encoding::string::encode(99, &"of another age".to_owned(), &mut bytes);
    let news = room_news(&bytes.clone().into(), None).expect("an event");
    assert!(news.encoded.ends_with(&bytes[known..]));
}

#[test]
fn who_came_and_who_went_is_read() {
    let members: Vec<_> = changes().into_iter().map(|change| read(&event(Some(change))).members).collect();
    let user: UserId = USER.parse().expect("a user");
    assert_eq!((&members[0], &members[2]), (&vec![(user, true)], &vec![(user, false)]));
    assert_eq!(members.iter().flatten().count(), 2);
    assert!(read(&blanked(MEMBERSHIPS_CHANGED_FIELD)).is_erased && !read(&blanked(MESSAGE_SENT_FIELD)).is_erased);
}

#[test]
fn of_a_text_it_is_known_whose_it_is_and_what_is_left_without_it() {
    let texts: Vec<_> = changes().into_iter().filter_map(|change| read(&event(Some(change))).text).collect();
    let left: Vec<_> = texts.iter().map(|text| (text.message, text.blanked.clone())).collect();
    let without = |field| item_of(Kind::RoomEvent(blanked(field)));
    assert_eq!(left, [(300, without(MESSAGE_SENT_FIELD)), (280, without(MESSAGE_EDITED_FIELD))]);
    let deletes: Vec<_> = changes().into_iter().filter_map(|change| read(&event(Some(change))).deletes).collect();
    assert_eq!(deletes, [280]);
}

#[test]
fn bytes_that_are_no_event_are_no_news() {
    assert!(room_news(&Bytes::from_static(b"\xff\xff"), None).is_none());
    assert!(room_news(&Bytes::new(), None).is_none());
}
