//! The fresh eye at the end: reads every room's whole log and all of its messages, and looks who is there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use loquat_faults::history::{
    Action, Around, CursorOpen, End, EndReason, Entry, Open, Place, PresenceSeen, Reply, Room, RoomClosed, RoomReset,
    StreamId,
};
use loquat_proto::{
    events::v1::{Interest, reset::Subject, stream_item::Kind},
    presence::v1::{Availability, GetPresenceRequest},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    Account, Edge, RoomOfRun, World,
    call::{Came, Command},
    reader::{Items, open},
    seen,
    world::gateway_at,
};

/// How long nothing may come while a log is read.
const SILENCE: Duration = Duration::from_secs(20);
/// For how long a page is asked for again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Observers are clients under numbers of their own.
const FIRST_CLIENT: u32 = 100_000;
/// How many rooms are read at once.
const AT_ONCE: usize = 6;
const PAGE: i32 = 200;

/// The fresh eye's streams, open until they are dropped.
pub(crate) struct Observation {
    /// Each room's head.
    pub(crate) heads: Vec<u64>,
    streams: Vec<(StreamId, Arc<Account>, Items)>,
}

impl Observation {
    /// Ends the streams.
    pub(crate) fn end(self, world: &World) {
        for (stream, account, _) in self.streams {
            world.journal.note(Entry::End(End { stream, reason: EndReason::Left }));
            account.devices.go(&world.journal, account.user, false);
        }
    }
}

/// Reads everything, and writes it down.
///
/// # Errors
///
/// Where something cannot be read though nothing is wrong any more.
pub(crate) async fn observe(world: &Arc<World>) -> anyhow::Result<Observation> {
    let readings = world.rooms.iter().map(|room| async move {
        let read = read_messages(world, room).await;
        anyhow::Ok(read.with_context(|| format!("reading the messages of room {}", room.room))?.seq)
    });
    let heads: Vec<u64> = stream::iter(readings).buffered(AT_ONCE).try_collect().await?;
    let mut of_owners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, room) in world.rooms.iter().enumerate() {
        of_owners.entry(room.owner).or_default().push(index);
    }
    let readings = of_owners.into_iter().map(|(owner, rooms)| {
        let heads = &heads;
        async move {
            let read = read_logs(world, owner, &rooms, heads).await;
            read.with_context(|| format!("reading the logs of rooms {rooms:?}"))
        }
    });
    let streams = stream::iter(readings).buffered(AT_ONCE).try_collect().await?;
    Ok(Observation { heads, streams })
}

/// Takes every room as it is after a restore.
///
/// # Errors
///
/// Where a room cannot be read.
pub(crate) async fn begin_anew(world: &World) -> anyhow::Result<()> {
    world.people.iter().for_each(|account| account.expire());
    for room in &world.rooms {
        let (head, _) = read_page(world, room, &Action::Page { around: Around::Newest }, "").await?;
        room.begin_anew(&head);
    }
    Ok(())
}

/// Looks who is there, as everybody is told.
///
/// # Errors
///
/// Where nobody says.
pub(crate) async fn look_around(world: &World) -> anyhow::Result<()> {
    let observer = &world.people[0];
    let gateway = world.edges[0].connection(FIRST_CLIENT);
    observer.renew(gateway).await;
    for people in world.people.chunks(200) {
        let request = GetPresenceRequest { user_ids: people.iter().map(|account| account.id.clone()).collect() };
        let answer = gateway.presence().get_presence(observer.ask(request)).await.context("presence")?.into_inner();
        for (account, presence) in people.iter().zip(&answer.presences) {
            let is_online = !matches!(presence.availability(), Availability::Offline | Availability::Unspecified);
            let (observer, subject) = (observer.user, account.user);
            world.journal.note(Entry::PresenceSeen(PresenceSeen { stream: None, observer, subject, is_online }));
        }
    }
    Ok(())
}

/// Reads all messages page by page, and returns where the log stood at the last.
async fn read_messages(world: &World, room: &RoomOfRun) -> anyhow::Result<Place> {
    let mut token = String::new();
    let mut action = Action::Page { around: Around::After(0) };
    loop {
        let (cursor, next) = read_page(world, room, &action, &token).await?;
        if next.is_empty() {
            return Ok(cursor);
        }
        token = next;
        action = Action::Page { around: Around::Token };
    }
}

async fn read_page(world: &World, room: &RoomOfRun, action: &Action, token: &str) -> anyhow::Result<(Place, String)> {
    let by = Instant::now() + PATIENCE;
    for turn in 0.. {
        let command = Command {
            client: FIRST_CLIENT + room.room.0,
            account: &world.people[room.owner],
            room,
            request: "",
            action,
            page_size: PAGE,
            page_token: token,
            is_web: false,
        };
        match world.attempt(&command, &world.edges[turn % world.edges.len()]).await {
            Came::Answer(Reply::Page { cursor, .. }, next) => return Ok((cursor, next)),
            Came::Answer(reply, _) => bail!("a page was answered with {reply:?}"),
            Came::Nothing(_, refusal) if Instant::now() >= by => bail!("{refusal:?}"),
            Came::Nothing(..) => sleep(Duration::from_millis(200)).await,
        }
    }
    unreachable!("the turns do not end")
}

/// Reads an owner's logs from their beginning to their heads. Where the stream breaks, all of it again.
async fn read_logs(
    world: &World,
    owner: usize,
    rooms: &[usize],
    heads: &[u64],
) -> anyhow::Result<(StreamId, Arc<Account>, Items)> {
    let by = Instant::now() + PATIENCE;
    let account = &world.people[owner];
    for turn in 0.. {
        let edge = &world.edges[turn % world.edges.len()];
        let client = FIRST_CLIENT + u32::try_from(owner).unwrap_or(0);
        account.renew(edge.connection(client)).await;
        let of_run = || rooms.iter().map(|index| &world.rooms[*index]);
        let stream = world.journal.open(|stream| Open {
            stream,
            client,
            user: account.user,
            via: edge.via,
            rooms: of_run().map(|room| CursorOpen { room: room.room, after: Some(room.beginning()) }).collect(),
            is_slow: false,
        });
        account.devices.come(&world.journal, account.user);
        let interest = Interest {
            rooms: of_run().map(|room| seen::cursor(&room.id, Some(&room.beginning()))).collect(),
            presence_user_ids: Vec::new(),
        };
        let wanted = of_run().zip(rooms).map(|(room, index)| (room.id.clone(), (room.room, heads[*index]))).collect();
        match follow(world, account, edge, stream, interest, wanted).await {
            Ok(items) => return Ok((stream, Arc::clone(account), items)),
            Err(error) => {
                world.journal.note(Entry::End(End { stream, reason: EndReason::Broken }));
                account.devices.go(&world.journal, account.user, true);
                if Instant::now() >= by {
                    return Err(error);
                }
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
    unreachable!("the turns do not end")
}

/// Reads until nothing is wanted any more: of each room up to a number.
async fn follow(
    world: &World,
    account: &Account,
    edge: &Edge,
    stream: StreamId,
    interest: Interest,
    mut wanted: HashMap<String, (Room, u64)>,
) -> anyhow::Result<Items> {
    let gateway = gateway_at(edge.address.context("a gateway")?);
    let mut items = timeout(SILENCE, open(account, &gateway, interest, false)).await.context("no stream")??;
    let mut heard_at = Instant::now();
    while !wanted.is_empty() {
        // Heartbeats come whether a log is told or not.
        let item = timeout_at(heard_at + SILENCE, items.next()).await;
        let item = item.with_context(|| format!("nothing comes of {wanted:?}"))?.context("the stream ended")??;
        match item.kind {
            Some(Kind::RoomEvent(event)) => {
                let Some((room, head)) = wanted.get(&event.room_id).copied() else { continue };
                heard_at = Instant::now();
                let Some(item) = seen::item(&world.journal, stream, room, &event) else { continue };
                world.journal.note(Entry::Item(item));
                if event.seq >= head {
                    wanted.remove(&event.room_id);
                }
            }
            Some(Kind::Reset(reset)) => {
                let reason = seen::reset_reason(reset.reason());
                // The other subject is the list of rooms, of which the fresh eye has none.
                let Some(Subject::Room(cursor)) = reset.subject else { continue };
                let Some((room, _)) = wanted.get(&cursor.room_id).copied() else { continue };
                let cursor = seen::place(&cursor);
                world.journal.note(Entry::Reset(RoomReset { stream, room, reason, cursor }));
                bail!("the log of room {room} cannot be read from its beginning: {reason:?}");
            }
            Some(Kind::RoomClosed(closed)) => {
                let reason = seen::closed_reason(closed.reason());
                let Some((room, _)) = wanted.get(&closed.room_id).copied() else { continue };
                world.journal.note(Entry::Closed(RoomClosed { stream, room, reason }));
                bail!("the log of room {room} is closed to its owner: {reason:?}");
            }
            Some(Kind::Closing(closing)) => bail!("the stream closes: {closing:?}"),
            _ => {}
        }
    }
    Ok(items)
}
