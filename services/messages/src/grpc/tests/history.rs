//! Reading messages.

use loquat_proto::messages::v1::{
    GetMessageRequest, ListMessagesRequest, ListMessagesResponse, list_messages_request::Anchor,
};

use super::*;

impl House {
    pub(super) async fn list(
        &self,
        reader: UserId,
        request: ListMessagesRequest,
    ) -> Result<ListMessagesResponse, Status> {
        let request = ListMessagesRequest { room_id: ROOM.to_string(), ..request };
        self.messages().list_messages(self.by(reader, request)).await.map(Response::into_inner)
    }

    pub(super) async fn get(&self, reader: UserId, message_id: String) -> Result<Message, Status> {
        let request = GetMessageRequest { room_id: ROOM.to_string(), message_id };
        let response = self.messages().get_message(self.by(reader, request)).await?;
        Ok(response.into_inner().message.expect("a message"))
    }

    /// Reads all pages of a direction, each page's numbers.
    async fn pages(&self, anchor: Option<Anchor>, page_size: i32) -> Vec<Vec<u64>> {
        let mut request = ListMessagesRequest { anchor, page_size, ..ListMessagesRequest::default() };
        let mut pages = Vec::new();
        loop {
            let page = self.list(ALICE, request.clone()).await.expect("a page");
            pages.push(page.messages.iter().map(|message| message.seq).collect());
            if page.next_page_token.is_empty() {
                return pages;
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// Messages at 2, 3, 5, 6, 7; the room itself at 1 and 4.
async fn with_messages() -> House {
    let house = House::with_room().await;
    for text in ["two", "three"] {
        house.say(ALICE, text).await;
    }
    house.append(membership_change(2, CAROL, true)).await.expect("a change");
    for text in ["five", "six", "seven"] {
        house.say(BOB, text).await;
    }
    house
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_first_message() {
    let house = with_messages().await;
    assert_eq!(house.pages(None, 2).await, [vec![6, 7], vec![3, 5], vec![2]]);
    assert_eq!(house.pages(None, 5).await, [vec![2, 3, 5, 6, 7]]);
    assert_eq!(house.pages(Some(Anchor::BeforeSeq(6)), 2).await, [vec![3, 5], vec![2]]);
    assert_eq!(house.pages(Some(Anchor::BeforeSeq(u64::MAX)), 0).await, [vec![2, 3, 5, 6, 7]]);
    assert_eq!(house.pages(Some(Anchor::BeforeSeq(0)), 2).await, [Vec::<u64>::new()]);
}

#[tokio::test]
async fn pages_go_on_to_the_newest_message() {
    let house = with_messages().await;
    assert_eq!(house.pages(Some(Anchor::AfterSeq(2)), 2).await, [vec![3, 5], vec![6, 7]]);
    assert_eq!(house.pages(Some(Anchor::AfterSeq(7)), 2).await, [Vec::<u64>::new()]);
    assert_eq!(house.pages(Some(Anchor::AfterSeq(u64::MAX)), 2).await, [Vec::<u64>::new()]);
}

#[tokio::test]
async fn around_a_place_lie_messages_on_both_sides() {
    let house = with_messages().await;
    assert_eq!(house.pages(Some(Anchor::AroundSeq(5)), 4).await, [vec![2, 3, 5, 6]]);
    assert_eq!(house.pages(Some(Anchor::AroundSeq(4)), 2).await, [vec![3, 5]]);
    assert_eq!(house.pages(Some(Anchor::AroundSeq(5)), 1).await, [vec![5]]);
    assert_eq!(house.pages(Some(Anchor::AroundSeq(u64::MAX)), 4).await, [vec![6, 7]]);
}

#[tokio::test]
async fn a_page_says_where_the_log_stood() {
    let house = with_messages().await;
    let page = house.list(ALICE, ListMessagesRequest::default()).await.expect("a page");
    let cursor = page.cursor.expect("a cursor");
    let last = page.messages.last().expect("a message");
    assert_eq!((cursor.seq, cursor.event_id.as_str()), (7, last.message_id.as_str()));
    assert!(!cursor.epoch.is_empty());
}

#[tokio::test]
async fn a_token_that_the_list_did_not_give_out_is_refused() {
    let house = with_messages().await;
    let request = ListMessagesRequest { page_token: "AAAA".to_owned(), ..ListMessagesRequest::default() };
    let expected = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
    assert_eq!(refusal(house.list(ALICE, request).await), expected);
}

#[tokio::test]
async fn only_members_read() {
    let house = with_messages().await;
    let message = house.say(ALICE, "for members").await;
    assert_eq!(house.get(CAROL, message.message_id.clone()).await.expect("a message"), message);
    house.append(membership_change(3, CAROL, false)).await.expect("a removal");
    let expected = (Code::NotFound, "ROOM_NOT_FOUND".to_owned());
    assert_eq!(refusal(house.list(CAROL, ListMessagesRequest::default()).await), expected);
    assert_eq!(refusal(house.get(CAROL, message.message_id).await), expected);
    house.append(membership_change(4, CAROL, true)).await.expect("a return");
    house.list(CAROL, ListMessagesRequest::default()).await.expect("a page");
}

#[tokio::test]
async fn an_event_that_is_no_message_is_not_found_as_one() {
    let house = House::open().await;
    let creation = house.creation(ROOM, &[ALICE]);
    house.append(creation.clone()).await.expect("a room");
    let expected = (Code::NotFound, "MESSAGE_NOT_FOUND".to_owned());
    assert_eq!(refusal(house.get(ALICE, creation.event_id).await), expected);
    assert_eq!(refusal(house.get(ALICE, fresh_event().to_string()).await), expected);
}
