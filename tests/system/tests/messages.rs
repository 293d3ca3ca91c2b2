//! Sending and reading: stored, ordered, deduplicated.

use std::collections::BTreeSet;

use loquat_proto::messages::v1::{
    GetMessageRequest, Message, SendMessageResponse, list_messages_request::Anchor, room_event::Change,
};
use loquat_testkit::{House, Person, at_any_time, in_both_shapes, refused};
use tonic::Code;

in_both_shapes! { shared everywhere:
    a_message_is_read_as_it_was_sent,
    history_is_read_before_after_and_around_by_pages,
    a_repeat_answers_what_the_first_call_answered_on_any_node,
    a_request_id_with_other_content_is_refused_and_stores_nothing,
    fifty_senders_at_once_make_one_order_that_all_observers_see,
    what_was_acknowledged_before_stands_before,
}

async fn a_message_is_read_as_it_was_sent(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let text = "Grüße 👩‍👩‍👧 <b>&amp;</b>\nzweite Zeile\u{202e}";
    let sent = ann.say(room, text).await;
    assert_eq!((sent.text.as_str(), sent.sender_id.as_str()), (text, ann.user.to_string().as_str()));
    assert!(sent.formatted_text.is_some() && sent.create_time.is_some() && sent.seq > 1, "{sent:?}");
    let there = ann.at(&house.gateway(1));
    let request = GetMessageRequest { room_id: room.to_string(), message_id: sent.message_id.clone() };
    let read = there.gateway.messages().get_message(there.ask(request)).await.expect("it is there").into_inner();
    assert_eq!(read.message, Some(sent.clone()));
    assert_eq!(there.all_messages(room).await, [sent]);
    let request = GetMessageRequest { room_id: room.to_string(), message_id: room.to_string() };
    let refusal = refused(there.gateway.messages().get_message(there.ask(request)).await);
    assert_eq!(refusal.told(), (Code::NotFound, "loquat.messages.v1", "MESSAGE_NOT_FOUND"));
}

async fn history_is_read_before_after_and_around_by_pages(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut all = Vec::new();
    for number in 0..25 {
        all.push(ann.say(room, &format!("message {number}")).await);
    }
    // Nothing has become of them: they are as they were sent, only as of later.
    let all: Vec<_> = all.into_iter().map(at_any_time).collect();
    let list = async |anchor, token: &str, size| {
        let mut page = ann.list(room, anchor, size, token).await.expect("a page");
        page.messages = page.messages.into_iter().map(at_any_time).collect();
        page
    };
    let newest = list(None, "", 10).await;
    assert_eq!(newest.messages, all[15..]);
    assert_eq!(newest.cursor.expect("a cursor").seq, all[24].seq);
    let older = list(None, &newest.next_page_token, 10).await;
    assert_eq!(older.messages, all[5..15]);
    let oldest = list(None, &older.next_page_token, 10).await;
    assert_eq!((oldest.messages, oldest.next_page_token.as_str()), (all[..5].to_vec(), ""));

    let before = list(Some(Anchor::BeforeSeq(all[12].seq)), "", 5).await;
    assert_eq!(before.messages, all[7..12]);
    let after = list(Some(Anchor::AfterSeq(all[12].seq)), "", 5).await;
    assert_eq!(after.messages, all[13..18]);
    let further = list(Some(Anchor::AfterSeq(0)), &after.next_page_token, 5).await;
    assert_eq!(further.messages, all[18..23], "a page token takes the place of the anchor");
    let around = list(Some(Anchor::AroundSeq(all[12].seq)), "", 5).await;
    assert!(
        around.messages.contains(&all[11]) && around.messages.contains(&all[12]) && around.messages.contains(&all[13])
    );
    assert!(around.messages.len() <= 6 && around.next_page_token.is_empty(), "{around:?}");
    let end = ann.list(room, Some(Anchor::AfterSeq(u64::MAX)), 5, "").await.expect("a page");
    assert_eq!((end.messages.len(), end.next_page_token.as_str()), (0, ""));
    let refusal = refused(ann.list(room, None, 5, "made up").await);
    assert_eq!(refusal.told(), (Code::InvalidArgument, "loquat.messages.v1", "PAGE_TOKEN_INVALID"));
    let elsewhere = ann.public_room("another room").await;
    let refusal = refused(ann.list(elsewhere, None, 5, &newest.next_page_token).await);
    assert_eq!(refusal.because(), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"), "a token of another room's list");
}

async fn a_repeat_answers_what_the_first_call_answered_on_any_node(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let first = ann.send_as(room, "request-one", "once").await.expect("a send");
    assert!(!first.is_repeat);
    ann.say(room, "something between").await;
    for gateway in [house.gateway(0), house.gateway(1), house.messages_node(0), house.messages_node(1)] {
        let again = ann.at(&gateway).send_as(room, "request-one", "once").await.expect("a repeat");
        assert_eq!(again, SendMessageResponse { is_repeat: true, ..first.clone() });
    }
    let nodes = [house.messages_node(0), house.messages_node(1)];
    let both = futures::future::join_all(
        nodes.iter().map(|node| async { ann.at(node).send_as(room, "request-two", "at once").await.expect("a send") }),
    )
    .await;
    assert_eq!(both[0].message, both[1].message);
    assert!(both[0].is_repeat != both[1].is_repeat, "one of the two sent it: {both:?}");
    assert_eq!(ann.all_messages(room).await.len(), 3);
}

async fn a_request_id_with_other_content_is_refused_and_stores_nothing(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    ann.send_as(room, "request-one", "one thing").await.expect("a send");
    for gateway in [house.gateway(1), house.messages_node(0), house.messages_node(1)] {
        let refusal = refused(ann.at(&gateway).send_as(room, "request-one", "another thing").await);
        assert_eq!(refusal.told(), (Code::AlreadyExists, "loquat.messages.v1", "REQUEST_ID_REUSED"));
    }
    let of_ben = ben.send_as(room, "request-one", "another thing").await.expect("a request id is of its sender");
    assert!(!of_ben.is_repeat);
    let texts: Vec<_> = ann.all_messages(room).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["one thing", "another thing"]);
}

async fn fifty_senders_at_once_make_one_order_that_all_observers_see(house: &House) {
    let people = [house.person("ann").await, house.person("ben").await, house.person("cleo").await];
    let room = people[0].public_room("a busy room").await;
    for person in &people[1..] {
        person.join(room).await.expect("it is public");
    }
    let before = people[0].cursor(room).await.seq;
    let ways = [house.gateway(0), house.gateway(1), house.messages_node(0), house.messages_node(1)];
    let interest_in = people[0].interest_in(&[room]).await;
    let mut here = people[1].subscribe(interest_in.clone()).await;
    let mut there = people[2].at(&house.gateway(1)).subscribe(interest_in).await;
    // Both watch once each has seen a message of now.
    let marker = people[0].say(room, "a beginning").await;
    here.until_seq(room, marker.seq).await;
    there.until_seq(room, marker.seq).await;

    let senders = (0..50).map(|number| {
        let sender = people[number % people.len()].at(&ways[number % ways.len()]);
        async move {
            let mut sent = Vec::new();
            for round in 0..4 {
                sent.push(sender.say(room, &format!("{number} says {round}")).await);
            }
            sent
        }
    });
    let sent: Vec<Vec<Message>> = futures::future::join_all(senders).await;
    assert!(sent.iter().all(|of_one| of_one.is_sorted_by_key(|message| message.seq)), "each sender's own order holds");

    let log: Vec<_> = people[0].all_messages(room).await.into_iter().map(at_any_time).collect();
    let expected: BTreeSet<_> =
        sent.iter().flatten().map(|message| (message.seq, message.message_id.clone())).collect();
    assert_eq!(expected.len(), 200);
    let seqs: Vec<u64> = log.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (before + 1..=before + 201).collect::<Vec<_>>(), "dense, each once");
    assert!(log.is_sorted_by_key(|message| message.create_time.map(|time| (time.seconds, time.nanos))));
    let found: BTreeSet<_> = log[1..].iter().map(|message| (message.seq, message.message_id.clone())).collect();
    assert_eq!(found, expected);
    for stream in [&mut here, &mut there] {
        let events = stream.until_seq(room, before + 201).await;
        let seen: Vec<Message> = events.into_iter().filter_map(message_of).filter(|said| said.seq > before).collect();
        assert_eq!(seen, log);
    }
}

fn message_of(event: loquat_proto::messages::v1::RoomEvent) -> Option<Message> {
    match event.change {
        Some(Change::MessageSent(sent)) => sent.message,
        _ => None,
    }
}

async fn what_was_acknowledged_before_stands_before(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    let ways: Vec<Person> = [house.gateway(0), house.gateway(1), house.messages_node(0), house.messages_node(1)]
        .iter()
        .zip([&ann, &ben, &ann, &ben])
        .map(|(way, person)| person.at(way))
        .collect();
    let mut last = None;
    for round in 0..12 {
        let said = ways[round % ways.len()].say(room, &format!("{round}")).await;
        let place = (said.seq, said.create_time.map(|time| (time.seconds, time.nanos)));
        assert!(last.is_none_or(|last| last < place), "{last:?} was acknowledged before {place:?} was sent");
        last = Some(place);
    }
    let texts: Vec<_> = ann.all_messages(room).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, (0..12).map(|round| round.to_string()).collect::<Vec<_>>());
}
