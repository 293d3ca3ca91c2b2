//! Editing, deleting, reacting to and pinning messages, and what is hidden from one who was away.

use std::time::Duration;

use loquat_ids::{IdSource as _, RandomIds, RoomId};
use loquat_proto::{
    events::v1::Interest,
    messages::v1::{
        AppendRoomEventRequest, MembershipChange, MembershipsChanged, Message, ReadRoomLogRequest, RoomCursor,
        SeqRange, list_messages_request::Anchor, room_event::Change,
    },
    rooms::v1::Role,
};
use loquat_testkit::{Deed, House, Person, Shape, at_any_time, in_both_shapes, refused, shared_house};
use tokio::time::{Instant, sleep};
use tonic::Code;

in_both_shapes! { shared everywhere:
    a_message_is_edited_reacted_to_pinned_and_deleted_on_any_node,
    a_repeat_of_a_change_answers_the_first_place_on_another_node,
    a_request_id_is_for_one_thing_whatever_the_method,
    only_who_may_changes_a_message,
    nothing_changes_where_it_is_so_already,
    history_after_a_thousand_changes_is_what_the_log_says,
    what_was_deleted_comes_blanked_to_one_who_resumes,
    of_changes_at_once_on_two_nodes_all_stand_and_both_see_the_same,
}

async fn a_message_is_edited_reacted_to_pinned_and_deleted_on_any_node(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("ours", &[&ben]).await;
    let nodes = [house.messages_node(0), house.messages_node(1)];
    let message = ann.say(room, "helo").await;
    let id = &message.message_id;
    let mut stream = ben.subscribe(ben.interest_in(&[room]).await).await;

    let edited = ann.at(&nodes[0]).change(room, id, Deed::Edit("hello")).await.expect("an edit");
    let thumb = ben.at(&nodes[1]).change(room, id, Deed::React("👍")).await.expect("a reaction");
    let pinned = ann.at(&nodes[1]).change(room, id, Deed::Pin).await.expect("a pin");
    assert_eq!([edited.seq, thumb.seq, pinned.seq], [1, 2, 3].map(|after| message.seq + after));
    let now = pinned.message;
    assert_eq!((now.text.as_str(), now.edit_count, now.is_pinned), ("hello", 1, true));
    assert_eq!((now.reactions[0].count, now.reactions[0].has_caller), (1, false));
    for way in [&nodes[0], &nodes[1], &house.gateway(0), &house.gateway(1)] {
        let read = ann.at(way).get_message(room, id).await.expect("a message");
        assert_eq!(at_any_time(read.clone()), at_any_time(now.clone()));
        assert!(read.as_of_seq >= pinned.seq);
        assert_eq!(ann.at(way).pinned(room).await.expect("pins").len(), 1);
    }
    assert!(ben.get_message(room, id).await.expect("a message").reactions[0].has_caller);

    let deleted = ann.at(&nodes[0]).change(room, id, Deed::Delete).await.expect("a deletion");
    for way in [&nodes[0], &nodes[1]] {
        let read = ben.at(way).get_message(room, id).await.expect("a tombstone");
        assert_eq!(at_any_time(read), at_any_time(deleted.message.clone()));
        assert_eq!(ben.at(way).pinned(room).await.expect("no pins"), []);
        assert_eq!(ben.at(way).all_messages(room).await.len(), 1, "its place is there");
    }
    let tombstone = deleted.message;
    assert!(tombstone.is_deleted && !tombstone.is_pinned && tombstone.reactions.is_empty());
    assert_eq!((tombstone.text.as_str(), tombstone.formatted_text, tombstone.seq), ("", None, message.seq));

    let events = stream.until_seq(room, deleted.seq).await;
    let changes: Vec<_> = events.into_iter().filter_map(|event| event.change).collect();
    let [
        Change::MessageEdited(edit),
        Change::ReactionChanged(reaction),
        Change::PinChanged(pin),
        Change::MessageDeleted(end),
    ] = &changes[..]
    else {
        panic!("the four changes, in order: {changes:#?}")
    };
    assert_eq!((edit.text.as_str(), edit.edit_count), ("hello", 1));
    assert_eq!((reaction.emoji.as_str(), reaction.is_added, pin.is_pinned), ("👍", true, true));
    assert!([&edit.message_id, &reaction.message_id, &pin.message_id, &end.message_id].iter().all(|of| *of == id));
}

async fn a_repeat_of_a_change_answers_the_first_place_on_another_node(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let message = ann.say(room, "hello").await;
    let deeds = [
        ("request-edit", Deed::Edit("other")),
        ("request-react", Deed::React("🎉")),
        ("request-unreact", Deed::Unreact("🎉")),
        ("request-pin", Deed::Pin),
        ("request-unpin", Deed::Unpin),
        ("request-delete", Deed::Delete),
    ];
    let mut firsts = Vec::new();
    for (request, deed) in deeds {
        let first = ann.change_as(room, request, &message.message_id, deed).await.expect("a change");
        assert!(!first.is_repeat);
        firsts.push(first.seq);
    }
    assert_eq!(firsts, (message.seq + 1..=message.seq + 6).collect::<Vec<_>>());
    for way in [house.messages_node(0), house.messages_node(1), house.gateway(0), house.gateway(1)] {
        for ((request, deed), first) in deeds.iter().zip(&firsts) {
            let again = ann.at(&way).change_as(room, request, &message.message_id, *deed).await.expect("a repeat");
            assert_eq!((again.seq, again.is_repeat), (*first, true), "{deed:?}");
            assert_eq!(again.message.message_id, message.message_id);
        }
    }
    assert_eq!(ann.cursor(room).await.seq, message.seq + 6, "nothing was written twice");
}

async fn a_request_id_is_for_one_thing_whatever_the_method(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let (message, other) = (ann.say(room, "hello").await, ann.say(room, "another").await);
    ann.change_as(room, "request-one", &message.message_id, Deed::Edit("one")).await.expect("an edit");
    ann.send_as(room, "request-two", "a message").await.expect("a send");
    let head = ann.cursor(room).await.seq;
    for way in [house.messages_node(0), house.messages_node(1)] {
        let ann = ann.at(&way);
        for (id, deed) in [
            (&message.message_id, Deed::Edit("two")),
            (&other.message_id, Deed::Edit("one")),
            (&message.message_id, Deed::Delete),
            (&message.message_id, Deed::React("👍")),
            (&message.message_id, Deed::Unreact("👍")),
            (&message.message_id, Deed::Pin),
            (&message.message_id, Deed::Unpin),
        ] {
            for request in ["request-one", "request-two"] {
                let refusal = refused(ann.change_as(room, request, id, deed).await);
                assert_eq!(
                    refusal.told(),
                    (Code::AlreadyExists, "loquat.messages.v1", "REQUEST_ID_REUSED"),
                    "{deed:?}"
                );
            }
        }
        let refusal = refused(ann.send_as(room, "request-one", "one").await);
        assert_eq!(refusal.because(), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    }
    assert_eq!(ann.cursor(room).await.seq, head, "nothing was written");
}

async fn only_who_may_changes_a_message(house: &House) {
    let (ann, ben, eve) = (house.person("ann").await, house.person("ben").await, house.person("eve").await);
    let room = ann.public_room("Ann's").await;
    ben.join(room).await.expect("it is public");
    let (hers, his) = (ann.say(room, "hers").await, ben.say(room, "his").await);
    let others = refused(ann.change(room, &his.message_id, Deed::Edit("put into his mouth")).await);
    assert_eq!(others.told(), (Code::PermissionDenied, "loquat.messages.v1", "NOT_THE_SENDER"));
    let others = refused(ben.change(room, &hers.message_id, Deed::Delete).await);
    assert_eq!(others.because(), (Code::PermissionDenied, "NOT_THE_SENDER"));
    for deed in [Deed::Edit("x"), Deed::Delete, Deed::React("👍"), Deed::Pin] {
        let refusal = refused(eve.change(room, &hers.message_id, deed).await);
        assert_eq!(refusal.because(), (Code::NotFound, "ROOM_NOT_FOUND"), "{deed:?}");
        let refusal = refused(ann.change(room, &room.to_string(), deed).await);
        assert_eq!(refusal.because(), (Code::NotFound, "MESSAGE_NOT_FOUND"), "{deed:?}");
    }
    // An owner that went and came back is a member like others.
    ann.leave(room).await.expect("an owner leaves like others");
    let gone = refused(ann.change(room, &hers.message_id, Deed::Edit("from outside")).await);
    assert_eq!(gone.because(), (Code::NotFound, "ROOM_NOT_FOUND"));
    ann.join(room).await.expect("it is public");
    for way in [house.messages_node(0), house.messages_node(1)] {
        let ex_owner = refused(ann.at(&way).change(room, &his.message_id, Deed::Delete).await);
        assert_eq!(ex_owner.because(), (Code::PermissionDenied, "NOT_THE_SENDER"));
    }
    ann.change(room, &hers.message_id, Deed::Edit("still hers")).await.expect("an own message");
    // And one that is the owner deletes anybody's.
    let room = ben.public_room("Ben's").await;
    ann.join(room).await.expect("it is public");
    let hers = ann.say(room, "hers, in his room").await;
    ben.change(room, &hers.message_id, Deed::Delete).await.expect("the owner may");
    for deed in [Deed::Edit("x"), Deed::Delete, Deed::React("👍"), Deed::Unreact("👍"), Deed::Pin, Deed::Unpin] {
        let refusal = refused(ann.change(room, &hers.message_id, deed).await);
        assert_eq!(refusal.told(), (Code::FailedPrecondition, "loquat.messages.v1", "MESSAGE_DELETED"), "{deed:?}");
    }
}

async fn nothing_changes_where_it_is_so_already(house: &House) {
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let message = ann.say(room, "hello").await;
    let id = &message.message_id;
    ann.change(room, id, Deed::React("❤")).await.expect("a reaction");
    let pinned = ann.change(room, id, Deed::Pin).await.expect("a pin");
    for way in [house.messages_node(0), house.messages_node(1)] {
        for deed in [Deed::React("❤️"), Deed::Unreact("👍"), Deed::Pin] {
            let same = ann.at(&way).change(room, id, deed).await.expect("an answer");
            assert_eq!((same.seq, same.is_repeat), (0, false), "{deed:?}");
            assert_eq!(at_any_time(same.message), at_any_time(pinned.message.clone()));
        }
    }
    let refusal = refused(ann.change(room, id, Deed::React("thumbs up")).await);
    assert_eq!(refusal.told(), (Code::InvalidArgument, "loquat.messages.v1", "EMOJI_UNKNOWN"));
    assert_eq!(ann.cursor(room).await.seq, pinned.seq, "nothing was written");
}

async fn history_after_a_thousand_changes_is_what_the_log_says(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("busy", &[&ben]).await;
    let mut messages = Vec::new();
    for number in 0..12 {
        messages.push(ann.say(room, &format!("message {number}")).await);
    }
    let edits = messages.iter().take(10).map(|message| async {
        for edit in 1..=100 {
            let node = house.gateway(edit % 2);
            let text = format!("edit {edit} of {}", message.seq);
            ann.at(&node).change(room, &message.message_id, Deed::Edit(&text)).await.expect("an edit");
        }
    });
    futures::future::join_all(edits).await;
    let full = refused(ann.change(room, &messages[0].message_id, Deed::Edit("one too many")).await);
    assert_eq!(full.told(), (Code::FailedPrecondition, "loquat.messages.v1", "MESSAGE_FULL"));
    ben.change(room, &messages[3].message_id, Deed::React("👍")).await.expect("a reaction");
    ann.change(room, &messages[4].message_id, Deed::Delete).await.expect("a deletion");
    let last = ann.say(room, "the last").await;
    let expected = |message: &Message| match message.seq {
        seq if seq == messages[4].seq => (String::new(), 100, true),
        seq if seq >= messages[10].seq => (message.text.clone(), 0, false),
        seq => (format!("edit 100 of {seq}"), 100, false),
    };
    for way in [house.messages_node(0), house.messages_node(1), house.gateway(0)] {
        let page = ben.at(&way).list(room, Some(Anchor::AfterSeq(0)), 200, "").await.expect("a page");
        assert_eq!(page.messages.len(), 13);
        assert_eq!(page.cursor.expect("a cursor").seq, last.seq);
        for message in &page.messages {
            let seen = (message.text.clone(), message.edit_count, message.is_deleted);
            assert_eq!(seen, expected(message), "{message:?}");
            assert!(message.as_of_seq >= last.seq);
        }
        assert_eq!(page.messages[3].reactions[0].user_ids, [ben.user.to_string()]);
        // The same by small pages from the other end.
        let (mut read, mut token) = (Vec::new(), String::new());
        loop {
            let page = ben.at(&way).list(room, None, 5, &token).await.expect("a page");
            read.splice(0..0, page.messages);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let read: Vec<_> = read.into_iter().map(at_any_time).collect();
        assert_eq!(read, page.messages.into_iter().map(at_any_time).collect::<Vec<_>>());
    }
}

async fn what_was_deleted_comes_blanked_to_one_who_resumes(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("ours", &[&ben]).await;
    let before = ben.cursor(room).await;
    let message = ann.say(room, "a secret").await;
    ann.change(room, &message.message_id, Deed::Edit("another secret")).await.expect("an edit");
    let deleted = ann.change(room, &message.message_id, Deed::Delete).await.expect("a deletion");
    let by = Instant::now() + Duration::from_secs(20);
    loop {
        let resumed = Interest { rooms: vec![before.clone()], presence_user_ids: Vec::new() };
        let mut stream = ben.at(&house.gateway(1)).subscribe(resumed).await;
        let events = stream.until_seq(room, deleted.seq).await;
        assert_eq!(
            events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            (before.seq + 1..=deleted.seq).collect::<Vec<_>>()
        );
        let fields: Vec<_> = events
            .iter()
            .take(2)
            .map(|event| match &event.change {
                Some(Change::Blanked(blanked)) => blanked.change_field,
                _ => 0,
            })
            .collect();
        if fields == [13, 15] {
            assert!(matches!(events[2].change, Some(Change::MessageDeleted(_))));
            assert_eq!(events[0].event_id, message.message_id);
            break;
        }
        assert!(Instant::now() < by, "not blanked in time: {events:#?}");
        drop(stream);
        sleep(Duration::from_millis(100)).await;
    }
    let again = ann.send_as(room, &message.request_id, "a secret").await.expect("a repeat");
    assert!(again.is_repeat && again.message.is_some_and(|again| again.is_deleted && again.seq == message.seq));
}

async fn of_changes_at_once_on_two_nodes_all_stand_and_both_see_the_same(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("ours", &[&ben]).await;
    let message = ann.say(room, "hello").await;
    let id = message.message_id.as_str();
    let nodes = [house.messages_node(0), house.messages_node(1)];
    let by = |person: Person| async move {
        let mut placed = Vec::new();
        for round in 0..25 {
            let deed = if round % 2 == 0 { Deed::React("👍") } else { Deed::Unreact("👍") };
            let node = &nodes_of(house)[round % 2];
            placed.push(person.at(node).change(room, id, deed).await.expect("a change").seq);
        }
        placed
    };
    let (of_ann, of_ben) = tokio::join!(by(ann.clone()), by(ben.clone()));
    let mut seqs = [of_ann, of_ben].concat();
    seqs.sort_unstable();
    assert_eq!(seqs, (message.seq + 1..=message.seq + 50).collect::<Vec<_>>(), "each has a place of its own");
    let seen = [ann.at(&nodes[0]), ann.at(&nodes[1])]
        .map(|ann| async move { ann.get_message(room, id).await.expect("a message") });
    let [one, other] = seen;
    let (one, other) = (one.await, other.await);
    assert_eq!(at_any_time(one.clone()), at_any_time(other));
    assert_eq!((one.reactions[0].count, one.reactions[0].has_caller), (2, true));
}

fn nodes_of(house: &House) -> [loquat_testkit::Gateway; 2] {
    [house.messages_node(0), house.messages_node(1)]
}

/// Nobody comes back into a private room by any method yet: here the log is told of it as the rooms service would. So this
/// runs where services have certificates.
async fn what_happened_while_one_was_away_is_hidden(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("ours", &[&ben]).await;
    let before = ben.cursor(room).await;
    let seen = ann.say(room, "before").await;
    ben.leave(room).await.expect("one may leave");
    let hidden = [ann.say(room, "while he").await, ann.say(room, "was away").await];
    let returning = come_back(room, &ann, &ben);
    house.service("messages-1", "rooms").room_log().append_room_event(returning).await.expect("a return");
    let after = ann.say(room, "again").await;

    for way in [house.messages_node(0), house.messages_node(1)] {
        let ben = ben.at(&way);
        let texts: Vec<_> = ben.all_messages(room).await.into_iter().map(|message| message.text).collect();
        assert_eq!(texts, ["before", "again"]);
        for message in &hidden {
            let refusal = refused(ben.get_message(room, &message.message_id).await);
            assert_eq!(refusal.because(), (Code::NotFound, "MESSAGE_NOT_FOUND"));
            let refusal = refused(ben.change(room, &message.message_id, Deed::React("👍")).await);
            assert_eq!(refusal.because(), (Code::NotFound, "MESSAGE_NOT_FOUND"));
        }
        assert_eq!(ann.at(&way).all_messages(room).await.len(), 4);
    }
    let request = ReadRoomLogRequest {
        room_id: room.to_string(),
        reader_id: ben.user.to_string(),
        after: Some(RoomCursor { seq: before.seq, ..before.clone() }),
        page_size: 0,
    };
    let log =
        house.service("messages-2", "gateway").room_log().read_room_log(request).await.expect("a page").into_inner();
    let seqs: Vec<_> = log.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [seen.seq, seen.seq + 1, seen.seq + 4, after.seq]);
    assert_eq!(log.hidden_ranges, [SeqRange { from_seq: hidden[0].seq, to_seq: hidden[1].seq }]);
    assert_eq!((log.visible_from_seq, log.reader_is_member), (seen.seq + 4, true));
}

fn come_back(room: RoomId, actor: &Person, user: &Person) -> AppendRoomEventRequest {
    let change = MembershipChange { user_id: user.user.to_string(), is_member: true, role: Role::Member.into() };
    AppendRoomEventRequest {
        room_id: room.to_string(),
        event_id: RandomIds.fresh().to_string(),
        // The room began at 1, and he left at 2.
        version: 3,
        actor_id: actor.user.to_string(),
        memberships_changed: Some(MembershipsChanged { changes: vec![change], member_count: 2 }),
        ..AppendRoomEventRequest::default()
    }
}

#[tokio::test]
async fn what_happened_while_one_was_away_is_hidden_on_mongodb() {
    let test = "what_happened_while_one_was_away_is_hidden_on_mongodb";
    if let Some(house) = shared_house(Shape::Distributed, test).await {
        what_happened_while_one_was_away_is_hidden(&house).await;
    }
}

#[tokio::test]
async fn what_happened_while_one_was_away_is_hidden_on_postgres() {
    let test = "what_happened_while_one_was_away_is_hidden_on_postgres";
    if let Some(house) = shared_house(Shape::DistributedOnPostgres, test).await {
        what_happened_while_one_was_away_is_hidden(&house).await;
    }
}
