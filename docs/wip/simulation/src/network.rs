//! The simulated network: channels over it, and servers on it.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use loquat_rpc::{Channel, Connection, Dialer, NodeAddress, Served, ServiceName};
use tonic::body::Body;
use turmoil::net::{TcpListener, TcpStream};

const PORT: u16 = 50_051;
/// As long as a service gives a unary call at most.
const LONGEST_CALL: Duration = Duration::from_secs(30);
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Reaches the replicas of a service on some hosts.
pub(crate) fn channel(service: &'static str, hosts: &[&str]) -> Channel {
    let addresses: Vec<NodeAddress> =
        hosts.iter().map(|host| format!("http://{host}:{PORT}").parse().expect("an address")).collect();
    let dialer = Dialer::new(|address: http::Uri| async move {
        let host = address.host().unwrap_or_default().to_owned();
        TcpStream::connect((host, PORT)).await
    });
    Channel::remote_over(service, &addresses, &dialer)
}

/// Serves until the host is crashed.
pub(crate) async fn serve(served: Served) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, from) = listener.accept().await?;
        let served = match caller(from) {
            // Between services mutual TLS would say who calls; here it is the host.
            Some(service) => {
                let channel = Channel::in_process(served.clone(), service).with_deadline(LONGEST_CALL);
                Served::new(channel)
            }
            None => served.clone(),
        };
        tokio::spawn(exchange(stream, served));
    }
}

fn caller(from: SocketAddr) -> Option<ServiceName> {
    let host = turmoil::reverse_lookup(from.ip())?;
    let services = ["gateway", "messages", "rooms"];
    let service = services.into_iter().find(|service| host.starts_with(service))?;
    Some(ServiceName::new_static(service))
}

async fn exchange(stream: TcpStream, served: Served) {
    let handle = Connection::default();
    let of_call = handle.clone();
    let service = tower::service_fn(move |call: http::Request<Incoming>| {
        let mut call = call.map(Body::new);
        call.extensions_mut().insert(of_call.clone());
        let served = served.clone();
        async move { Ok::<_, Infallible>(served.call(call).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(KEEPALIVE).keep_alive_timeout(KEEPALIVE);
    tokio::select! {
        // A connection that breaks is what a simulation is for.
        _ = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)) => {}
        () = handle.is_cut() => {}
    }
}
