//! Calls whose bytes are made by hand, over HTTP/2.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use tokio::time::timeout;
use tonic::{Code, Status, body::Body};
use tower::{Service as _, ServiceExt as _};

use crate::{Gateway, Refusal};

const DEADLINE: Duration = Duration::from_secs(15);

/// What came back.
#[derive(Debug)]
pub struct RawAnswer {
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
    /// The status, from the headers or the trailers.
    pub status: Status,
}

impl RawAnswer {
    /// Reads the status as a refusal.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::from(&self.status)
    }
}

/// Puts an uncompressed frame around a message.
#[must_use]
pub fn frame(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(message);
    frame.into()
}

impl Gateway {
    /// Makes a call of the given bytes, and waits for all of the answer.
    ///
    /// A connection that breaks, or an answer that is none, comes back as a status without details.
    ///
    /// # Panics
    ///
    /// Where a header cannot be one, or no answer comes in time.
    pub async fn raw(&self, path: &str, headers: &[(&str, &str)], body: Bytes) -> RawAnswer {
        let mut request = Request::post(format!("{}{path}", self.origin())).body(Body::new(Full::new(body)));
        let request = request.as_mut().expect("a good request");
        request.headers_mut().insert("te", HeaderValue::from_static("trailers"));
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request.headers_mut().insert(name, value.parse().expect("a header's value"));
        }
        let request = std::mem::take(request);
        let mut channel = self.channel();
        let exchange = async {
            let answer = channel.ready().await?.call(request).await?;
            let (head, body) = answer.into_parts();
            Ok::<_, tonic::transport::Error>((head, body.collect().await))
        };
        let broken = |error: &dyn std::fmt::Debug| RawAnswer {
            headers: HeaderMap::new(),
            body: Bytes::new(),
            status: Status::new(Code::Unknown, format!("the exchange broke: {error:?}")),
        };
        match timeout(DEADLINE, exchange).await.unwrap_or_else(|_| panic!("no answer to {path} in time")) {
            Err(error) => broken(&error),
            Ok((_, Err(error))) => broken(&error),
            Ok((head, Ok(body))) => {
                let status = Status::from_header_map(&head.headers)
                    .or_else(|| body.trailers().and_then(Status::from_header_map))
                    .unwrap_or_else(|| Status::new(Code::Unknown, format!("no grpc-status; HTTP {}", head.status)));
                RawAnswer { headers: head.headers, body: body.to_bytes(), status }
            }
        }
    }
}
