//! `loquat.events.v1.EventService`.

use std::sync::Arc;

use bytes::{BufMut as _, BytesMut};
use futures::{StreamExt as _, future, stream::BoxStream};
use loquat_bus::{SharedBus, Subject};
use loquat_ids::{Clock, IdSource};
use loquat_proto::events::v1 as proto;
use loquat_rpc::{
    Caller, Connection, Verifier, codec::Encoded, fault::RpcFault,
    server::events::v1::event_service_server::EventService, status, trace,
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    error::GatewayError,
    grpc::{encode, inbound, items::sync_response, requests},
    model::{ClosingReason, Item},
    ports::{PresenceBoard, RoomLog, UserRooms},
    service::{CatchUp, Ends, Holder, Hub, Mailbox, Reader, ReaderParts, Streams},
};

/// The event service.
#[derive(Clone)]
pub struct EventApi {
    /// The active rooms.
    pub hub: Hub,
    /// The streams.
    pub streams: Streams,
    /// The room log.
    pub log: Arc<dyn RoomLog>,
    /// What clients are answered that ask now and then.
    pub catch_up: CatchUp,
    /// The lists of rooms.
    pub user_rooms: Arc<dyn UserRooms>,
    /// Who is there.
    pub presence: Arc<dyn PresenceBoard>,
    /// Between gateways.
    pub bus: SharedBus,
    /// Sessions that end.
    pub verifier: Verifier,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids of streams.
    pub ids: Arc<dyn IdSource>,
    /// The end of the process.
    pub stop: CancellationToken,
}

type Items = BoxStream<'static, Result<Encoded, Status>>;

impl EventApi {
    fn open(
        &self,
        caller: &Caller,
        start: proto::SubscribeRequest,
        mailbox: Arc<Mailbox>,
        connection: Connection,
        client: future::BoxFuture<'static, ClosingReason>,
    ) -> Result<Items, Status> {
        let who = caller.user()?;
        let holder = Holder { user: who.user_id, session: who.session_id, token_life: caller.token_life() };
        let stream = format!("{}.{}", self.streams.gateway(), self.ids.fresh());
        let stream = stream.parse().map_err(|_| status(GatewayError::TooManyStreams))?;
        let registered = self.streams.register(stream, holder, Arc::clone(&mailbox), connection).map_err(status)?;
        let parts = ReaderParts {
            registered,
            mailbox,
            hub: self.hub.clone(),
            streams: self.streams.clone(),
            log: Arc::clone(&self.log),
            user_rooms: Arc::clone(&self.user_rooms),
            presence: Arc::clone(&self.presence),
            ends: Ends { stop: self.stop.clone(), session: Box::pin(over(self.verifier.clone(), holder)), client },
        };
        let reader = Reader::begin(parts, requests::interest(start.interest), start.user_state_version);
        let clock = Arc::clone(&self.clock);
        let items = futures::stream::unfold(reader, move |mut reader| {
            let clock = Arc::clone(&clock);
            async move {
                let item = reader.next().await?;
                note_delivery(&item);
                Some((Ok(encode(&item, clock.as_ref())), reader))
            }
        });
        Ok(items.boxed())
    }
}

/// Resolves when a stream can no longer stand on its session: it is over, or for as long as a token lives nobody has said that it
/// is not.
async fn over(verifier: Verifier, holder: Holder) -> ClosingReason {
    tokio::select! {
        () = verifier.ended(holder.session) => ClosingReason::SessionEnded,
        () = verifier.unvouched(holder.token_life) => ClosingReason::GoingAway,
    }
}

/// The connection that a call came over; in process there is none to be cut.
fn connection_of<T>(request: &Request<T>) -> Connection {
    request.extensions().get().cloned().unwrap_or_default()
}

/// The end of an event's trace: it goes to the transport of a reader.
fn note_delivery(item: &Item) {
    let Item::RoomEvent(news) = item else { return };
    let Some(context) = news.trace.as_ref().filter(|context| context.traceparent.ends_with("-01")) else { return };
    let span = tracing::info_span!("deliver", otel.kind = "consumer", room = %news.room, seq = news.place.seq);
    trace::continue_from(&span, context);
    span.in_scope(|| tracing::debug!("delivered"));
}

#[tonic::async_trait]
impl EventService for EventApi {
    type SubscribeStream = Items;
    type ConnectStream = Items;

    async fn subscribe(&self, request: Request<proto::SubscribeRequest>) -> Result<Response<Items>, Status> {
        let (caller, connection) = (Caller::of(&request).clone(), connection_of(&request));
        let items =
            self.open(&caller, request.into_inner(), Arc::default(), connection, Box::pin(future::pending()))?;
        Ok(Response::new(items))
    }

    async fn update_interest(
        &self,
        request: Request<proto::UpdateInterestRequest>,
    ) -> Result<Response<proto::UpdateInterestResponse>, Status> {
        let who = Caller::of(&request).user()?;
        let request = request.into_inner();
        let stream = request.stream_id.parse().map_err(|_| status(GatewayError::StreamNotFound))?;
        let gateway = Streams::gateway_of(&stream).ok_or_else(|| status(GatewayError::StreamNotFound))?;
        if gateway == self.streams.gateway() {
            let update = requests::update(request.update.unwrap_or_default());
            self.streams.update(&stream, who.session_id, update).map_err(status)?;
        } else {
            // The other gateway must know whose wish it is: 16 bytes of the session, then the request.
            let mut news = BytesMut::with_capacity(16 + request.encoded_len());
            news.put_slice(who.session_id.as_uuid().as_bytes());
            news.put_slice(&request.encode_to_vec());
            if let Err(error) = self.bus.publish(Subject::gateway(gateway), news.freeze()).await {
                tracing::debug!(%error, "a change of interest could not be passed on");
                return Err(status(RpcFault::ServiceUnreachable { service: "bus".into() }));
            }
        }
        Ok(Response::new(proto::UpdateInterestResponse {}))
    }

    async fn sync(&self, request: Request<proto::SyncRequest>) -> Result<Response<proto::SyncResponse>, Status> {
        let who = Caller::of(&request).user()?;
        let question = requests::question(&request.into_inner());
        let caught = self.catch_up.answer(who.user_id, question).await.map_err(status)?;
        Ok(Response::new(sync_response(&caught, self.clock.as_ref())))
    }

    async fn connect(&self, request: Request<Streaming<proto::ConnectRequest>>) -> Result<Response<Items>, Status> {
        let (caller, connection) = (Caller::of(&request).clone(), connection_of(&request));
        caller.user()?;
        let mut inbound = request.into_inner();
        let start = inbound::start(&mut inbound).await?;
        let mailbox: Arc<Mailbox> = Arc::default();
        let client = Box::pin(inbound::listen(inbound, Arc::clone(&mailbox)));
        Ok(Response::new(self.open(&caller, start, mailbox, connection, client)?))
    }
}
