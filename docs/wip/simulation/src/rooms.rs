//! The stand-in for the rooms service: it decides who is in a room, and has the log order it through an outbox.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use loquat_faults::history::User;
use loquat_ids::IdSource as _;
use loquat_proto::{
    messages::v1::{
        AppendRoomEventRequest, MembershipChange, MembershipsChanged, RoomCreated,
        room_log_service_client::RoomLogServiceClient,
    },
    rooms::v1::{Membership, Role, Room, RoomKind},
};
use loquat_rpc::Channel;
use tokio::{
    sync::{Notify, oneshot},
    time::sleep,
};

use crate::{
    determinism::SeededIds,
    world::{Person, RoomOfRun},
};

/// After how long a change that the log did not take is told to it again.
const AGAIN: Duration = Duration::from_millis(120);

/// The rooms, and what the log has not been told yet.
#[derive(Debug)]
pub(crate) struct RoomsDesk {
    ids: SeededIds,
    state: Mutex<State>,
    has_more: Notify,
}

#[derive(Debug)]
struct State {
    members: Vec<BTreeSet<User>>,
    versions: Vec<u64>,
    outbox: VecDeque<Decided>,
}

#[derive(Debug)]
struct Decided {
    request: AppendRoomEventRequest,
    /// Told when the log has it.
    done: Option<oneshot::Sender<()>>,
}

impl RoomsDesk {
    /// Decides that there are these rooms.
    pub(crate) fn new(rooms: &[Arc<RoomOfRun>], ids: SeededIds) -> Self {
        let members = rooms.iter().map(|room| room.first_members.iter().map(|person| person.user).collect());
        let state = State { members: members.collect(), versions: vec![1; rooms.len()], outbox: VecDeque::new() };
        let desk = Self { ids, state: Mutex::new(state), has_more: Notify::new() };
        for room in rooms {
            let request = desk.creation(room);
            desk.state().outbox.push_back(Decided { request, done: None });
        }
        desk
    }

    pub(crate) fn is_member(&self, room: &RoomOfRun, user: User) -> bool {
        self.state().members[room.room.0 as usize].contains(&user)
    }

    /// Tells whether the log has all that was decided.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().outbox.is_empty()
    }

    /// Decides that somebody comes or goes, and returns when the log has it.
    pub(crate) async fn change(&self, room: &RoomOfRun, actor: &Person, who: &Person, is_member: bool) {
        let index = room.room.0 as usize;
        let (done, is_done) = oneshot::channel();
        {
            let mut state = self.state();
            let members = &mut state.members[index];
            if is_member {
                members.insert(who.user)
            } else {
                members.remove(&who.user)
            };
            let member_count = u32::try_from(members.len()).unwrap_or(u32::MAX);
            state.versions[index] += 1;
            let role = if is_member { Role::Member } else { Role::Unspecified };
            let change = MembershipChange { user_id: who.id.to_string(), is_member, role: role.into() };
            let request = AppendRoomEventRequest {
                room_id: room.id.to_string(),
                event_id: self.ids.fresh().to_string(),
                version: state.versions[index],
                actor_id: actor.id.to_string(),
                memberships_changed: Some(MembershipsChanged { changes: vec![change], member_count }),
                ..AppendRoomEventRequest::default()
            };
            state.outbox.push_back(Decided { request, done: Some(done) });
        }
        self.has_more.notify_one();
        // The desk outlives the run.
        drop(is_done.await);
    }

    /// Tells the log what was decided, one after the other, for ever.
    pub(crate) async fn work(&self, messages: Channel) {
        let mut log = RoomLogServiceClient::new(messages);
        loop {
            let next = self.state().outbox.front().map(|decided| decided.request.clone());
            let Some(request) = next else {
                self.has_more.notified().await;
                continue;
            };
            if log.append_room_event(request).await.is_err() {
                sleep(AGAIN).await;
                continue;
            }
            let decided = self.state().outbox.pop_front();
            if let Some(done) = decided.and_then(|decided| decided.done) {
                // Who asked may be gone.
                done.send(()).unwrap_or_default();
            }
        }
    }

    fn creation(&self, room: &RoomOfRun) -> AppendRoomEventRequest {
        let memberships = room.first_members.iter().map(|person| Membership {
            room_id: room.id.to_string(),
            user_id: person.id.to_string(),
            role: if person.user == room.owner.user { Role::Owner } else { Role::Member }.into(),
            join_time: None,
        });
        let memberships: Vec<_> = memberships.collect();
        let kind = if room.is_private { RoomKind::Private } else { RoomKind::Public };
        let made = Room {
            room_id: room.id.to_string(),
            kind: kind.into(),
            name: format!("Room {}", room.room),
            version: 1,
            member_count: u32::try_from(memberships.len()).unwrap_or(u32::MAX),
            ..Room::default()
        };
        AppendRoomEventRequest {
            room_id: room.id.to_string(),
            event_id: self.ids.fresh().to_string(),
            version: 1,
            actor_id: room.owner.id.to_string(),
            room_created: Some(RoomCreated { room: Some(made), memberships }),
            ..AppendRoomEventRequest::default()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
