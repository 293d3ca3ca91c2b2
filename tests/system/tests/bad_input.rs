//! Whatever comes in, the answer is a canonical code with a reason, never INTERNAL, and nothing is stored.

mod access;
mod fields;
mod forged;
mod frames;
mod others;

use loquat_ids::{IdSource as _, RandomIds, RoomId};
use loquat_proto::{
    methods::Method,
    rooms::v1::RoomListView,
    users::v1::{GetUserRequest, SearchUsersRequest},
};
use loquat_testkit::{House, Person, RawAnswer, Refusal};
use tonic::Code;

/// Somebody with a room, and what is stored of them: it must stay so. And a mark: what bad calls would make begins with it, so
/// that it is found whoever made it, among all that other tests make in the same house.
struct Witness {
    ann: Person,
    room: RoomId,
    mark: String,
    before: String,
}

impl Witness {
    async fn of(house: &House) -> Self {
        let ann = house.person("ann").await;
        let room = ann.public_room("a room").await;
        ann.say(room, "a message").await;
        let mark = format!("bad{}", &RandomIds.fresh().simple().to_string()[20..]);
        let mut witness = Self { ann, room, mark, before: String::new() };
        witness.before = witness.stored().await;
        witness
    }

    async fn stored(&self) -> String {
        let log = self.ann.cursor(self.room).await;
        let rooms = self.ann.list_rooms(RoomListView::Joined, "").await.expect("a list");
        let users = self.ann.gateway.users();
        let profile =
            users.clone().get_user(self.ann.ask(GetUserRequest::default())).await.expect("a profile").into_inner();
        let presence = self.ann.presence_of(self.ann.user).await.expect("presence");
        format!("{log:?} {rooms:?} {profile:?} {presence:?}")
    }

    /// Nothing of hers has changed, her session goes on, and nothing bears the mark.
    async fn assert_nothing_was_stored(&self) {
        assert_eq!(self.stored().await, self.before);
        self.ann.clone().refresh().await.expect("her session goes on");
        let search = SearchUsersRequest { query: self.mark.clone(), ..Default::default() };
        let users =
            self.ann.gateway.users().search_users(self.ann.ask(search)).await.expect("a page").into_inner().users;
        assert!(users.is_empty(), "somebody was registered: {users:?}");
        let rooms = self.ann.list_rooms(RoomListView::Directory, &self.mark).await.expect("a page").rooms;
        assert!(rooms.is_empty(), "a room was made: {rooms:?}");
    }
}

/// What a refused call must not bring: an answer, in which a session's tokens would be, or a cookie, in which they would be
/// too.
fn gift(answer: &RawAnswer) -> Option<String> {
    let is_refused = answer.status.code() != Code::Ok;
    let brings = !answer.body.is_empty() || answer.headers.contains_key("set-cookie");
    (is_refused && brings).then(|| format!("it was refused, and brings something: {answer:?}"))
}

/// What is wrong with a refusal, whatever the call was.
fn flaw(refusal: &Refusal) -> Option<String> {
    let is_ours = matches!(refusal.code, Code::Internal | Code::Unknown | Code::DataLoss | Code::Ok);
    (is_ours || refusal.reason.is_empty() || refusal.domain.is_empty()).then(|| format!("{refusal:?}"))
}

/// The name of the request message of a method.
fn request_of(method: &Method) -> prost_reflect::MessageDescriptor {
    let pool = prost_reflect::DescriptorPool::decode(loquat_proto::FILE_DESCRIPTOR_SET).expect("the contract decodes");
    let (service, name) = method.path[1..].split_once('/').expect("a path has two parts");
    let service = pool.get_service_by_name(service).expect("a service of the contract");
    service.methods().find(|method| method.name() == name).expect("a method of the service").input()
}
