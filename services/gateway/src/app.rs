//! How the edge's parts are joined.

use std::sync::Arc;

use clap::{Args, builder::RangedU64ValueParser};
use loquat_bus::{Connection, SharedBus};
use loquat_ids::GatewayId;
use loquat_rpc::{MAX_REQUEST_BYTES, Served, Verifier, server::events::v1::event_service_server::EventServiceServer};
use loquat_runtime::{Frame, Readiness, Wired, reflection};
use tonic::service::Routes;

use crate::{
    edge::{self, Forwarder, Upstreams},
    grpc::EventApi,
    peers::{self, BusRoomFeed, MessagesPeer, PresencePeer, RoomsPeer},
    service::{CatchUp, Hub, Lease, StreamLimits, Streams},
};

/// The edge's own settings.
#[derive(Args, Debug, Clone)]
#[group(skip)]
pub struct Settings {
    /// How many event streams this gateway serves at once.
    #[arg(
        long,
        env = "LOQUAT_GATEWAY_MAX_STREAMS",
        default_value_t = 20_000,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000),
        value_name = "STREAMS"
    )]
    pub gateway_max_streams: usize,

    /// How many event streams one session may have at once.
    #[arg(
        long,
        env = "LOQUAT_GATEWAY_MAX_STREAMS_PER_SESSION",
        default_value_t = 16,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000),
        value_name = "STREAMS"
    )]
    pub gateway_max_streams_per_session: usize,
}

/// Joins the parts and returns what the port answers.
///
/// # Errors
///
/// Where the bus cannot be listened to.
pub async fn wire(settings: &Settings, frame: &Frame, upstreams: Upstreams, bus: SharedBus) -> anyhow::Result<Served> {
    let gateway = GatewayId::from_uuid(frame.ids.fresh());
    let messages = Arc::new(MessagesPeer::new(upstreams.messages.clone()));
    let rooms = Arc::new(RoomsPeer::new(upstreams.rooms.clone()));
    let presence = Arc::new(PresencePeer::new(upstreams.presence.clone()));
    let verifier = Verifier::follow(upstreams.users.clone(), Arc::clone(&frame.clock), frame.stop.clone());

    let lease = Lease::default();
    let limits = StreamLimits {
        total: settings.gateway_max_streams,
        per_session: settings.gateway_max_streams_per_session,
        ..StreamLimits::default()
    };
    let streams = Streams::new(gateway, limits, lease.clone());
    let hub = Hub::new(messages.clone(), Arc::new(BusRoomFeed::new(Arc::clone(&bus))), frame.clone());

    frame.tasks.spawn(lease.keep(gateway, presence.clone(), frame.clone()));
    frame.tasks.spawn(streams.clone().sweep(verifier.clone(), frame.stop.clone()));
    peers::watch_heads(&upstreams.messages, &hub, &streams, frame);
    peers::follow_users(&bus, &streams, frame).await?;
    peers::follow_presence(&bus, &streams, frame).await?;
    peers::follow_gateway(&bus, &streams, frame).await?;

    let events = EventApi {
        hub,
        streams,
        catch_up: CatchUp::new(messages.clone(), rooms.clone()),
        log: messages,
        user_rooms: rooms,
        presence,
        bus: Arc::clone(&bus),
        verifier: verifier.clone(),
        clock: Arc::clone(&frame.clock),
        ids: Arc::clone(&frame.ids),
        stop: frame.stop.clone(),
    };
    let readiness = readiness(&verifier, &bus);
    let (reporter, health) = tonic_health::server::health_reporter();
    let here = Routes::new(EventServiceServer::new(events).max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(health)
        .add_service(reflection(&public_services()));
    Wired::report(readiness.clone(), reporter, public_services(), frame);
    let calls = Served::guarded(edge::calls(here, Forwarder::new(upstreams)), verifier);
    Ok(edge::edge(calls, readiness))
}

fn readiness(verifier: &Verifier, bus: &SharedBus) -> Readiness {
    let (verifier, connection) = (verifier.clone(), bus.connection());
    Readiness::new()
        .check("tokens", move || {
            let is_ready = verifier.is_ready();
            async move { is_ready }
        })
        .check("bus", move || {
            // Without the bus messages arrive late, not never: the gateway says so and goes on.
            if *connection.borrow() == Connection::Disconnected {
                tracing::warn!("the bus is away: news comes by heads");
            }
            async { true }
        })
}

/// The services that clients may call, those for our own services aside.
fn public_services() -> Vec<String> {
    use loquat_proto::{authorization::v1::Access, methods::METHODS};
    let mut services: Vec<String> = METHODS
        .iter()
        .filter(|method| method.access != Access::Service)
        .filter_map(|method| Some(method.path.strip_prefix('/')?.split_once('/')?.0.to_owned()))
        .collect();
    services.dedup();
    services
}
