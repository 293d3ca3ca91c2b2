//! Making the people and the rooms of a segment.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use loquat_faults::history::{Entry, Id, RoomDeclared};
use loquat_proto::{
    messages::v1::{EditMessageRequest, ListMessagesRequest},
    rooms::v1::{CreateRoomRequest, RoomKind},
};
use loquat_testkit::Gateway;
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use tonic::Code;

use super::{Account, Counts, Edge, Journal, Pace, RoomOfRun, Switches, World};

/// How many calls are under way while the world is made.
const AT_ONCE: usize = 4;
/// How many of a hundred rooms are private. Nobody comes back to those by itself.
const PRIVATE_SHARE: u32 = 15;
/// Nodes are called past the gateways under numbers of their own.
const FIRST_NODE: u32 = 100;

/// How large a world is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Founding {
    /// From which everything random comes.
    pub(crate) seed: u64,
    /// How many people.
    pub(crate) people: usize,
    /// How many rooms, the hot one included.
    pub(crate) rooms: usize,
    /// How many of a hundred messages go to the hot room.
    pub(crate) hot_share: u32,
}

/// Makes a world.
///
/// # Errors
///
/// What the system answers: nothing is wrong with it at that time.
pub(crate) async fn found(
    founding: Founding,
    journal: Journal,
    gateways: &[SocketAddr],
    nodes: Vec<Gateway>,
) -> anyhow::Result<World> {
    let (edges, nodes) = ways(gateways, nodes);
    let gateway = edges.first().context("a way into the system")?.connection(0).clone();
    let mut random = SmallRng::seed_from_u64(founding.seed);
    // A fresh mark for each run, so that a segment may be run again on the same data.
    let mark = format!("{:08x}", random.random::<u32>() ^ std::process::id() ^ u32::from(gateway.address().port()));
    let registrations = (0..founding.people).map(|index| {
        let (gateway, handle) = (gateway.clone(), format!("p{index}-{mark}"));
        let journal = &journal;
        async move { Account::register(&gateway, index, handle, |id| journal.user(id)).await.map(Arc::new) }
    });
    let people: Vec<Arc<Account>> = stream::iter(registrations).buffered(AT_ONCE).try_collect().await?;
    let casts: Vec<Cast> = (0..founding.rooms).map(|number| Cast::draw(number, people.len(), &mut random)).collect();
    let makings = casts.into_iter().enumerate().map(|(number, cast)| {
        let (journal, gateway, people, mark) = (&journal, &gateway, &people, &mark);
        async move { make_room(number, cast, journal, gateway, people, mark).await.map(Arc::new) }
    });
    // One after the other: their numbers in the history go by their declaration.
    let rooms: Vec<Arc<RoomOfRun>> = stream::iter(makings).buffered(1).try_collect().await?;
    let has_changes = has_changes(&people[0], &gateway, &rooms[0]).await;
    Ok(World {
        journal,
        people,
        rooms,
        edges,
        nodes,
        pace: Pace::free(),
        counts: Counts::default(),
        switches: Switches::default(),
        has_changes,
        hot_share: founding.hot_share,
        part: 0,
    })
}

/// The ways into a system.
pub(super) fn ways(gateways: &[SocketAddr], nodes: Vec<Gateway>) -> (Vec<Arc<Edge>>, Vec<Arc<Edge>>) {
    let edges = (0..).zip(gateways).map(|(via, address)| Arc::new(Edge::at(via, *address))).collect();
    (edges, (FIRST_NODE..).zip(nodes).map(|(via, node)| Arc::new(Edge::to_node(via, node))).collect())
}

/// Who is in a room.
struct Cast {
    regulars: Vec<usize>,
    guests: Vec<usize>,
    is_private: bool,
}

impl Cast {
    /// The first room is everybody's; each other one has some people, and some who come and go.
    fn draw(number: usize, people: usize, random: &mut SmallRng) -> Self {
        let mut all: Vec<usize> = (0..people).collect();
        all.shuffle(random);
        if number == 0 {
            // As many as a room may be made with; the rest would have to join.
            let guests = all.split_off(people.min(50).saturating_sub(4));
            return Self { regulars: all, guests: guests.into_iter().take(4).collect(), is_private: false };
        }
        let is_private = random.random_range(0..100) < PRIVATE_SHARE;
        let count = random.random_range(4..=10.min(people.max(5) - 1));
        let guests = all.split_off(count.min(all.len()));
        let guests = guests.into_iter().take(if is_private { 1 } else { 3 }).collect();
        Self { regulars: all, guests, is_private }
    }
}

async fn make_room(
    number: usize,
    cast: Cast,
    journal: &Journal,
    gateway: &Gateway,
    people: &[Arc<Account>],
    mark: &str,
) -> anyhow::Result<RoomOfRun> {
    let Cast { regulars, guests, is_private } = cast;
    let owner = &people[regulars[0]];
    // Guests of a private room are in it until they are removed; they cannot come by themselves.
    let members: Vec<usize> =
        if is_private { regulars.iter().chain(&guests).copied().collect() } else { regulars.clone() };
    let request = CreateRoomRequest {
        request_id: format!("room-{number}-{mark}"),
        kind: if is_private { RoomKind::Private } else { RoomKind::Public }.into(),
        name: format!("room {number}"),
        topic: String::new(),
        user_ids: members.iter().skip(1).map(|index| people[*index].id.clone()).collect(),
    };
    let answer = gateway.rooms().create_room(owner.ask(request)).await.context("making a room")?;
    let id = answer.into_inner().room.unwrap_or_default().room_id;
    let request = ListMessagesRequest { room_id: id.clone(), page_size: 1, ..Default::default() };
    let page = gateway.messages().list_messages(owner.ask(request)).await.context("reading a new room")?;
    let cursor = page.into_inner().cursor.context("a page says where the log stands")?;
    let room = journal.next_room();
    journal.note(Entry::Room(RoomDeclared {
        room,
        id: Id::parse(&id).context("a room's id is a UUID")?,
        owner: owner.user,
        members: members.iter().map(|index| people[*index].user).collect(),
        is_private,
    }));
    let made = RoomOfRun::new(room, id, regulars[0], regulars, guests, cursor.epoch);
    made.note_head(cursor.seq);
    Ok(made)
}

/// Whether the server knows how to change messages.
async fn has_changes(account: &Account, gateway: &Gateway, room: &RoomOfRun) -> bool {
    let request = EditMessageRequest {
        room_id: room.id.clone(),
        request_id: "is-this-there".to_owned(),
        message_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        text: "nothing".to_owned(),
    };
    let answer = gateway.messages().edit_message(account.ask(request)).await;
    answer.err().is_none_or(|status| status.code() != Code::Unimplemented)
}
