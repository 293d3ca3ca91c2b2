//! The event service behind its layers: over real sockets, whose clients may stop reading, and in process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{StreamExt as _, stream::BoxStream};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_bus::EmbeddedBus;
use loquat_gateway::{
    edge::edge,
    grpc::EventApi,
    service::{CatchUp, Lease, StreamLimits, Streams},
};
use loquat_ids::{Clock, GatewayId, IdSource as _, RandomIds, SessionId, SystemClock};
use loquat_proto::{
    events::v1::{
        Beat, ClosingReason, ConnectRequest, Interest, SubscribeRequest, SyncRequest,
        event_service_client::EventServiceClient, stream_item::Kind,
    },
    messages::v1::RoomCursor,
    users::v1::{
        self as users, GetKeySetRequest, GetKeySetResponse, WatchRevocationsRequest, WatchRevocationsResponse,
    },
};
use loquat_rpc::{
    Channel, Claims, HttpLimits, KeySet, Listener, MAX_REQUEST_BYTES, Served, ServiceName, Verifier, VerifyingKey,
    server::{
        events::v1::event_service_server::EventServiceServer,
        users::v1::auth_service_server::{AuthService, AuthServiceServer},
    },
};
use loquat_runtime::{Frame, Readiness};
use prost::Message as _;
use rcgen::PublicKeyData as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Request, Response, Status, service::Routes};

use crate::House;

/// For how long a stream may stay unread here.
const UNREAD: Duration = Duration::from_millis(500);
/// By when one is cut then.
const CUT: Duration = Duration::from_secs(4);

/// Issues tokens.
struct Issuer(rcgen::KeyPair);

impl Issuer {
    fn new() -> Self {
        Self(rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key"))
    }

    fn keys(&self) -> KeySet {
        let key = VerifyingKey { key_id: "k".into(), ed25519: self.0.der_bytes().try_into().expect("32 bytes") };
        KeySet { issuer: "loquat".into(), audience: "loquat".into(), keys: vec![key] }
    }

    fn token(&self, house: &House, life: Duration) -> String {
        self.token_of(house, SessionId::from_uuid(RandomIds.fresh()), life)
    }

    fn token_of(&self, house: &House, sid: SessionId, life: Duration) -> String {
        let now = SystemClock.now().as_seconds();
        let claims = Claims {
            iss: "loquat".into(),
            aud: "loquat".into(),
            sub: house.user,
            sid,
            iat: now,
            exp: now + i64::try_from(life.as_secs()).expect("a short life"),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("k".into());
        let key = EncodingKey::from_ed_der(&self.0.serialize_der());
        jsonwebtoken::encode(&header, &claims, &key).expect("a token")
    }
}

/// The event service over the house's world.
fn served(house: &mut House, verifier: Verifier, frame: &Frame) -> Served {
    let limits = StreamLimits { unread: UNREAD, ..StreamLimits::default() };
    house.streams = Streams::new(GatewayId::from_uuid(house.ids.fresh()), limits, Lease::default());
    frame.tasks.spawn(house.streams.clone().sweep(verifier.clone(), frame.stop.clone()));
    let api = EventApi {
        hub: house.hub.clone(),
        streams: house.streams.clone(),
        log: house.world.clone(),
        catch_up: CatchUp::new(house.world.clone(), house.world.clone()),
        user_rooms: house.world.clone(),
        presence: house.world.clone(),
        bus: Arc::new(EmbeddedBus::new()),
        verifier: verifier.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        stop: frame.stop.clone(),
    };
    let server = EventServiceServer::new(api).max_decoding_message_size(MAX_REQUEST_BYTES);
    edge(Served::guarded(Routes::new(server), verifier), Readiness::new())
}

fn listening(served: Served, frame: &Frame) -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(any, None, HttpLimits::default()).expect("a free port");
    let address = listener.local_address().expect("an address");
    tokio::spawn(listener.serve(served, frame.stop.clone(), Duration::ZERO));
    address
}

fn cursor(house: &House, seq: u64) -> RoomCursor {
    let place = crate::World::place("e1", house.room, seq);
    RoomCursor { room_id: house.room.to_string(), epoch: "e1".into(), seq, event_id: place.event_id.to_string() }
}

fn subscription(house: &House, seq: u64) -> SubscribeRequest {
    let interest = Interest { rooms: vec![cursor(house, seq)], presence_user_ids: Vec::new() };
    SubscribeRequest { interest: Some(interest), user_state_version: 1 }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("ASCII"));
    request
}

async fn until_no_stream(house: &House) -> Duration {
    let began = Instant::now();
    while house.streams.count() > 0 {
        assert!(began.elapsed() < CUT, "the stream is still there");
        sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn a_client_that_leaves_its_stream_unread_is_cut_off() {
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let verifier = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let address = listening(served(&mut house, verifier, &frame), &frame);
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let channel = endpoint.initial_stream_window_size(16 * 1024).connect().await.expect("it listens");
    let token = issuer.token(&house, Duration::from_secs(60));
    let mut client = EventServiceClient::new(channel);
    let items = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect("a stream");
    let mut items = items.into_inner();
    items.message().await.expect("an item").expect("the welcome");
    for _ in 0..3_000 {
        house.world.send(house.room).await;
    }
    let took = until_no_stream(&house).await;
    assert!(took >= UNREAD, "{took:?}");
    let mut count = 0;
    let ended = loop {
        match items.message().await {
            Ok(Some(_)) => count += 1,
            ended => break ended,
        }
    };
    assert!(ended.is_err() && count < 1_000, "{count} items, then {ended:?}");
}

#[tokio::test]
async fn what_is_on_its_way_to_a_client_that_does_not_read_its_socket_is_bounded() {
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let verifier = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let address = listening(served(&mut house, verifier, &frame), &frame);
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    let mut client = socket.connect(address).await.expect("it listens");

    let request = subscription(&house, 1).encode_to_vec();
    let token = issuer.token(&house, Duration::from_secs(60));
    let head = format!(
        "POST /loquat.events.v1.EventService/Subscribe HTTP/1.1\r\nhost: loquat\r\ncontent-type: \
         application/grpc-web+proto\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
        request.len() + 5
    );
    let mut call = head.into_bytes();
    call.push(0);
    call.extend(u32::try_from(request.len()).expect("small").to_be_bytes());
    call.extend(request);
    client.write_all(&call).await.expect("it reads");
    while house.streams.count() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..500 {
        house.world.tell_sized(house.room, 4 * 1024).await;
    }
    until_no_stream(&house).await;
    let mut received = 0;
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(Ok(count @ 1..)) = timeout(Duration::from_secs(5), client.read(&mut buffer)).await {
        received += count;
    }
    assert!((1_000..128 * 1024).contains(&received), "{received} bytes were on their way");
}

#[tokio::test(start_paused = true)]
async fn sync_answers_what_a_stream_says() {
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let verifier = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let served = served(&mut house, verifier, &frame);
    house.make_private();
    for members in [vec![], vec![(house.user, false)], vec![], vec![], vec![(house.user, true)], vec![]] {
        house.world.commit(house.room, members);
    }
    let token = issuer.token(&house, Duration::from_secs(60));
    let mut client = EventServiceClient::new(Channel::in_process(served, ServiceName::new_static("test")));
    let request = SyncRequest { rooms: vec![cursor(&house, 1)], user_state_version: 1, page_size: 0 };
    let answer = client.sync(with_token(request, &token)).await.expect("an answer").into_inner();
    let mut items = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect("a stream").into_inner();
    let mut said = Vec::new();
    while said.len() < answer.items.len() + 1 {
        said.push(items.message().await.expect("an item").expect("an item").item.expect("an item"));
    }
    assert_eq!(answer.items, said[1..], "the welcome aside");
    let numbers: Vec<_> = answer
        .items
        .iter()
        .map(|item| match item.kind.as_ref().expect("a kind") {
            Kind::RoomEvent(event) => (event.seq, event.seq),
            Kind::Hidden(hidden) => (hidden.from_seq, hidden.to_seq),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, [(2, 2), (3, 3), (4, 5), (6, 6), (7, 7)]);
    assert_eq!((answer.cursors, answer.user_state_version, answer.has_more), (vec![cursor(&house, 7)], 1, false));

    let unsigned = client.sync(SyncRequest::default()).await.expect_err("nobody asks");
    assert_eq!(unsigned.code(), Code::Unauthenticated);
    let too_many = SyncRequest { page_size: 201, ..SyncRequest::default() };
    assert_eq!(client.sync(with_token(too_many, &token)).await.expect_err("a rule").code(), Code::InvalidArgument);
    house.world.is_away.store(true, Ordering::Relaxed);
    let away = client.sync(with_token(SyncRequest::default(), &token)).await.expect_err("nothing can be said");
    assert_eq!(away.code(), Code::Unavailable);
}

/// The users service, which says nothing of ended sessions any more where it is told so.
#[derive(Clone)]
struct Users {
    keys: KeySet,
    is_silent: Arc<std::sync::atomic::AtomicBool>,
}

#[tonic::async_trait]
impl AuthService for Users {
    type WatchRevocationsStream = BoxStream<'static, Result<WatchRevocationsResponse, Status>>;

    async fn get_key_set(&self, _: Request<GetKeySetRequest>) -> Result<Response<GetKeySetResponse>, Status> {
        let keys = self
            .keys
            .keys
            .iter()
            .map(|key| users::PublicKey { key_id: key.key_id.clone(), ed25519: key.ed25519.to_vec().into() });
        Ok(Response::new(GetKeySetResponse {
            issuer: self.keys.issuer.clone(),
            audience: self.keys.audience.clone(),
            keys: keys.collect(),
        }))
    }

    async fn watch_revocations(
        &self,
        _: Request<WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let is_silent = Arc::clone(&self.is_silent);
        let batches = futures::stream::unfold(is_silent, |is_silent| async move {
            sleep(Duration::from_secs(1)).await;
            if is_silent.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            Some((Ok(WatchRevocationsResponse::default()), is_silent))
        });
        Ok(Response::new(batches.boxed()))
    }

    async fn register(&self, _: Request<users::RegisterRequest>) -> Result<Response<users::RegisterResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn sign_in(&self, _: Request<users::SignInRequest>) -> Result<Response<users::SignInResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn refresh(&self, _: Request<users::RefreshRequest>) -> Result<Response<users::RefreshResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn sign_out(&self, _: Request<users::SignOutRequest>) -> Result<Response<users::SignOutResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_hears_nothing_of_sessions_for_a_token_s_life_sends_its_streams_elsewhere() {
    const LIFE: Duration = Duration::from_secs(120);
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let users = Users { keys: issuer.keys(), is_silent: Arc::default() };
    let own = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let of_users = Served::guarded(Routes::new(AuthServiceServer::new(users.clone())), own);
    let to_users = Channel::in_process(of_users, ServiceName::new_static("gateway"));
    let verifier = Verifier::follow(to_users, Arc::new(SystemClock), frame.stop.clone());
    sleep(Duration::from_secs(3)).await;
    assert!(verifier.is_ready());

    let served = served(&mut house, verifier.clone(), &frame);
    let mut client = EventServiceClient::new(Channel::in_process(served, ServiceName::new_static("test")));
    let token = issuer.token(&house, LIFE);
    let items = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect("a stream");
    let mut items = items.into_inner();
    let began = Instant::now();
    users.is_silent.store(true, Ordering::Relaxed);
    let last = loop {
        assert!(began.elapsed() < LIFE * 2, "it goes on");
        let item = timeout(Duration::from_secs(20), items.message()).await.expect("in time").expect("no error");
        match item.and_then(|item| item.item?.kind) {
            Some(Kind::Closing(closing)) => break closing,
            Some(_) => {}
            None => panic!("it ended without a word"),
        }
    };
    assert_eq!(last.reason(), ClosingReason::GoingAway);
    let took = began.elapsed();
    assert!((LIFE - Duration::from_secs(5)..=LIFE + Duration::from_secs(5)).contains(&took), "{took:?}");
    let refused = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect_err("it fails closed");
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_session_s_streams_end_within_a_second_of_its_end_whether_they_are_read_or_not() {
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let verifier = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let served = served(&mut house, verifier.clone(), &frame);
    let address = listening(served, &frame);
    let (session, other) = (SessionId::from_uuid(RandomIds.fresh()), SessionId::from_uuid(RandomIds.fresh()));
    let mut streams = Vec::new();
    for sid in [session, session, other] {
        let token = issuer.token_of(&house, sid, Duration::from_secs(60));
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let channel = endpoint.initial_stream_window_size(1024).connect().await.expect("it listens");
        let mut client = EventServiceClient::new(channel);
        let items = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect("a stream");
        streams.push(items.into_inner());
    }
    let [mut read, _unread, mut of_other] = <[_; 3]>::try_from(streams).expect("three");
    for items in [&mut read, &mut of_other] {
        items.message().await.expect("an item").expect("the welcome");
    }
    // One of them has more to say than its transport takes.
    for _ in 0..3 {
        house.world.tell_sized(house.room, 60 * 1024).await;
    }
    sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    verifier.revoke(session, SystemClock.now().plus(Duration::from_secs(60)));
    let reader = tokio::spawn(async move {
        loop {
            let item = read.message().await.expect("no error").expect("a last word").item;
            if let Some(Kind::Closing(closing)) = item.and_then(|item| item.kind) {
                break closing.reason();
            }
        }
    });
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = EventServiceClient::new(endpoint.connect().await.expect("it listens"));
    let token = issuer.token_of(&house, session, Duration::from_secs(60));
    let refused = client.subscribe(with_token(subscription(&house, 1), &token)).await.expect_err("it has ended");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let going_on = tokio::spawn(async move { while let Ok(Some(_)) = of_other.message().await {} });
    assert_eq!(
        timeout(Duration::from_secs(1), reader).await.expect("in time").expect("a reason"),
        ClosingReason::SessionEnded
    );
    while house.streams.count() > 1 {
        assert!(began.elapsed() < Duration::from_millis(1_200), "{} streams are there", house.streams.count());
        sleep(Duration::from_millis(10)).await;
    }
    sleep(Duration::from_millis(700)).await;
    assert!(!going_on.is_finished() && house.streams.count() == 1, "another session's stream goes on");
}

#[tokio::test(start_paused = true)]
async fn a_native_client_whose_beats_are_read_late_because_the_process_stood_still_is_not_taken_for_silent() {
    let (mut house, issuer, frame) = (House::new(), Issuer::new(), Frame::real());
    let verifier = Verifier::own(&issuer.keys(), Arc::new(SystemClock));
    let served = served(&mut house, verifier, &frame);
    let mut client = EventServiceClient::new(Channel::in_process(served, ServiceName::new_static("test")));
    let (says, said) = tokio::sync::mpsc::channel(4);
    let start = ConnectRequest { start: Some(subscription(&house, 1)), ..ConnectRequest::default() };
    says.send(start).await.expect("it listens");
    let request = with_token(tokio_stream::wrappers::ReceiverStream::new(said), &issuer.token(&house, CUT * 100));
    let mut items = client.connect(request).await.expect("a stream").into_inner();
    let mut closing_within = async |span| {
        let closing = async {
            loop {
                let item = items.message().await.expect("no error").expect("a last word").item;
                if let Some(Kind::Closing(closing)) = item.and_then(|item| item.kind) {
                    break closing.reason();
                }
            }
        };
        timeout(span, closing).await.ok()
    };
    assert_eq!(closing_within(Duration::from_secs(1)).await, None);
    let beat = ConnectRequest { beat: Some(Beat {}), ..ConnectRequest::default() };
    for _ in 0..3 {
        // Nothing runs for a minute; what the client said meanwhile is read only after that was noticed.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(closing_within(Duration::from_millis(100)).await, None);
        says.send(beat.clone()).await.expect("it listens");
        assert_eq!(closing_within(Duration::from_secs(20)).await, None);
    }
    assert_eq!(closing_within(Duration::from_secs(10)).await, Some(ClosingReason::NoBeat));
}
