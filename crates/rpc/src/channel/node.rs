//! One replica of a service.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tonic::{
    ConnectError, TimeoutExpired,
    body::Body,
    transport::{ClientTlsConfig, Endpoint},
};
use tower::{Service as _, ServiceExt as _};

use super::dialer::{Connector, Dialer};
use crate::{
    served::{Answer, Call},
    tls::PeerTls,
};

/// For how long a node that could not be connected to is tried last.
const DOWN_FOR: Duration = Duration::from_secs(1);
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Where a replica listens: `http://host:port`, or `https://host:port` for mutual TLS.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeAddress(http::Uri);

/// A text that is no address of a replica.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not of the form http://host:port or https://host:port")]
pub struct NodeAddressError(String);

impl NodeAddress {
    /// Returns whether the replica is reached over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }
}

impl FromStr for NodeAddress {
    type Err = NodeAddressError;

    fn from_str(text: &str) -> Result<Self, NodeAddressError> {
        let refused = || NodeAddressError(text.to_owned());
        let uri: http::Uri = text.parse().map_err(|_| refused())?;
        let is_plain = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        match uri.scheme_str() {
            Some("http" | "https") if uri.port().is_some() && is_plain => Ok(Self(uri)),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for NodeAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a call brought no answer.
pub(super) enum Failure {
    /// No connection: it is certain that the node has not seen the call.
    NotSent,
    /// The connection broke: the node may have seen it.
    Unknown,
    /// The time that the caller gave it is over: nothing is wrong with the node.
    NotInTime,
}

/// A replica: its connection, made when it is needed, and whether it could be reached last.
#[derive(Clone)]
pub(super) struct Node {
    name: Arc<str>,
    endpoint: Arc<Endpoint>,
    dialer: Option<Dialer>,
    channel: tonic::transport::Channel,
    down_until: Arc<Mutex<Option<Instant>>>,
}

impl Node {
    pub(super) fn new(address: &NodeAddress, service: &'static str, tls: Option<&PeerTls>) -> Self {
        let mut endpoint = endpoint(address);
        if let (true, Some(tls)) = (address.is_tls(), tls) {
            let config: ClientTlsConfig = tls.client(service);
            endpoint = endpoint.tls_config(config).expect("certificates are judged when they are read");
        }
        Self::at(address, endpoint, None)
    }

    /// A replica that is reached over what a dialer makes.
    pub(super) fn over(address: &NodeAddress, dialer: &Dialer) -> Self {
        Self::at(address, endpoint(address), Some(dialer.clone()))
    }

    fn at(address: &NodeAddress, endpoint: Endpoint, dialer: Option<Dialer>) -> Self {
        let channel = connect(&endpoint, dialer.as_ref());
        let (name, endpoint) = (address.to_string().into(), Arc::new(endpoint));
        Self { name, endpoint, dialer, channel, down_until: Arc::default() }
    }

    /// Returns the same replica with a connection of its own.
    pub(super) fn afresh(&self) -> Self {
        Self { channel: connect(&self.endpoint, self.dialer.as_ref()), down_until: Arc::default(), ..self.clone() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_down(&self) -> bool {
        let until = self.down_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > Instant::now())
    }

    pub(super) async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let mut channel = self.channel.clone();
        let outcome = match channel.ready().await {
            Ok(channel) => channel.call(call).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(answer) => Ok(answer.map(Body::new)),
            // tonic's transport reads the caller's `grpc-timeout` too, and may be the first to see that it is over.
            Err(error) if has_source::<TimeoutExpired>(&error) => Err(Failure::NotInTime),
            Err(error) => {
                tracing::debug!(node = %self.name, error = &error as &dyn Error, "a node could not be asked");
                self.note_down();
                Err(if has_source::<ConnectError>(&error) { Failure::NotSent } else { Failure::Unknown })
            }
        }
    }

    fn note_down(&self) {
        *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + DOWN_FOR);
    }
}

fn endpoint(address: &NodeAddress) -> Endpoint {
    Endpoint::from(address.0.clone())
        .connect_timeout(CONNECT_DEADLINE)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
}

fn connect(endpoint: &Endpoint, dialer: Option<&Dialer>) -> tonic::transport::Channel {
    match dialer {
        Some(dialer) => endpoint.connect_with_connector_lazy(Connector(dialer.clone())),
        None => endpoint.connect_lazy(),
    }
}

fn has_source<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(inner) = source {
        if inner.is::<E>() {
            return true;
        }
        source = inner.source();
    }
    false
}
