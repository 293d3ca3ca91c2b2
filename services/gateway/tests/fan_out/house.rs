//! A gateway's fan-out over that world.

use std::{sync::Arc, time::Duration};

use futures::future;
use loquat_gateway::{
    error::GatewayError,
    model::{ClosingReason, Cursor, Interest, Item, RoomNews},
    ports::UserRoomChange,
    service::{CatchUp, Ends, Holder, Hub, Lease, Mailbox, Reader, ReaderParts, Registered, StreamLimits, Streams},
};
use loquat_ids::{GatewayId, IdSource as _, RoomId, SequentialIds, SessionId, UserId};
use loquat_rpc::Connection;
use loquat_runtime::Frame;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::World;

/// The fan-out, with one room that begins with the reader in it.
pub struct House {
    pub world: Arc<World>,
    pub hub: Hub,
    pub streams: Streams,
    pub catch_up: CatchUp,
    pub ids: SequentialIds,
    pub stop: CancellationToken,
    pub room: RoomId,
    pub user: UserId,
}

impl House {
    pub fn new() -> Self {
        let (world, frame, ids) = (Arc::new(World::default()), Frame::real(), SequentialIds::default());
        let limits = StreamLimits { total: 10, per_session: 3, ..StreamLimits::default() };
        let (room, user) = (RoomId::from_uuid(ids.fresh()), UserId::from_uuid(ids.fresh()));
        world.commit(room, vec![(user, true)]);
        Self {
            hub: Hub::new(world.clone(), world.clone(), frame.clone()),
            streams: Streams::new(GatewayId::from_uuid(ids.fresh()), limits, Lease::default()),
            catch_up: CatchUp::new(world.clone(), world.clone()),
            world,
            stop: frame.stop,
            ids,
            room,
            user,
        }
    }

    /// Whoever holds a stream of a session of its own.
    pub fn holder(&self, user: UserId) -> Holder {
        Holder { user, session: SessionId::from_uuid(self.ids.fresh()), token_life: Duration::from_secs(900) }
    }

    pub fn register(
        &self,
        holder: Holder,
        mailbox: &Arc<Mailbox>,
        connection: &Connection,
    ) -> Result<Registered, GatewayError> {
        let stream = self.ids.fresh().to_string().parse().expect("a stream id");
        self.streams.register(stream, holder, Arc::clone(mailbox), connection.clone())
    }

    pub fn read(&self, interest: Interest) -> (Reader, Arc<Mailbox>) {
        self.read_over(interest, &Connection::default())
    }

    pub fn read_over(&self, interest: Interest, connection: &Connection) -> (Reader, Arc<Mailbox>) {
        self.begin(self.user, interest, Box::pin(future::pending()), connection)
    }

    pub fn read_as(
        &self,
        user: UserId,
        interest: Interest,
        session: future::BoxFuture<'static, ClosingReason>,
    ) -> (Reader, Arc<Mailbox>) {
        self.begin(user, interest, session, &Connection::default())
    }

    fn begin(
        &self,
        user: UserId,
        interest: Interest,
        session: future::BoxFuture<'static, ClosingReason>,
        connection: &Connection,
    ) -> (Reader, Arc<Mailbox>) {
        let mailbox: Arc<Mailbox> = Arc::default();
        let registered =
            self.register(self.holder(user), &mailbox, connection).unwrap_or_else(|refusal| panic!("{refusal}"));
        let parts = ReaderParts {
            registered,
            mailbox: Arc::clone(&mailbox),
            hub: self.hub.clone(),
            streams: self.streams.clone(),
            log: self.world.clone(),
            user_rooms: self.world.clone(),
            presence: self.world.clone(),
            ends: Ends { stop: self.stop.clone(), session, client: Box::pin(future::pending()) },
        };
        (Reader::begin(parts, interest, 1), mailbox)
    }

    /// Lets time pass, in which streams are looked at as they are in a gateway.
    pub async fn wait(&self, span: Duration) {
        let by = tokio::time::Instant::now() + span;
        while tokio::time::Instant::now() < by {
            tokio::time::sleep(Duration::from_millis(500)).await;
            self.streams.cut_stalled(|_| false);
        }
    }

    /// Where somebody is in the room. 0 for who wants what comes from now on.
    pub fn at(&self, seq: u64) -> Cursor {
        Cursor { room: self.room, place: (seq > 0).then(|| World::place("e1", self.room, seq)) }
    }

    pub fn from(&self, seq: u64) -> Interest {
        Interest { rooms: vec![self.at(seq)], presence: Vec::new() }
    }

    /// Makes the room hide from whoever was out what happened meanwhile.
    pub fn make_private(&self) {
        self.world.logs.lock().unwrap().get_mut(&self.room).expect("the room").is_private = true;
    }
}

pub fn user_change(room: RoomId, version: u64) -> UserRoomChange {
    UserRoomChange { version, room, is_member: true, encoded: format!("version {version}").into() }
}

/// The next item that is about a room or the stream itself.
pub async fn next(reader: &mut Reader) -> Item {
    loop {
        let item = timeout(Duration::from_secs(5), reader.next()).await.expect("in time").expect("the stream goes on");
        if !matches!(item, Item::Heartbeat { .. } | Item::Welcome { .. }) {
            return item;
        }
    }
}

pub async fn seqs(reader: &mut Reader, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        match next(reader).await {
            Item::RoomEvent(news) => seqs.push(news.place.seq),
            other => panic!("not an event: {other:?}"),
        }
    }
    seqs
}

pub async fn is_silent(reader: &mut Reader) -> bool {
    timeout(Duration::from_secs(5), next_event(reader)).await.is_err()
}

pub async fn next_event(reader: &mut Reader) -> Arc<RoomNews> {
    loop {
        match reader.next().await {
            Some(Item::RoomEvent(news)) => return news,
            Some(_) => {}
            None => future::pending().await,
        }
    }
}
