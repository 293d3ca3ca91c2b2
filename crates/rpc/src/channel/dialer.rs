//! Connections over something else than this machine's sockets, such as a simulated network.

use std::{
    fmt, io,
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

/// What bytes pass over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Dialed = BoxFuture<'static, io::Result<Box<dyn Wire>>>;

/// Makes connections. Clones make them in the same way.
#[derive(Clone)]
pub struct Dialer(Arc<dyn Fn(Uri) -> Dialed + Send + Sync>);

impl Dialer {
    /// Makes connections as a function does: to a replica's address, which it is given.
    pub fn new<F, C, W>(dial: F) -> Self
    where
        F: Fn(Uri) -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<W>> + Send + 'static,
        W: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move |address| {
            let dialing = dial(address);
            Box::pin(async move { Ok(Box::new(dialing.await?) as Box<dyn Wire>) })
        }))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// A dialer as tonic's transport takes it.
pub(super) struct Connector(pub(super) Dialer);

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Wire>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<Box<dyn Wire>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let dialing = (self.0.0)(address);
        Box::pin(async move { dialing.await.map(TokioIo::new) })
    }
}
