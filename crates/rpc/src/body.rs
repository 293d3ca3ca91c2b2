//! Bodies: of requests, read whole within bounds; of answers, which always end as gRPC says: with trailers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::{Instant, Sleep, timeout};
use tonic::{Status, body::Body};

use crate::{
    fault::{RpcFault, status},
    served::MAX_REQUEST_BYTES,
};

/// How long a peer may take to send a request that is read whole.
const WHOLE_DEADLINE: Duration = Duration::from_secs(10);
/// What stands before a message in its frame: whether it is compressed, and its length.
const FRAME_HEAD_BYTES: usize = 5;

/// Reads a unary request's body whole: at most [`MAX_REQUEST_BYTES`] and its frame's head, within 10 s.
///
/// # Errors
///
/// Says whether it is too large, too slow, one too many, or broken.
pub async fn whole(body: Body) -> Result<Bytes, RpcFault> {
    let limited = Limited::new(body, MAX_REQUEST_BYTES + FRAME_HEAD_BYTES);
    match timeout(WHOLE_DEADLINE, limited.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(RpcFault::MessageTooLarge { limit_bytes: MAX_REQUEST_BYTES })
        }
        Ok(Err(error)) if is_overload(error.as_ref()) => Err(RpcFault::Overloaded),
        Ok(Err(_)) => Err(RpcFault::MalformedRequest),
        Err(_) => Err(RpcFault::Deadline),
    }
}

/// Whether a body broke because too many bytes are in hand already.
fn is_overload(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<Status>().is_some_and(|status| status.code() == tonic::Code::ResourceExhausted)
}

/// What a body ends with when it breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WhenBroken {
    /// The connection to the named service broke.
    Unreachable(&'static str),
    /// A fault of ours.
    Internal,
}

/// A body that ends with trailers whatever happens: when its deadline passes, when the connection that it comes over
/// breaks, and when the code that makes it panics.
pub(crate) struct WellEnded {
    inner: Body,
    when_broken: WhenBroken,
    deadline: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
}

impl WellEnded {
    pub(crate) fn wrap(inner: Body, when_broken: WhenBroken, deadline: Option<Instant>) -> Body {
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        Body::new(Self { inner, when_broken, deadline, has_ended: false })
    }

    fn end(&mut self, with: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.has_ended = true;
        self.inner = Body::empty();
        let mut trailers = HeaderMap::new();
        if with.add_header(&mut trailers).is_err() {
            trailers.insert("grpc-status", http::HeaderValue::from(i32::from(with.code())));
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn broken(&self) -> Status {
        status(match self.when_broken {
            WhenBroken::Unreachable(service) => RpcFault::ServiceUnreachable { service: service.to_owned() },
            WhenBroken::Internal => RpcFault::Internal,
        })
    }
}

impl HttpBody for WellEnded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            return self.end(&status(RpcFault::Deadline));
        }
        let inner = Pin::new(&mut self.inner);
        match catch_unwind(AssertUnwindSafe(|| inner.poll_frame(context))) {
            Ok(Poll::Ready(Some(Err(error)))) => {
                tracing::debug!(%error, "a body broke");
                let broken = self.broken();
                self.end(&broken)
            }
            Ok(polled) => polled,
            Err(_) => self.end(&status(RpcFault::Internal)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::{StreamExt as _, stream};
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn body(bytes: usize) -> Body {
        Body::new(Full::new(Bytes::from(vec![0; bytes])))
    }

    #[tokio::test]
    async fn a_request_that_is_read_whole_has_a_largest_size() {
        let most = MAX_REQUEST_BYTES + FRAME_HEAD_BYTES;
        assert_eq!(whole(body(most)).await.expect("it may be so large").len(), most);
        let refused = whole(body(most + 1)).await.expect_err("it is too large");
        assert!(matches!(refused, RpcFault::MessageTooLarge { limit_bytes: MAX_REQUEST_BYTES }), "{refused}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_read_whole_has_a_longest_time() {
        let first = Frame::data(Bytes::from_static(b"the first of it"));
        let never_whole = StreamBody::new(stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending()));
        let began = Instant::now();
        let refused = whole(Body::new(never_whole)).await.expect_err("it never ends");
        assert!(matches!(refused, RpcFault::Deadline), "{refused}");
        assert_eq!(began.elapsed().as_secs(), 10);
    }
}
