//! The accept loop: connections with limits, an identity, and an end.
//!
//! tonic's own server leaves several HTTP/2 limits off and hides others; hyper-util's builder sets them all.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use crate::{
    Connection, ServiceName,
    caller::PeerService,
    served::{Answer, Served},
    tls,
};

const BACKLOG: i32 = 4096;
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// After how long without an acknowledgement the kernel gives a connection up, so that nobody stays online for long after
/// vanishing.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(20);

/// How many calls of one of our own services may be reset before we have looked at them.
const PEER_RESETS: usize = 1_024;

/// What one connection, and all of them, may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at once. One more waits to be accepted.
    pub max_connections: usize,
    /// HTTP/2: streams at once on a connection.
    pub max_concurrent_streams: u32,
    /// HTTP/2: bytes of a request's or an answer's headers.
    pub max_header_list_bytes: u32,
    /// HTTP/2: bytes that hyper holds for a stream whose reader does not take them.
    pub max_send_buffer_bytes: usize,
    /// HTTP/2: bytes that a client may send on a stream before we have read them.
    pub initial_stream_window_bytes: u32,
    /// HTTP/2: bytes that a client may send on a connection before we have read them.
    pub initial_connection_window_bytes: u32,
    /// HTTP/2: streams that a client may reset before we have looked at them (CVE-2023-44487).
    pub max_pending_accept_reset_streams: usize,
    /// HTTP/2: streams that we reset because of a client's errors before the connection is closed.
    pub max_local_error_reset_streams: usize,
    /// HTTP/2: how often an idle connection is asked whether it is there.
    pub keepalive_interval: Duration,
    /// HTTP/2: how long the answer to that may take.
    pub keepalive_timeout: Duration,
    /// How long a connection may stand before its first call. Whoever connects and says nothing, or not enough to tell which
    /// protocol it speaks, holds a place that others need.
    pub first_call_timeout: Duration,
    /// HTTP/1.1: how long a client may take to send a request's headers.
    pub header_read_timeout: Duration,
    /// HTTP/1.1: bytes that are read ahead, and that hyper holds of an answer whose reader does not take them.
    pub max_http1_buffer_bytes: usize,
    /// Bytes that the kernel takes from us before it could send them (`TCP_NOTSENT_LOWAT`): what waits in it for a reader that
    /// does not take them. What is on its way is not in it, so that a distant reader is not slowed.
    pub max_unsent_bytes: u32,
    /// Bytes that the kernel holds until they are acknowledged (`SO_SNDBUF`; it counts its own bookkeeping in, and so takes
    /// twice as many).
    pub socket_send_buffer_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 50_000,
            max_concurrent_streams: 1_024,
            max_header_list_bytes: 16 * 1024,
            max_send_buffer_bytes: 16 * 1024,
            initial_stream_window_bytes: 64 * 1024,
            initial_connection_window_bytes: 1024 * 1024,
            max_pending_accept_reset_streams: 20,
            max_local_error_reset_streams: 256,
            keepalive_interval: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(10),
            first_call_timeout: Duration::from_secs(15),
            header_read_timeout: Duration::from_secs(10),
            max_http1_buffer_bytes: 32 * 1024,
            max_unsent_bytes: 16 * 1024,
            socket_send_buffer_bytes: 256 * 1024,
        }
    }
}

impl HttpLimits {
    /// Widens what guards against strangers: when a client leaves, a gateway resets all of its calls at once, on a connection
    /// that carries those of many others.
    fn for_peers(self) -> Self {
        Self { max_pending_accept_reset_streams: PEER_RESETS, max_local_error_reset_streams: PEER_RESETS, ..self }
    }
}

/// A bound port.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    limits: HttpLimits,
}

impl Listener {
    /// Binds a port. With `tls`, connections are taken only from holders of a certificate of ours.
    ///
    /// # Errors
    ///
    /// The system's, such as of a port in use.
    pub fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, limits: HttpLimits) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { tcp: TcpListener::from_std(socket.into())?, tls, limits })
    }

    /// Returns the address that is bound, with its port where 0 was asked for.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until told to stop; then takes no more connections, lets calls in hand end, and after `grace` cuts what is
    /// left: a stream that does not end would hold hyper's shutdown for ever.
    pub async fn serve(self, served: Served, stop: CancellationToken, grace: Duration) {
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        let places = Arc::new(Semaphore::new(self.limits.max_connections));
        let limits = if self.tls.is_some() { self.limits.for_peers() } else { self.limits };
        let (builder, limits) = (Arc::new(builder(&limits)), Arc::new(limits));
        let acceptor = self.tls.map(TlsAcceptor::from);
        while let Some(Ok(place)) = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await {
            let stream = match stop.run_until_cancelled(self.tcp.accept()).await {
                None => break,
                Some(Ok((stream, _))) => stream,
                Some(Err(error)) => {
                    // Out of file descriptors, say: wait for some to be closed.
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (served, builder, acceptor) = (served.clone(), Arc::clone(&builder), acceptor.clone());
            let (stop, limits) = (stop.clone(), Arc::clone(&limits));
            connections.spawn(cut.clone().run_until_cancelled_owned(async move {
                connection(stream, acceptor, &builder, served, &stop, &limits).await;
                drop(place);
            }));
        }
        drop(self.tcp);
        connections.close();
        if timeout(grace, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections are cut: they did not end in time");
            cut.cancel();
            connections.wait().await;
        }
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    builder: &auto::Builder<TokioExecutor>,
    served: Served,
    stop: &CancellationToken,
    limits: &HttpLimits,
) {
    let first_call_timeout = limits.first_call_timeout;
    if let Err(error) = prepare(&stream, limits) {
        tracing::debug!(%error, "a connection went before it began");
        return;
    }
    let Some(acceptor) = acceptor else {
        return exchange(stream, None, builder, served, stop, first_call_timeout).await;
    };
    match timeout(HANDSHAKE_DEADLINE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificates = stream.get_ref().1.peer_certificates();
            let peer = certificates.and_then(|chain| chain.first()).and_then(tls::holder);
            exchange(stream, peer, builder, served, stop, first_call_timeout).await;
        }
        Ok(Err(error)) => tracing::info!(%error, "a connection was refused: no certificate of ours"),
        Err(_) => tracing::debug!("a handshake took too long"),
    }
}

fn prepare(stream: &TcpStream, limits: &HttpLimits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(limits.socket_send_buffer_bytes)?;
    socket.set_tcp_notsent_lowat(limits.max_unsent_bytes)?;
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_LIMIT))
}

async fn exchange<S>(
    stream: S,
    peer: Option<ServiceName>,
    builder: &auto::Builder<TokioExecutor>,
    served: Served,
    stop: &CancellationToken,
    first_call_timeout: Duration,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handle = Connection::default();
    let has_called = Arc::new(AtomicBool::new(false));
    let (of_call, called) = (handle.clone(), Arc::clone(&has_called));
    let service = tower::service_fn(move |call: http::Request<Incoming>| {
        called.store(true, Ordering::Relaxed);
        let mut call = call.map(Body::new);
        call.extensions_mut().insert(of_call.clone());
        if let Some(peer) = &peer {
            call.extensions_mut().insert(PeerService(peer.clone()));
        }
        infallible(served.clone(), call)
    });
    let exchange = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut exchange = std::pin::pin!(exchange);
    let mut first_call = std::pin::pin!(tokio::time::sleep(first_call_timeout));
    let outcome = loop {
        tokio::select! {
            outcome = exchange.as_mut() => break outcome,
            () = handle.is_cut() => return,
            () = first_call.as_mut(), if !has_called.load(Ordering::Relaxed) => {
                if !has_called.load(Ordering::Relaxed) {
                    return;
                }
            }
            () = stop.cancelled() => {
                exchange.as_mut().graceful_shutdown();
                break exchange.await;
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn infallible(served: Served, call: http::Request<Body>) -> Result<Answer, Infallible> {
    let mut served = served;
    served.ready().await?.call(call).await
}

fn builder(limits: &HttpLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_timeout)
        .max_buf_size(limits.max_http1_buffer_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(limits.max_header_list_bytes)
        .max_send_buf_size(limits.max_send_buffer_bytes)
        .initial_stream_window_size(limits.initial_stream_window_bytes)
        .initial_connection_window_size(limits.initial_connection_window_bytes)
        .max_pending_accept_reset_streams(limits.max_pending_accept_reset_streams)
        .max_local_error_reset_streams(limits.max_local_error_reset_streams)
        .keep_alive_interval(limits.keepalive_interval)
        .keep_alive_timeout(limits.keepalive_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn what_the_kernel_holds_for_a_connection_is_bounded() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, limits) = (accepted.expect("a connection").0, HttpLimits::default());
        prepare(&stream, &limits).expect("the system has these options");
        let socket = SockRef::from(&stream);
        assert_eq!(socket.tcp_notsent_lowat().expect("it is told"), limits.max_unsent_bytes);
        // Linux counts its own bookkeeping in, and answers twice what it was told.
        assert_eq!(socket.send_buffer_size().expect("it is told"), 2 * limits.socket_send_buffer_bytes);
        assert_eq!(socket.tcp_user_timeout().expect("it is told"), Some(UNACKNOWLEDGED_LIMIT));
        assert!(stream.nodelay().expect("it is told"));
    }
}
