//! Bytes that callers send who have not said who they are: bounded for all of them together, so that nobody fills the memory by
//! beginning many requests that never end.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use crate::fault::{RpcFault, status};

/// Counts bytes in hand. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    most: usize,
    in_hand: Arc<AtomicUsize>,
}

/// The bytes of one request. They count until this is dropped, however long its body lives.
#[derive(Debug)]
pub(super) struct Held {
    meter: Meter,
    bytes: AtomicUsize,
}

/// A body whose bytes count. It breaks with OVERLOADED at those that are too many.
struct Metered {
    inner: Body,
    held: Arc<Held>,
}

impl Meter {
    pub(super) fn new(most: usize) -> Self {
        Self { most, in_hand: Arc::default() }
    }

    /// Counts what a body brings.
    pub(super) fn measure(&self, body: Body) -> (Body, Arc<Held>) {
        let held = Arc::new(Held { meter: self.clone(), bytes: AtomicUsize::new(0) });
        (Body::new(Metered { inner: body, held: Arc::clone(&held) }), held)
    }
}

impl Held {
    fn take(&self, bytes: usize) -> Result<(), RpcFault> {
        let before = self.meter.in_hand.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > self.meter.most { Err(RpcFault::Overloaded) } else { Ok(()) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.meter.in_hand.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
            && let Err(fault) = self.held.take(bytes.len())
        {
            return Poll::Ready(Some(Err(status(fault))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};
    use tonic::Code;

    use super::*;

    fn body(bytes: usize) -> Body {
        Body::new(Full::new(Bytes::from(vec![0; bytes])))
    }

    #[tokio::test]
    async fn bytes_count_until_their_request_has_ended() {
        let meter = Meter::new(100);
        let (first, first_held) = meter.measure(body(60));
        assert_eq!(first.collect().await.expect("there is room").to_bytes().len(), 60);
        let (second, second_held) = meter.measure(body(60));
        let refused = second.collect().await.expect_err("it is too much");
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop((first_held, second_held));
        assert_eq!(meter.in_hand.load(Ordering::Relaxed), 0);
        let (third, _held) = meter.measure(body(100));
        third.collect().await.expect("there is room again");
    }
}
