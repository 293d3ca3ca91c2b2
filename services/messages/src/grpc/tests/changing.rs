//! Doing something to messages.

use loquat_proto::messages::v1::{
    AddReactionRequest, DeleteMessageRequest, EditMessageRequest, GetMessageRequest, ListMessagesRequest,
    ListPinnedMessagesRequest, PinMessageRequest, ReadRoomLogRequest, RemoveReactionRequest, RoomCursor,
    UnpinMessageRequest, list_messages_request::Anchor, room_event::Change,
};

use super::*;

/// What an answer about a change says.
type Changed = (Message, u64, bool);

macro_rules! call {
    ($house:ident, $user:ident, $method:ident, $request:ident { $($field:ident: $value:expr),* }) => {{
        let request = $request { room_id: ROOM.to_string(), $($field: $value),* };
        let answer = $house.messages().$method($house.by($user, request)).await?.into_inner();
        Ok((answer.message.expect("a message"), answer.seq, answer.is_repeat))
    }};
}

impl House {
    async fn edit(&self, user: UserId, request_id: &str, message: &Message, text: &str) -> Result<Changed, Status> {
        let (request_id, message_id, text) = (request_id.to_owned(), message.message_id.clone(), text.to_owned());
        call!(
            self,
            user,
            edit_message,
            EditMessageRequest { request_id: request_id, message_id: message_id, text: text }
        )
    }

    async fn delete(&self, user: UserId, request_id: &str, message: &Message) -> Result<Changed, Status> {
        let (request_id, message_id) = (request_id.to_owned(), message.message_id.clone());
        call!(self, user, delete_message, DeleteMessageRequest { request_id: request_id, message_id: message_id })
    }

    async fn react(&self, user: UserId, request_id: &str, message: &Message, emoji: &str) -> Result<Changed, Status> {
        let (request_id, message_id, emoji) = (request_id.to_owned(), message.message_id.clone(), emoji.to_owned());
        call!(
            self,
            user,
            add_reaction,
            AddReactionRequest { request_id: request_id, message_id: message_id, emoji: emoji }
        )
    }

    async fn unreact(&self, user: UserId, request_id: &str, message: &Message, emoji: &str) -> Result<Changed, Status> {
        let (request_id, message_id, emoji) = (request_id.to_owned(), message.message_id.clone(), emoji.to_owned());
        call!(
            self,
            user,
            remove_reaction,
            RemoveReactionRequest { request_id: request_id, message_id: message_id, emoji: emoji }
        )
    }

    async fn pin(&self, user: UserId, request_id: &str, message: &Message) -> Result<Changed, Status> {
        let (request_id, message_id) = (request_id.to_owned(), message.message_id.clone());
        call!(self, user, pin_message, PinMessageRequest { request_id: request_id, message_id: message_id })
    }

    async fn unpin(&self, user: UserId, request_id: &str, message: &Message) -> Result<Changed, Status> {
        let (request_id, message_id) = (request_id.to_owned(), message.message_id.clone());
        call!(self, user, unpin_message, UnpinMessageRequest { request_id: request_id, message_id: message_id })
    }

    async fn read_message(&self, user: UserId, message: &Message) -> Result<Message, Status> {
        let request = GetMessageRequest { room_id: ROOM.to_string(), message_id: message.message_id.clone() };
        let answer = self.messages().get_message(self.by(user, request)).await?.into_inner();
        Ok(answer.message.expect("a message"))
    }

    /// Reads all messages, in one page.
    async fn history(&self, user: UserId) -> Vec<Message> {
        let anchor = Some(Anchor::AfterSeq(0));
        let request =
            ListMessagesRequest { room_id: ROOM.to_string(), anchor, page_size: 200, ..ListMessagesRequest::default() };
        let page = self.messages().list_messages(self.by(user, request)).await.expect("a page").into_inner();
        page.messages
    }

    async fn pinned(&self, user: UserId) -> Vec<u64> {
        let request = ListPinnedMessagesRequest { room_id: ROOM.to_string() };
        let answer = self.messages().list_pinned_messages(self.by(user, request)).await.expect("pins").into_inner();
        assert!(answer.cursor.is_some() && answer.messages.iter().all(|message| message.is_pinned));
        answer.messages.into_iter().map(|message| message.seq).collect()
    }

    /// Reads the events of the log after the first.
    async fn events(&self) -> Vec<loquat_proto::messages::v1::RoomEvent> {
        let head = ReadRoomLogRequest { room_id: ROOM.to_string(), ..ReadRoomLogRequest::default() };
        let head = self.log().read_room_log(head.clone()).await.expect("a head").into_inner().head.expect("a head");
        let after = Some(RoomCursor { seq: 0, event_id: String::new(), ..head });
        let request = ReadRoomLogRequest { room_id: ROOM.to_string(), after, ..ReadRoomLogRequest::default() };
        self.log().read_room_log(request).await.expect("events").into_inner().events
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> String {
    refusal(outcome).1
}

#[tokio::test]
async fn an_edit_gives_a_message_another_text() {
    let house = House::with_room().await;
    let message = house.say(ALICE, "hello").await;
    let (edited, seq, is_repeat) = house.edit(ALICE, "request-1", &message, "good bye").await.expect("an edit");
    assert_eq!((edited.text.as_str(), edited.edit_count, seq, is_repeat), ("good bye", 1, 3, false));
    assert!(edited.edit_time.is_some() && edited.formatted_text.is_some());
    assert_eq!((edited.as_of_seq, edited.seq, &edited.request_id), (3, 2, &message.request_id));
    assert_eq!(house.read_message(BOB, &message).await.expect("a message"), edited);
    assert_eq!(house.history(BOB).await, [edited]);
    let Some(Change::MessageEdited(event)) = house.events().await.remove(2).change else { panic!("an edit") };
    assert_eq!((event.message_seq, event.text.as_str(), event.edit_count), (2, "good bye", 1));
    assert_eq!(reason(house.edit(BOB, "request-2", &message, "not his").await), "NOT_THE_SENDER");
    assert_eq!(reason(house.edit(CAROL, "request-3", &message, "not there").await), "ROOM_NOT_FOUND");
    let nowhere = Message { message_id: fresh_event().to_string(), ..message.clone() };
    assert_eq!(reason(house.edit(ALICE, "request-4", &nowhere, "nothing").await), "MESSAGE_NOT_FOUND");
    // What is no message is not found as one.
    let event = Message { message_id: house.events().await[2].event_id.clone(), ..message };
    assert_eq!(reason(house.edit(ALICE, "request-5", &event, "an edit").await), "MESSAGE_NOT_FOUND");
}

#[tokio::test]
async fn a_deletion_leaves_a_tombstone_and_erases_what_was_said() {
    let house = House::with_room().await;
    let message = house.say(ALICE, "a secret").await;
    house.edit(ALICE, "request-1", &message, "another secret").await.expect("an edit");
    house.react(BOB, "request-2", &message, "👍").await.expect("a reaction");
    house.pin(BOB, "request-3", &message).await.expect("a pin");
    assert_eq!(reason(house.delete(BOB, "request-4", &message).await), "NOT_THE_SENDER");
    let (deleted, seq, _) = house.delete(ALICE, "request-5", &message).await.expect("a deletion");
    assert_eq!((deleted.is_deleted, deleted.is_pinned, seq), (true, false, 6));
    assert_eq!((deleted.text.as_str(), &deleted.formatted_text, deleted.reactions.len()), ("", &None, 0));
    assert_eq!((deleted.seq, &deleted.sender_id, &deleted.request_id), (2, &ALICE.to_string(), &message.request_id));
    // At once, and after it was erased.
    assert_eq!(house.read_message(BOB, &message).await.expect("a tombstone"), deleted);
    assert_eq!(house.pinned(BOB).await, [0_u64; 0]);
    loop {
        let events = house.events().await;
        assert_eq!(house.history(BOB).await, std::slice::from_ref(&deleted));
        let fields = [1, 2].map(|index: usize| match &events[index].change {
            Some(Change::Blanked(blanked)) => blanked.change_field,
            _ => 0,
        });
        if fields == [13, 15] {
            break;
        }
    }
    let answers = [
        house.edit(ALICE, "request-6", &message, "again").await,
        house.delete(ALICE, "request-7", &message).await,
        house.react(BOB, "request-8", &message, "👍").await,
        house.unreact(BOB, "request-9", &message, "👍").await,
        house.pin(BOB, "request-10", &message).await,
        house.unpin(BOB, "request-11", &message).await,
    ];
    for answer in answers {
        assert_eq!(refusal(answer), (Code::FailedPrecondition, "MESSAGE_DELETED".to_owned()));
    }
    let (again, seq, is_repeat) = house.delete(ALICE, "request-5", &message).await.expect("a repeat");
    assert_eq!((again, seq, is_repeat), (deleted, 6, true));
    // The send too is found for as long as its place is there.
    let sent = house.send(ALICE, &message.request_id, "a secret").await.expect("a repeat");
    let sent_message = sent.message.expect("a message");
    assert!(sent.is_repeat && sent_message.is_deleted && sent_message.message_id == message.message_id);
    assert_eq!(reason(house.send(ALICE, &message.request_id, "a guess").await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn reactions_are_counted_and_named_and_taken_back() {
    let house = House::with_room().await;
    let message = house.say(ALICE, "hello").await;
    house.react(BOB, "request-1", &message, "👍").await.expect("a reaction");
    let (reacted, seq, _) = house.react(ALICE, "request-2", &message, "👍").await.expect("a reaction");
    assert_eq!((seq, reacted.reactions.len()), (4, 1));
    let thumbs = &reacted.reactions[0];
    assert_eq!((thumbs.count, thumbs.has_caller), (2, true));
    assert_eq!(thumbs.user_ids, [BOB.to_string(), ALICE.to_string()]);
    house.append(membership_change(2, CAROL, true)).await.expect("an arrival");
    let seen = house.history(CAROL).await.remove(0);
    assert_eq!((seen.reactions[0].count, seen.reactions[0].has_caller), (2, false));
    // The heart in another form is the same heart.
    house.react(CAROL, "request-3", &message, "\u{2764}").await.expect("a reaction");
    let (same, seq, is_repeat) =
        house.react(CAROL, "request-4", &message, "\u{2764}\u{FE0F}").await.expect("an answer");
    assert_eq!((same.reactions[1].count, seq, is_repeat), (1, 0, false));
    assert_eq!(reason(house.react(BOB, "request-5", &message, "+1").await), "EMOJI_UNKNOWN");
    let (gone, ..) = house.unreact(BOB, "request-6", &message, "👍").await.expect("no reaction");
    assert_eq!(gone.reactions[0].user_ids, [ALICE.to_string()]);
    let (same, seq, _) = house.unreact(BOB, "request-7", &message, "👍").await.expect("an answer");
    assert_eq!((same.reactions, seq), (gone.reactions, 0));
}

#[tokio::test]
async fn pins_are_listed_in_the_order_of_the_log() {
    let house = House::with_room().await;
    let messages = [house.say(ALICE, "one").await, house.say(BOB, "two").await, house.say(ALICE, "three").await];
    for (message, request) in messages.iter().rev().zip(["request-1", "request-2", "request-3"]) {
        assert!(house.pin(BOB, request, message).await.expect("a pin").0.is_pinned);
    }
    assert_eq!(house.pinned(ALICE).await, [2, 3, 4]);
    let (same, seq, _) = house.pin(ALICE, "request-4", &messages[0]).await.expect("an answer");
    assert_eq!((same.is_pinned, seq), (true, 0));
    house.unpin(ALICE, "request-5", &messages[1]).await.expect("no pin");
    house.delete(ALICE, "request-6", &messages[2]).await.expect("a deletion");
    assert_eq!(house.pinned(BOB).await, [2]);
    let kinds: Vec<_> = house.events().await.into_iter().skip(7).map(|event| event.change.expect("a change")).collect();
    assert!(matches!(&kinds[0], Change::PinChanged(pin) if !pin.is_pinned && pin.message_seq == 3));
    assert!(matches!(&kinds[1], Change::MessageDeleted(deletion) if deletion.message_seq == 4));
}

#[tokio::test]
async fn a_repeat_of_a_change_returns_the_first_place_and_says_so() {
    let house = House::with_room().await;
    let message = house.say(ALICE, "hello").await;
    let (_, first, _) = house.edit(ALICE, "request-1", &message, "one").await.expect("an edit");
    house.edit(ALICE, "request-2", &message, "two").await.expect("an edit");
    let (now, seq, is_repeat) = house.edit(ALICE, "request-1", &message, "one").await.expect("a repeat");
    assert_eq!((seq, is_repeat, now.text.as_str(), now.as_of_seq), (first, true, "two", 4));
    let other = house.say(ALICE, "another").await;
    let reused = [
        house.edit(ALICE, "request-1", &message, "other text").await,
        house.edit(ALICE, "request-1", &other, "one").await,
        house.delete(ALICE, "request-1", &message).await,
        house.react(ALICE, "request-1", &message, "👍").await,
        house.pin(ALICE, "request-1", &message).await,
        house.unpin(ALICE, "request-1", &message).await,
    ];
    for answer in reused {
        assert_eq!(refusal(answer), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    }
    assert_eq!(reason(house.send(ALICE, "request-1", "one").await), "REQUEST_ID_REUSED");
    // The same id of somebody else is another.
    house.react(BOB, "request-1", &message, "👍").await.expect("a reaction");
    assert_eq!(reason(house.unreact(BOB, "request-1", &message, "👍").await), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_repeat_after_a_removal_tells_nothing_that_came_later() {
    let house = House::with_room().await;
    let message = house.say(ALICE, "hello").await;
    let (_, first, _) = house.react(BOB, "request-1", &message, "👍").await.expect("a reaction");
    house.append(membership_change(2, BOB, false)).await.expect("a removal");
    house.edit(ALICE, "request-2", &message, "among us").await.expect("an edit");
    let (seen, seq, is_repeat) = house.react(BOB, "request-1", &message, "👍").await.expect("a repeat");
    assert_eq!((seen.text.as_str(), seen.as_of_seq, seq, is_repeat), ("hello", 2, first, true));
    assert_eq!(reason(house.react(BOB, "request-3", &message, "🎉").await), "ROOM_NOT_FOUND");
}
