//! Reaching a service: the same clients over the same channel, whether it runs in this process or elsewhere.

use std::{
    convert::Infallible,
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::HeaderValue;
use http_body_util::Full;
use loquat_ids::RoomId;
use loquat_proto::methods;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tower::Service;
use tracing::{Instrument as _, Span, field};

use crate::{
    ServiceName,
    body::{WellEnded, WhenBroken, whole},
    caller::PeerService,
    fault::{RpcFault, status},
    served::{Answer, Call, Served, asked_timeout, name_of},
    trace,
};

mod dialer;
mod node;

pub use dialer::Dialer;
pub use node::NodeAddress;
use node::{Failure, Node};

/// How long a unary call may take unless [`Channel::with_deadline`] says otherwise.
const DEADLINE: Duration = Duration::from_secs(5);

/// A way to a service, for generated clients and for forwarding. Clones share connections.
///
/// Around each call it puts a span, the trace's headers, and a deadline; whatever breaks on the way is answered as a
/// status: UNAVAILABLE where the service cannot be reached, DEADLINE_EXCEEDED where it does not answer in time. A call is
/// sent to another replica only while it is certain that none has seen it.
#[derive(Clone)]
pub struct Channel {
    target: Target,
    deadline: Duration,
    room: Option<RoomId>,
}

#[derive(Clone)]
enum Target {
    InProcess { served: Served, caller: ServiceName },
    Remote(Arc<Replicas>),
}

struct Replicas {
    service: &'static str,
    nodes: Vec<Node>,
    /// Where the next call without a room begins.
    next: AtomicUsize,
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::InProcess { .. } => "in process",
            Target::Remote(replicas) => replicas.service,
        };
        formatter.debug_struct("Channel").field("target", &target).finish_non_exhaustive()
    }
}

impl Channel {
    /// Reaches a service in this process, as the named service. Only this gives a call in process its caller's identity.
    #[must_use]
    pub const fn in_process(served: Served, caller: ServiceName) -> Self {
        Self { target: Target::InProcess { served, caller }, deadline: DEADLINE, room: None }
    }

    /// Reaches the replicas of a service over sockets. Connections are made when they are needed.
    ///
    /// # Panics
    ///
    /// Where there is no address: settings are judged before.
    #[must_use]
    pub fn remote(service: &'static str, addresses: &[NodeAddress], tls: Option<&crate::tls::PeerTls>) -> Self {
        assert!(!addresses.is_empty(), "a service has at least one address");
        Self::to(service, addresses.iter().map(|address| Node::new(address, service, tls)).collect())
    }

    /// Reaches the replicas of a service over connections that a dialer makes.
    ///
    /// # Panics
    ///
    /// Where there is no address.
    #[must_use]
    pub fn remote_over(service: &'static str, addresses: &[NodeAddress], dialer: &Dialer) -> Self {
        assert!(!addresses.is_empty(), "a service has at least one address");
        Self::to(service, addresses.iter().map(|address| Node::over(address, dialer)).collect())
    }

    fn to(service: &'static str, nodes: Vec<Node>) -> Self {
        let replicas = Replicas { service, nodes, next: AtomicUsize::new(0) };
        Self { target: Target::Remote(Arc::new(replicas)), deadline: DEADLINE, room: None }
    }

    /// Returns a channel whose calls go to the replica that a room's calls go to (rendezvous hashing). A matter of speed:
    /// any replica answers the same.
    #[must_use]
    pub fn for_room(&self, room: RoomId) -> Self {
        Self { room: Some(room), ..self.clone() }
    }

    /// Returns a channel whose unary calls may take so long.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Returns one channel for each replica, for streams that each replica must be asked for.
    #[must_use]
    pub fn each_replica(&self) -> Vec<Self> {
        match &self.target {
            Target::InProcess { .. } => vec![self.clone()],
            Target::Remote(replicas) => (0..replicas.nodes.len())
                .map(|index| {
                    let only = Replicas {
                        service: replicas.service,
                        nodes: vec![replicas.nodes[index].clone()],
                        next: AtomicUsize::new(0),
                    };
                    Self { target: Target::Remote(Arc::new(only)), ..self.clone() }
                })
                .collect(),
        }
    }

    /// Returns a channel over connections of its own: for who finds that an old one is silent, and cannot wait until the
    /// transport finds it dead.
    #[must_use]
    pub fn afresh(&self) -> Self {
        let target = match &self.target {
            Target::InProcess { .. } => self.target.clone(),
            Target::Remote(replicas) => Target::Remote(Arc::new(Replicas {
                service: replicas.service,
                nodes: replicas.nodes.iter().map(Node::afresh).collect(),
                next: AtomicUsize::new(0),
            })),
        };
        Self { target, ..self.clone() }
    }

    /// Sends a call and returns its answer, which is an error in gRPC's form where the service could not be asked.
    pub async fn send(&self, mut call: Call) -> Answer {
        let is_stream =
            methods::find(call.uri().path()).is_some_and(|method| method.server_streaming || method.client_streaming);
        let asked = asked_timeout(call.headers());
        let deadline = (!is_stream).then(|| Instant::now() + asked.unwrap_or(self.deadline).min(self.deadline));
        if deadline.is_some() && !call.headers().contains_key("grpc-timeout") {
            let millis = format!("{}m", self.deadline.as_millis().min(99_999_999));
            if let Ok(value) = HeaderValue::try_from(millis) {
                call.headers_mut().insert("grpc-timeout", value);
            }
        }
        let span = span(&call, self.target_name());
        let answer = async {
            trace::inject(call.headers_mut());
            // A stream must at least begin in time.
            let begin_by = deadline.unwrap_or_else(|| Instant::now() + self.deadline);
            match timeout_at(begin_by, self.deliver(call)).await {
                Ok(answer) => answer,
                Err(_) => status(RpcFault::Deadline).into_http(),
            }
        }
        .instrument(span.clone())
        .await;
        if let Some(code) = answer.headers().get("grpc-status").and_then(|value| value.to_str().ok()) {
            span.record("rpc.grpc.status_code", code);
        }
        answer.map(|body| WellEnded::wrap(body, WhenBroken::Unreachable(self.target_name()), deadline))
    }

    fn target_name(&self) -> &'static str {
        match &self.target {
            Target::InProcess { .. } => "in process",
            Target::Remote(replicas) => replicas.service,
        }
    }

    async fn deliver(&self, mut call: Call) -> Answer {
        match &self.target {
            Target::InProcess { served, caller } => {
                call.extensions_mut().insert(PeerService(caller.clone()));
                served.call(call).await
            }
            Target::Remote(replicas) => replicas.deliver(call, self.room).await,
        }
    }
}

impl Replicas {
    async fn deliver(&self, call: Call, room: Option<RoomId>) -> Answer {
        let (head, body) = call.into_parts();
        let body = match whole(body).await {
            Ok(body) => body,
            Err(fault) => return status(fault).into_http(),
        };
        for node in self.order(room) {
            match node.send(again(&head, body.clone())).await {
                Ok(answer) => return answer,
                Err(Failure::NotSent) => {}
                Err(Failure::NotInTime) => return status(RpcFault::Deadline).into_http(),
                Err(Failure::Unknown) => break,
            }
        }
        status(RpcFault::ServiceUnreachable { service: self.service.to_owned() }).into_http()
    }

    /// The nodes in the order in which to try them: those that answered last before those that did not; among them by the
    /// room's rendezvous, or in turn.
    fn order(&self, room: Option<RoomId>) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.nodes.iter().collect();
        match room {
            Some(room) => nodes.sort_by_cached_key(|node| std::cmp::Reverse(weight(room, node.name()))),
            None => {
                let turn = self.next.fetch_add(1, Ordering::Relaxed) % nodes.len();
                nodes.rotate_left(turn);
            }
        }
        nodes.sort_by_key(|node| node.is_down());
        nodes
    }
}

fn weight(room: RoomId, node: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (room, node).hash(&mut hasher);
    hasher.finish()
}

fn again(head: &http::request::Parts, body: Bytes) -> Call {
    let mut call = Call::new(Body::new(Full::new(body)));
    *call.method_mut() = head.method.clone();
    *call.uri_mut() = head.uri.clone();
    *call.headers_mut() = head.headers.clone();
    call
}

fn span(call: &Call, target: &'static str) -> Span {
    let name = name_of(call.uri().path());
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    tracing::info_span!(
        "call",
        otel.name = name,
        otel.kind = "client",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        server.name = target,
        rpc.grpc.status_code = field::Empty,
    )
}

impl Service<Call> for Channel {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let channel = self.clone();
        async move { Ok(channel.send(call).await) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn replicas(count: u16) -> Replicas {
        let addresses: Vec<NodeAddress> =
            (0..count).map(|port| format!("http://127.0.0.1:{}", 10_000 + port).parse().expect("an address")).collect();
        let nodes = addresses.iter().map(|address| Node::new(address, "messages", None)).collect();
        Replicas { service: "messages", nodes, next: AtomicUsize::new(0) }
    }

    #[tokio::test]
    async fn a_room_keeps_its_node_when_another_goes() {
        let (all, fewer) = (replicas(4), replicas(3));
        for number in 0..200 {
            let room = RoomId::from_uuid(Uuid::from_u128(number));
            let before = all.order(Some(room))[0].name().to_owned();
            if before != all.nodes[3].name() {
                assert_eq!(fewer.order(Some(room))[0].name(), before);
            }
        }
    }

    #[tokio::test]
    async fn calls_without_a_room_take_turns() {
        let replicas = replicas(3);
        let firsts: Vec<String> = (0..3).map(|_| replicas.order(None)[0].name().to_owned()).collect();
        assert_eq!(firsts.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{firsts:?}");
    }
}
