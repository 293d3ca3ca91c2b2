//! Whatever comes in, the answer is a canonical code with a reason, never INTERNAL, and nothing is stored.

mod access;
mod fields;
mod forged;
mod frames;
mod others;

use loquat_ids::RoomId;
use loquat_proto::{methods::Method, rooms::v1::RoomListView};
use loquat_testkit::{House, Person, Refusal};
use tonic::Code;

/// Somebody with a room, and what is stored of them: it must stay so.
struct Witness {
    ann: Person,
    room: RoomId,
    before: String,
}

impl Witness {
    async fn of(house: &House) -> Self {
        let ann = house.person("ann").await;
        let room = ann.public_room("a room").await;
        ann.say(room, "a message").await;
        let mut witness = Self { ann, room, before: String::new() };
        witness.before = witness.stored().await;
        witness
    }

    async fn stored(&self) -> String {
        let log = self.ann.cursor(self.room).await;
        let rooms = self.ann.list_rooms(RoomListView::Joined, "").await.expect("a list");
        let request = self.ann.ask(loquat_proto::users::v1::GetUserRequest::default());
        let profile = self.ann.gateway.users().get_user(request).await.expect("a profile").into_inner();
        let presence = self.ann.presence_of(self.ann.user).await.expect("presence");
        format!("{log:?} {rooms:?} {profile:?} {presence:?}")
    }

    async fn assert_nothing_was_stored(&self) {
        assert_eq!(self.stored().await, self.before);
    }
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
