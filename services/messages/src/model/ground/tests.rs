//! Who may do what to which message.

use super::*;
use crate::model::{
    Seq,
    fixture::{
        ALICE, BOB, about, changed, created, deleted, edited, emoji, message_id, moved, pinned, reacted, room,
        send_event, text, user,
    },
};

const CAROL: loquat_ids::UserId = user(3);

/// A room of Alice's, with Bob in it, where what was said and done by place is as given, from 2 on.
fn ground(events: &[Arc<RoomEvent>]) -> Ground {
    let mut ground = Ground::default();
    ground.apply(&changed(room(1), 1, ALICE, created(&[ALICE, BOB])));
    for event in events {
        if matches!(event.change, Change::MessageSent { .. }) {
            ground.messages.insert(event.message_id(), None);
        }
        ground.apply(event);
    }
    ground
}

fn judge(ground: &Ground, actor: loquat_ids::UserId, seq: u64, deed: Deed) -> Result<Change, Verdict> {
    ground.judge(&about(actor, 900, "request-900", message_id(seq), deed))
}

fn refused(refusal: Refusal) -> Result<Change, Verdict> {
    Err(Verdict::Refused(refusal))
}

fn thumb() -> Deed {
    Deed::AddReaction(emoji("👍"))
}

#[test]
fn only_the_sender_edits() {
    let ground = ground(&[send_event(2, BOB, "hello")]);
    assert_eq!(judge(&ground, BOB, 2, Deed::Edit(text("other"))), Ok(edited(2, 1, "other")));
    assert_eq!(judge(&ground, ALICE, 2, Deed::Edit(text("other"))), refused(Refusal::NotTheSender));
    assert_eq!(judge(&ground, CAROL, 2, Deed::Edit(text("other"))), refused(Refusal::RoomNotFound));
}

#[test]
fn the_sender_and_the_owner_delete() {
    let mut ground = ground(&[send_event(2, ALICE, "mine"), send_event(3, BOB, "yours")]);
    assert_eq!(judge(&ground, BOB, 3, Deed::Delete), Ok(deleted(3, false)));
    assert_eq!(judge(&ground, ALICE, 3, Deed::Delete), Ok(deleted(3, false)));
    assert_eq!(judge(&ground, BOB, 2, Deed::Delete), refused(Refusal::NotTheSender));
    // An owner that is none any more.
    ground.apply(&changed(room(1), 4, ALICE, moved(2, ALICE, Some(Role::Member))));
    assert_eq!(judge(&ground, ALICE, 3, Deed::Delete), refused(Refusal::NotTheSender));
    assert_eq!(judge(&ground, ALICE, 2, Deed::Delete), Ok(deleted(2, false)));
}

#[test]
fn nothing_changes_a_deleted_message() {
    let ground = ground(&[
        send_event(2, BOB, "hello"),
        changed(room(1), 3, BOB, reacted(2, "👍", true)),
        changed(room(1), 4, BOB, deleted(2, false)),
    ]);
    let deeds =
        [Deed::Edit(text("other")), Deed::Delete, thumb(), Deed::RemoveReaction(emoji("👍")), Deed::Pin, Deed::Unpin];
    for deed in deeds {
        assert_eq!(judge(&ground, BOB, 2, deed.clone()), refused(Refusal::MessageDeleted), "{deed:?}");
    }
    assert_eq!(judge(&ground, ALICE, 2, Deed::Edit(text("other"))), refused(Refusal::NotTheSender));
}

#[test]
fn what_is_so_already_changes_nothing() {
    let ground = ground(&[
        send_event(2, BOB, "hello"),
        changed(room(1), 3, BOB, reacted(2, "👍", true)),
        changed(room(1), 4, BOB, pinned(2, true)),
    ]);
    for deed in [thumb(), Deed::RemoveReaction(emoji("🎉")), Deed::Pin] {
        let Err(Verdict::Unchanged(message)) = judge(&ground, BOB, 2, deed.clone()) else { panic!("{deed:?}") };
        assert_eq!((message.as_of, message.is_pinned, message.reactions().len()), (Seq::new(4), true, 1));
    }
    assert_eq!(judge(&ground, ALICE, 2, thumb()), Ok(reacted(2, "👍", true)));
    assert_eq!(judge(&ground, BOB, 2, Deed::RemoveReaction(emoji("👍"))), Ok(reacted(2, "👍", false)));
    assert_eq!(judge(&ground, ALICE, 2, Deed::Unpin), Ok(pinned(2, false)));
    assert_eq!(judge(&ground, BOB, 2, Deed::Delete), Ok(deleted(2, true)), "a pinned message is deleted with its pin");
}

#[test]
fn a_message_takes_twenty_kinds_of_reaction_and_a_hundred_edits() {
    let kinds: Vec<_> = emojis::iter().take(21).map(|emoji| emoji.as_str()).collect();
    let mut events = vec![send_event(2, BOB, "hello")];
    for (kind, seq) in kinds[..20].iter().zip(3..) {
        events.push(changed(room(1), seq, ALICE, reacted(2, kind, true)));
    }
    for (count, seq) in (1..=99).zip(23..) {
        events.push(changed(room(1), seq, BOB, edited(2, count, "another")));
    }
    let mut ground = ground(&events);
    assert_eq!(judge(&ground, BOB, 2, Deed::AddReaction(emoji(kinds[20]))), refused(Refusal::MessageFull));
    assert_eq!(judge(&ground, BOB, 2, Deed::AddReaction(emoji(kinds[19]))), Ok(reacted(2, kinds[19], true)));
    assert_eq!(judge(&ground, BOB, 2, Deed::Edit(text("the last"))), Ok(edited(2, 100, "the last")));
    ground.apply(&changed(room(1), 122, BOB, edited(2, 100, "the last")));
    assert_eq!(judge(&ground, BOB, 2, Deed::Edit(text("too much"))), refused(Refusal::MessageFull));
    ground.apply(&changed(room(1), 123, ALICE, reacted(2, kinds[0], false)));
    assert_eq!(judge(&ground, BOB, 2, Deed::AddReaction(emoji(kinds[20]))), Ok(reacted(2, kinds[20], true)));
}

#[test]
fn a_room_has_a_hundred_pins() {
    let sends = (2..=102).map(|seq| send_event(seq, BOB, "hello"));
    let pins = (2..=101).zip(103..).map(|(message, seq)| changed(room(1), seq, BOB, pinned(message, true)));
    let mut ground = ground(&sends.chain(pins).collect::<Vec<_>>());
    assert_eq!(judge(&ground, BOB, 102, Deed::Pin), refused(Refusal::PinsFull));
    assert_eq!(judge(&ground, BOB, 50, Deed::Delete), Ok(deleted(50, true)));
    ground.apply(&changed(room(1), 203, BOB, deleted(50, true)));
    assert_eq!(judge(&ground, BOB, 102, Deed::Pin), Ok(pinned(102, true)));
}

#[test]
fn what_was_said_while_one_was_away_is_not_there_for_one() {
    let ground = ground(&[
        send_event(2, ALICE, "before"),
        changed(room(1), 3, ALICE, moved(2, BOB, None)),
        send_event(4, ALICE, "while he was away"),
        changed(room(1), 5, ALICE, moved(3, BOB, Some(Role::Member))),
    ]);
    assert_eq!(judge(&ground, BOB, 4, thumb()), refused(Refusal::MessageNotFound(message_id(4))));
    assert_eq!(judge(&ground, BOB, 2, thumb()), Ok(reacted(2, "👍", true)));
    assert_eq!(judge(&ground, ALICE, 4, thumb()), Ok(reacted(4, "👍", true)));
}

#[test]
fn a_message_that_is_not_known_is_read_first_and_forgotten_with_its_place() {
    let mut ground = ground(&[send_event(2, BOB, "hello")]);
    let unread = Err(Verdict::Unread(message_id(7)));
    assert_eq!(judge(&ground, BOB, 7, thumb()), unread);
    ground.learn(ground.room().clone(), [(message_id(7), None)].into());
    assert_eq!(judge(&ground, BOB, 7, thumb()), refused(Refusal::MessageNotFound(message_id(7))));
    assert_eq!(judge(&ground, BOB, 2, thumb()), Ok(reacted(2, "👍", true)), "the place is the same");
    let mut further = ground.room().clone();
    further.apply(&send_event(3, BOB, "more"));
    ground.learn(further, FoldedMessages::new());
    assert_eq!(judge(&ground, BOB, 7, thumb()), unread);
    assert_eq!(judge(&ground, BOB, 2, thumb()), Err(Verdict::Unread(message_id(2))));
}

#[test]
fn a_ground_goes_on_by_what_follows_and_by_nothing_else() {
    let said = [send_event(2, ALICE, "hello"), send_event(3, BOB, "hi")];
    let known = ground(&said);
    let later = [
        said[1].clone(),
        changed(room(1), 4, ALICE, edited(2, 1, "other")),
        changed(room(1), 5, BOB, reacted(2, "👍", true)),
        changed(room(1), 6, ALICE, moved(2, BOB, None)),
        send_event(7, ALICE, "more"),
    ];
    let asked = [message_id(2), message_id(3)];
    let (state, messages) = known.followed_by(&later, &asked).expect("it follows");
    assert_eq!((state.seq().get(), state.is_member(BOB)), (7, false));
    let expected = ground(&[&said[..], &later[1..]].concat());
    for message in asked {
        assert_eq!(messages[&message], expected.messages[&message]);
        assert!(messages[&message].is_some());
    }
    let nothing_came = known.followed_by(&later[..1], &asked).expect("it follows");
    assert_eq!(nothing_came.0.seq().get(), 3);

    // A hole, another event in the place of the last here, a log that is shorter, a message that is not known here.
    let hole = [later[0].clone(), later[2].clone()];
    let event_id = loquat_ids::EventId::from_uuid(message_id(99).as_uuid());
    let other = [Arc::new(RoomEvent { event_id, ..(*later[0]).clone() }), later[1].clone()];
    for not_that_log in [&hole[..], &other[..], &later[1..], &[]] {
        assert!(known.followed_by(not_that_log, &asked).is_none(), "{not_that_log:?}");
    }
    assert!(known.followed_by(&later, &[message_id(7)]).is_none());
    // One that was asked for before it was there, and may be blank by now.
    let mut awaited = ground(&said);
    awaited.messages.insert(message_id(7), None);
    assert!(awaited.followed_by(&later, &[message_id(7)]).is_none());
    assert!(awaited.followed_by(&later, &asked).is_some());
}
