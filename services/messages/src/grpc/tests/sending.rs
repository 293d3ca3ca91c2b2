//! Sending messages.

use futures::StreamExt as _;
use loquat_bus::{Pattern, Received, Subject};
use loquat_proto::messages::v1::{RoomEvent, block, inline, room_event::Change};
use prost::Message as _;

use super::*;

#[tokio::test]
async fn a_message_is_sent_formatted_and_told() {
    let house = House::with_room().await;
    let mut news = house.bus.subscribe(Pattern::exactly(Subject::room(ROOM))).await.expect("a subscription");
    let sent = house.send(ALICE, "request-1", "one\ntwo\n\nthree").await.expect("an answer");
    let message = sent.message.expect("a message");
    assert!(!sent.is_repeat);
    assert_eq!((message.seq, message.sender_id.as_str()), (2, ALICE.to_string().as_str()));
    assert_eq!((message.request_id.as_str(), message.text.as_str()), ("request-1", "one\ntwo\n\nthree"));
    let tree = message.formatted_text.clone().expect("a tree");
    assert_eq!(tree.blocks.len(), 2);
    let Some(block::Kind::Paragraph(paragraph)) = &tree.blocks[0].kind else { panic!("a paragraph") };
    assert_eq!(paragraph.inlines.len(), 3);
    assert_eq!(paragraph.inlines[0].kind, Some(inline::Kind::Text("one".to_owned())));

    let event = loop {
        let Some(Received::News(news)) = news.next().await else { panic!("news") };
        let event = RoomEvent::decode(news.payload).expect("an event");
        // The room's own beginning may be told late.
        if event.seq == 2 {
            break event;
        }
    };
    assert_eq!(
        (event.event_id.as_str(), event.actor_id.as_str()),
        (message.message_id.as_str(), message.sender_id.as_str())
    );
    let Some(Change::MessageSent(told)) = event.change else { panic!("a message") };
    assert_eq!((message.as_of_seq, message.is_deleted, message.edit_count), (2, false, 0));
    assert_eq!(told.message, Some(Message { as_of_seq: 0, ..message }));
}

#[tokio::test]
async fn a_repeat_returns_the_first_answer_and_says_so() {
    let house = House::with_room().await;
    let first = house.send(ALICE, "request-1", "hello").await.expect("an answer");
    let again = house.send(ALICE, "request-1", "hello").await.expect("an answer");
    assert_eq!((again.message, again.is_repeat), (first.message, true));
    assert_eq!(
        refusal(house.send(ALICE, "request-1", "goodbye").await),
        (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned())
    );
}

#[tokio::test]
async fn to_others_a_room_does_not_exist() {
    let house = House::with_room().await;
    let expected = (Code::NotFound, "ROOM_NOT_FOUND".to_owned());
    assert_eq!(refusal(house.send(CAROL, "request-1", "hello").await), expected);
    house.append(membership_change(2, BOB, false)).await.expect("a removal");
    assert_eq!(refusal(house.send(BOB, "request-2", "hello").await), expected);
}

#[tokio::test]
async fn a_text_that_says_nothing_or_too_much_is_named() {
    let house = House::with_room().await;
    for text in [String::new(), " \n\t".to_owned(), "x".repeat(4_001)] {
        let status = house.send(ALICE, "request-1", &text).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.bad_request().expect("violations").field_violations[0].field, "text");
    }
    let longest = "\u{1F34A}".repeat(4_000);
    assert_eq!(house.say(ALICE, &longest).await.text, longest);
}

#[tokio::test]
async fn nobody_sends_without_a_token() {
    let house = House::with_room().await;
    let request =
        SendMessageRequest { room_id: ROOM.to_string(), request_id: "request-1".to_owned(), text: "hello".to_owned() };
    assert_eq!(refusal(house.messages().send_message(request).await).0, Code::Unauthenticated);
}
