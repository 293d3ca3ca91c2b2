//! What the layers around a service do, in process and over sockets alike: panics stay inside, calls end in time, requests
//! have a size, and callers are who they are.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream::BoxStream};
use loquat_ids::{Clock, FixedClock, Timestamp};
use loquat_proto::{
    messages::v1::{
        AppendRoomEventRequest, AppendRoomEventResponse, GetHeadsRequest, GetHeadsResponse, MembershipsChanged,
        ReadRoomLogRequest, ReadRoomLogResponse, RoomCursor, WatchHeadsRequest, WatchHeadsResponse,
        room_log_service_client::RoomLogServiceClient,
    },
    presence::v1::{SetTypingRequest, presence_service_client::PresenceServiceClient},
};
use loquat_rpc::{
    Caller, Channel, HttpLimits, KeySet, Listener, MAX_REQUEST_BYTES, NodeAddress, Served, ServiceName, Verifier,
    server::messages::v1::room_log_service_server::{RoomLogService, RoomLogServiceServer},
    tls::PeerTls,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_types::StatusExt as _;

macro_rules! in_both_shapes {
    ($($name:ident),+ $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::House::in_process()).await;
            })+
        }
        mod over_sockets {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::House::over_sockets().await).await;
            })+
        }
    };
}

in_both_shapes! {
    a_handler_that_panics_is_one_failed_call,
    a_stream_that_panics_ends_with_a_status,
    a_handler_that_hangs_is_ended_by_the_callers_deadline,
    a_stream_that_hangs_is_ended_by_the_deadline_that_the_caller_names,
    a_request_beyond_the_limit_is_refused_before_the_handler,
    a_request_that_breaks_a_rule_is_refused_before_the_handler,
    a_handler_is_told_which_service_calls,
    a_service_that_is_not_named_finds_no_method,
    a_method_of_users_wants_a_token,
    an_unknown_method_is_told_so,
}

const ROOM: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// The size of a page by which a test says what the handler shall do.
const PANIC: i32 = 1;
const HANG: i32 = 2;

/// A room log that misbehaves as it is asked to.
#[derive(Clone, Copy)]
struct Unruly;

#[tonic::async_trait]
impl RoomLogService for Unruly {
    type WatchHeadsStream = BoxStream<'static, Result<WatchHeadsResponse, Status>>;

    async fn append_room_event(
        &self,
        _: Request<AppendRoomEventRequest>,
    ) -> Result<Response<AppendRoomEventResponse>, Status> {
        Ok(Response::new(AppendRoomEventResponse::default()))
    }

    async fn read_room_log(
        &self,
        request: Request<ReadRoomLogRequest>,
    ) -> Result<Response<ReadRoomLogResponse>, Status> {
        let caller = Caller::of(&request).service().map(|name| name.as_str().to_owned()).unwrap_or_default();
        match request.into_inner().page_size {
            PANIC => panic!("as it was asked to"),
            HANG => std::future::pending().await,
            _ => {
                let head = RoomCursor { room_id: ROOM.into(), epoch: caller, ..Default::default() };
                Ok(Response::new(ReadRoomLogResponse { head: Some(head), ..Default::default() }))
            }
        }
    }

    async fn watch_heads(
        &self,
        request: Request<WatchHeadsRequest>,
    ) -> Result<Response<Self::WatchHeadsStream>, Status> {
        let must_hang = request.metadata().contains_key("hang");
        let first = futures::stream::once(async { Ok(WatchHeadsResponse::default()) });
        let then = futures::stream::once(async move {
            if must_hang {
                std::future::pending::<()>().await;
            }
            // The first item goes out before.
            tokio::task::yield_now().await;
            panic!("as it was asked to")
        });
        Ok(Response::new(first.chain(then).boxed()))
    }

    async fn get_heads(&self, _: Request<GetHeadsRequest>) -> Result<Response<GetHeadsResponse>, Status> {
        Ok(Response::new(GetHeadsResponse::default()))
    }
}

/// The service, and ways to it.
enum House {
    InProcess(Served),
    OverSockets { authority: Box<Issuer<'static, KeyPair>>, root: String, address: SocketAddr },
}

impl House {
    fn in_process() -> Self {
        Self::InProcess(served())
    }

    async fn over_sockets() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("an authority").pem();
        let authority = Box::new(Issuer::new(params, key));
        let tls = certificates(&authority, &root, "messages");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(any, Some(tls.server()), HttpLimits::default()).expect("a free port");
        let address = listener.local_address().expect("an address");
        tokio::spawn(listener.serve(served(), CancellationToken::new(), Duration::ZERO));
        Self::OverSockets { authority, root, address }
    }

    /// Reaches the service as another one.
    fn channel(&self, caller: &'static str) -> Channel {
        match self {
            Self::InProcess(served) => Channel::in_process(served.clone(), ServiceName::new_static(caller)),
            Self::OverSockets { authority, root, address } => {
                let address: NodeAddress = format!("https://{address}").parse().expect("an address");
                Channel::remote("messages", &[address], Some(&certificates(authority, root, caller)))
            }
        }
    }

    fn log(&self, caller: &'static str) -> RoomLogServiceClient<Channel> {
        RoomLogServiceClient::new(self.channel(caller))
    }
}

fn certificates(authority: &Issuer<'static, KeyPair>, root: &str, name: &str) -> PeerTls {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    PeerTls::from_pem(root.into(), certificate.pem().into(), key.serialize_pem().into()).expect("good certificates")
}

fn served() -> Served {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let keys = KeySet { issuer: "loquat".into(), audience: "loquat".into(), keys: Vec::new() };
    let server = RoomLogServiceServer::new(Unruly).max_decoding_message_size(MAX_REQUEST_BYTES);
    Served::guarded(Routes::new(server), Verifier::own(&keys, clock))
}

fn read(page_size: i32) -> ReadRoomLogRequest {
    ReadRoomLogRequest { room_id: ROOM.into(), page_size, ..Default::default() }
}

fn told(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().map(|info| info.reason.clone()).unwrap_or_default())
}

async fn a_handler_that_panics_is_one_failed_call(house: House) {
    let mut log = house.log("gateway");
    let failed = log.read_room_log(read(PANIC)).await.expect_err("it panics");
    assert_eq!(told(&failed), (Code::Internal, "INTERNAL".into()));
    assert!(!failed.message().contains("as it was asked to"), "an inner detail is told: {failed}");
    log.read_room_log(read(0)).await.expect("the next call is served, on the same connection");
}

async fn a_stream_that_panics_ends_with_a_status(house: House) {
    let mut heads = house.log("gateway").watch_heads(WatchHeadsRequest {}).await.expect("it begins").into_inner();
    heads.message().await.expect("the first").expect("the first");
    let failed = heads.message().await.expect_err("it panics");
    assert_eq!(told(&failed), (Code::Internal, "INTERNAL".into()));
}

async fn a_handler_that_hangs_is_ended_by_the_callers_deadline(house: House) {
    let begun = Instant::now();
    let channel = house.channel("gateway").with_deadline(Duration::from_millis(200));
    let late = RoomLogServiceClient::new(channel).read_room_log(read(HANG)).await.expect_err("it hangs");
    assert_eq!(told(&late), (Code::DeadlineExceeded, "DEADLINE".into()));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // The server ends the call by itself, by the header.
    let mut request = Request::new(read(HANG));
    request.set_timeout(Duration::from_millis(200));
    let late = house.log("gateway").read_room_log(request).await.expect_err("it hangs");
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // That a handler is slow says nothing of its node, which goes on being asked.
    house.log("gateway").read_room_log(read(0)).await.expect("the next call is served");
}

async fn a_stream_that_hangs_is_ended_by_the_deadline_that_the_caller_names(house: House) {
    let mut request = Request::new(WatchHeadsRequest {});
    request.metadata_mut().insert("hang", "yes".parse().expect("ASCII"));
    request.metadata_mut().insert("grpc-timeout", "300m".parse().expect("ASCII"));
    let mut heads = house.log("gateway").watch_heads(request).await.expect("it begins").into_inner();
    heads.message().await.expect("the first").expect("the first");
    let late = heads.message().await.expect_err("it hangs");
    assert_eq!(told(&late), (Code::DeadlineExceeded, "DEADLINE".into()));
}

async fn a_request_beyond_the_limit_is_refused_before_the_handler(house: House) {
    let changed = MembershipsChanged::default();
    let request = AppendRoomEventRequest {
        room_id: "r".repeat(MAX_REQUEST_BYTES),
        memberships_changed: Some(changed),
        ..Default::default()
    };
    let refused = house.log("rooms").append_room_event(request).await.expect_err("it is too large");
    assert_eq!(told(&refused), (Code::InvalidArgument, "MESSAGE_TOO_LARGE".into()));
}

async fn a_request_that_breaks_a_rule_is_refused_before_the_handler(house: House) {
    let refused = house.log("gateway").read_room_log(read(1_001)).await.expect_err("1,000 is the most");
    assert_eq!(told(&refused), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    let details = refused.get_error_details();
    assert_eq!(details.bad_request().expect("violations").field_violations[0].field, "page_size");
}

async fn a_handler_is_told_which_service_calls(house: House) {
    let answer = house.log("gateway").read_room_log(read(0)).await.expect("it may").into_inner();
    assert_eq!(answer.head.expect("a head").epoch, "gateway");
    // Nobody is a service by saying so.
    let mut request = Request::new(read(0));
    request.metadata_mut().insert("x-service", "gateway".parse().expect("ASCII"));
    let refused = house.log("presence").read_room_log(request).await.expect_err("it is not named");
    assert_eq!(refused.code(), Code::Unimplemented);
}

async fn a_service_that_is_not_named_finds_no_method(house: House) {
    let mut request =
        AppendRoomEventRequest { room_id: ROOM.into(), event_id: ROOM.into(), version: 1, ..Default::default() };
    request.actor_id = ROOM.into();
    request.memberships_changed = Some(MembershipsChanged::default());
    let refused = house.log("presence").append_room_event(request.clone()).await.expect_err("only rooms may");
    assert_eq!(told(&refused), (Code::Unimplemented, "UNKNOWN_METHOD".into()));
    house.log("rooms").append_room_event(request).await.expect("rooms may");
}

async fn a_method_of_users_wants_a_token(house: House) {
    let typing = || SetTypingRequest { room_id: ROOM.into(), is_typing: true };
    let mut presence = PresenceServiceClient::new(house.channel("gateway"));
    let refused = presence.set_typing(typing()).await.expect_err("there is no token");
    assert_eq!(told(&refused), (Code::Unauthenticated, "TOKEN_MISSING".into()));
    let mut request = Request::new(typing());
    request.metadata_mut().insert("authorization", "Bearer forged".parse().expect("ASCII"));
    let refused = presence.set_typing(request).await.expect_err("nobody issued it");
    assert_eq!(told(&refused), (Code::Unauthenticated, "TOKEN_INVALID".into()));
}

async fn an_unknown_method_is_told_so(house: House) {
    let codec = tonic_prost::ProstCodec::<GetHeadsRequest, GetHeadsResponse>::default();
    let mut client = tonic::client::Grpc::new(house.channel("gateway"));
    let path = http::uri::PathAndQuery::from_static("/loquat.messages.v1.RoomLogService/Shred");
    let unknown = client.unary(Request::new(GetHeadsRequest::default()), path, codec).await.expect_err("there is none");
    assert_eq!(told(&unknown), (Code::Unimplemented, "UNKNOWN_METHOD".into()));
}
