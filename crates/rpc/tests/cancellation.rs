//! Clients that leave: a call that is reset at any moment leaves no half-done change and no broken connection, in process and
//! over sockets alike.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt as _, future::BoxFuture, stream, stream::BoxStream};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper_util::rt::TokioIo;
use loquat_ids::{FixedClock, Timestamp};
use loquat_proto::users::v1::{
    GetKeySetRequest, GetKeySetResponse, RefreshRequest, RefreshResponse, RegisterRequest, RegisterResponse,
    SignInRequest, SignInResponse, SignOutRequest, SignOutResponse, WatchRevocationsRequest, WatchRevocationsResponse,
};
use loquat_rpc::{
    Answer, Call, Channel, HttpLimits, KeySet, Listener, MAX_REQUEST_BYTES, NodeAddress, Served, ServiceName, Verifier,
    detached,
    server::users::v1::auth_service_server::{AuthService, AuthServiceServer},
};
use prost::Message as _;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, body::Body, service::Routes, transport::Endpoint};
use tower::{Service as _, ServiceExt as _};

const CALLS: u64 = 400;
/// How many calls are under way at once.
const AT_ONCE: usize = 16;

/// What was changed, half and whole.
struct Ledger {
    begun: watch::Sender<usize>,
    finished: AtomicUsize,
}

/// Registers nobody, but slowly, and in two steps.
#[derive(Clone)]
struct Slow(Arc<Ledger>);

#[tonic::async_trait]
impl AuthService for Slow {
    type WatchRevocationsStream = BoxStream<'static, Result<WatchRevocationsResponse, Status>>;

    async fn register(&self, request: Request<RegisterRequest>) -> Result<Response<RegisterResponse>, Status> {
        let (ledger, name) = (Arc::clone(&self.0), request.into_inner().handle);
        detached(async move {
            ledger.begun.send_modify(|begun| *begun += 1);
            sleep(Duration::from_millis(name.bytes().map(u64::from).sum::<u64>() % 7)).await;
            ledger.finished.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .await?;
        Ok(Response::new(RegisterResponse::default()))
    }

    async fn sign_in(&self, _: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn refresh(&self, _: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn sign_out(&self, _: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_key_set(&self, _: Request<GetKeySetRequest>) -> Result<Response<GetKeySetResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn watch_revocations(
        &self,
        _: Request<WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// When a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    BeforeHeaders,
    InTheBody,
    WhileTheHandlerWaits,
    Never,
}

/// A way to the service. `Foreign` is a client that is not ours, over one connection, whose makings are counted; `Nobody` calls
/// in process without being a service.
#[derive(Clone)]
enum Way {
    Ours(Channel),
    Nobody(Served),
    Foreign { channel: tonic::transport::Channel, connections: Arc<AtomicUsize> },
}

impl Way {
    fn send(&self, call: Call) -> BoxFuture<'static, Result<Answer, String>> {
        match self.clone() {
            Self::Ours(channel) => Box::pin(async move { Ok(channel.send(call).await) }),
            Self::Nobody(served) => Box::pin(async move { Ok(served.call(call).await) }),
            Self::Foreign { mut channel, .. } => Box::pin(async move {
                let channel = channel.ready().await.map_err(|error| error.to_string())?;
                let answer = channel.call(call).await.map_err(|error| format!("{error:?}"))?;
                Ok(answer.map(Body::new))
            }),
        }
    }
}

struct House {
    ledger: Arc<Ledger>,
    way: Way,
}

impl House {
    fn served() -> (Arc<Ledger>, Served) {
        let ledger = Arc::new(Ledger { begun: watch::Sender::new(0), finished: AtomicUsize::new(0) });
        let keys = KeySet { issuer: "loquat".into(), audience: "loquat".into(), keys: Vec::new() };
        let verifier = Verifier::own(&keys, Arc::new(FixedClock::at(Timestamp::from_micros(0))));
        let server = AuthServiceServer::new(Slow(Arc::clone(&ledger))).max_decoding_message_size(MAX_REQUEST_BYTES);
        (ledger, Served::guarded(Routes::new(server), verifier))
    }

    fn listening(served: Served) -> SocketAddr {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(any, None, HttpLimits::default()).expect("a free port");
        let address = listener.local_address().expect("an address");
        tokio::spawn(listener.serve(served, CancellationToken::new(), Duration::ZERO));
        address
    }

    fn in_process() -> Self {
        let (ledger, served) = Self::served();
        Self { ledger, way: Way::Ours(Channel::in_process(served, ServiceName::new_static("gateway"))) }
    }

    fn over_our_channel() -> Self {
        let (ledger, served) = Self::served();
        let address: NodeAddress = format!("http://{}", Self::listening(served)).parse().expect("an address");
        Self { ledger, way: Way::Ours(Channel::remote("users", &[address], None)) }
    }

    fn over_a_foreign_client() -> Self {
        let (ledger, served) = Self::served();
        let (address, connections) = (Self::listening(served), Arc::new(AtomicUsize::new(0)));
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let made = Arc::clone(&connections);
        let channel = endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
            made.fetch_add(1, Ordering::Relaxed);
            async move { TcpStream::connect(address).await.map(TokioIo::new) }
        }));
        Self { ledger, way: Way::Foreign { channel, connections } }
    }
}

fn frame_of(number: u64) -> Bytes {
    let request = RegisterRequest {
        handle: format!("somebody-{number}"),
        display_name: "Somebody".into(),
        password: "correct horse battery staple".into(),
    };
    let message = request.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).expect("small").to_be_bytes());
    frame.extend(message);
    frame.into()
}

fn call(body: Body) -> Call {
    let mut call = Call::new(body);
    *call.method_mut() = http::Method::POST;
    *call.uri_mut() = http::Uri::from_static("http://loquat/loquat.users.v1.AuthService/Register");
    call.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
    call.headers_mut().insert("te", http::HeaderValue::from_static("trailers"));
    call
}

fn whole(number: u64) -> Call {
    call(Body::new(Full::new(frame_of(number))))
}

/// A call whose body stops in the middle.
fn half(number: u64) -> Call {
    let frame = frame_of(number);
    let first = frame.slice(..frame.len() / 2);
    let body = stream::iter([Ok::<_, Infallible>(Frame::data(first))]).chain(stream::pending());
    call(Body::new(StreamBody::new(body)))
}

/// The same numbers each time (Knuth, MMIX).
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33
}

/// Makes a call and leaves at a moment; returns whether it was answered well.
async fn make_call(way: Way, ledger: Arc<Ledger>, number: u64, moment: Moment) -> Result<bool, String> {
    let pause = Duration::from_micros(scattered(number ^ 99) % 3_000);
    match moment {
        Moment::BeforeHeaders => {
            let mut answer = way.send(whole(number));
            drop(futures::poll!(&mut answer));
            Ok(false)
        }
        Moment::InTheBody => Ok(timeout(pause, way.send(half(number))).await.is_ok()),
        Moment::WhileTheHandlerWaits => {
            let mut begun = ledger.begun.subscribe();
            begun.borrow_and_update();
            tokio::select! {
                answer = way.send(whole(number)) => answer.map(|_| false),
                _ = begun.changed() => Ok(false),
            }
        }
        Moment::Never => {
            let answer = way.send(whole(number)).await?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            let code = trailers.get("grpc-status").or_else(|| head.headers.get("grpc-status")).cloned();
            match code {
                Some(code) if code == "0" => Ok(true),
                other => Err(format!("answered {other:?}")),
            }
        }
    }
}

async fn whoever_leaves_at_any_moment_leaves_nothing_half_done(house: House) {
    let moments = [Moment::BeforeHeaders, Moment::InTheBody, Moment::WhileTheHandlerWaits, Moment::Never];
    let calls = (0..CALLS).map(|number| {
        let moment = moments[usize::try_from(scattered(number) % 4).expect("small")];
        let (way, ledger) = (house.way.clone(), Arc::clone(&house.ledger));
        async move { (moment, make_call(way, ledger, number, moment).await) }
    });
    let outcomes: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;

    let stayed = outcomes.iter().filter(|(moment, _)| *moment == Moment::Never).count();
    let (mut answered, mut broken) = (0, Vec::new());
    for (moment, outcome) in outcomes {
        match outcome {
            Ok(is_answered) => answered += usize::from(is_answered),
            Err(error) => broken.push((moment, error)),
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
    assert_eq!(answered, stayed, "who stays is answered, whoever else leaves");
    let begun = *house.ledger.begun.borrow();
    assert!(begun >= stayed);
    let all_finished = async {
        while house.ledger.finished.load(Ordering::Relaxed) < *house.ledger.begun.borrow() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(timeout(Duration::from_secs(5), all_finished).await.is_ok(), "what was begun is finished");
    make_call(house.way.clone(), Arc::clone(&house.ledger), CALLS, Moment::Never)
        .await
        .expect("the next call is served");
    if let Way::Foreign { connections, .. } = house.way {
        assert_eq!(connections.load(Ordering::Relaxed), 1, "on the same connection");
    }
}

#[tokio::test]
async fn in_process() {
    whoever_leaves_at_any_moment_leaves_nothing_half_done(House::in_process()).await;
}

#[tokio::test]
async fn over_our_channel() {
    whoever_leaves_at_any_moment_leaves_nothing_half_done(House::over_our_channel()).await;
}

#[tokio::test]
async fn over_a_foreign_client() {
    whoever_leaves_at_any_moment_leaves_nothing_half_done(House::over_a_foreign_client()).await;
}

/// Whoever has not said who it is may not fill the memory with requests that do not end.
async fn bytes_of_unknown_callers_are_bounded_all_together(way: Way) {
    // A frame that says that it is as long as one may be, and is not whole.
    let mut frame = vec![0];
    frame.extend(u32::try_from(MAX_REQUEST_BYTES).expect("small").to_be_bytes());
    frame.resize(MAX_REQUEST_BYTES, b'x');
    let frame = Bytes::from(frame);
    let hold = |_| {
        let body = stream::iter([Ok::<_, Infallible>(Frame::data(frame.clone()))]).chain(stream::pending());
        let answer = way.send(call(Body::new(StreamBody::new(body))));
        tokio::spawn(async move { answer.await.map(|answer| answer.headers().clone()) })
    };
    let mut held: Vec<_> = (0..70).map(hold).collect();
    // 64 MiB are in hand; the others are told so.
    let refused = async {
        while held.iter().filter(|call| call.is_finished()).count() < 6 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(10), refused).await.is_ok(), "it is too much at last");
    let (refused, held): (Vec<_>, Vec<_>) = held.drain(..).partition(tokio::task::JoinHandle::is_finished);
    assert!(held.len() >= 63, "{} are held", held.len());
    let headers = refused.into_iter().next().expect("one").await.expect("it has ended").expect("an answer");
    let refused = Status::from_header_map(&headers).expect("a status");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
    let details = tonic_types::StatusExt::get_error_details(&refused);
    assert_eq!(details.error_info().expect("a reason").reason, "OVERLOADED");
    assert!(details.retry_info().is_some_and(|info| info.retry_delay.is_some()));
    held.iter().for_each(tokio::task::JoinHandle::abort);
    let served = async {
        while way.send(whole(1)).await.is_ok_and(|answer| answer.headers().contains_key("grpc-status-details-bin")) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(10), served).await.is_ok(), "once they are gone there is room");
}

#[tokio::test]
async fn bytes_of_unknown_callers_are_bounded_over_sockets() {
    let endpoint = format!("http://{}", House::listening(House::served().1));
    let channel = Endpoint::from_shared(endpoint).expect("an address").connect_lazy();
    let way = Way::Foreign { channel, connections: Arc::default() };
    bytes_of_unknown_callers_are_bounded_all_together(way).await;
}

#[tokio::test]
async fn bytes_of_unknown_callers_are_bounded_in_process() {
    bytes_of_unknown_callers_are_bounded_all_together(Way::Nobody(House::served().1)).await;
}
