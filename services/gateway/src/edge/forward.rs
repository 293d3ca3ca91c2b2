//! Calls for other services, passed on as frames. Of what is in them only the room is read, to choose the node.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use bytes::{Buf as _, Bytes};
use futures::future::BoxFuture;
use http::{HeaderName, header};
use http_body_util::Full;
use loquat_ids::RoomId;
use loquat_proto::methods;
use loquat_rpc::{Answer, Call, Channel, fault::RpcFault, status, whole};
use prost::Message as _;
use tonic::body::Body;
use tower::Service;

/// The frame's head: whether it is compressed, and its length.
const FRAME_HEAD: usize = 5;

/// Headers that are of one connection, or of the edge alone.
const NOT_FORWARDED: [HeaderName; 8] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::ACCEPT_ENCODING,
    header::CONTENT_LENGTH,
    header::FORWARDED,
    header::ORIGIN,
];

/// The services that calls are forwarded to.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// Accounts, sessions, profiles.
    pub users: Channel,
    /// Rooms and memberships.
    pub rooms: Channel,
    /// The room log.
    pub messages: Channel,
    /// Presence.
    pub presence: Channel,
}

/// Passes calls on to the service whose package they name.
#[derive(Debug, Clone)]
pub struct Forwarder(Upstreams);

impl Forwarder {
    /// Forwards to these services.
    #[must_use]
    pub const fn new(upstreams: Upstreams) -> Self {
        Self(upstreams)
    }

    async fn forward(self, call: Call) -> Answer {
        let path = call.uri().path();
        let Some(upstream) = self.upstream(path) else {
            return status(RpcFault::unknown_method(path)).into_http();
        };
        let names_room = methods::find(path).is_some_and(|method| method.names_room);
        let is_for_sessions = path.starts_with("/loquat.users.v1.AuthService/");
        let (mut head, body) = call.into_parts();
        let frame = match whole(body).await {
            Ok(frame) => frame,
            Err(fault) => return status(fault).into_http(),
        };
        for name in NOT_FORWARDED {
            head.headers.remove(name);
        }
        if !is_for_sessions {
            head.headers.remove(header::COOKIE);
        }
        let room = if names_room { room_of(&frame) } else { None };
        let call = Call::from_parts(head, Body::new(Full::new(frame)));
        match room {
            Some(room) => upstream.for_room(room).send(call).await,
            None => upstream.send(call).await,
        }
    }

    fn upstream(&self, path: &str) -> Option<&Channel> {
        match path.strip_prefix("/loquat.")?.split_once('.')?.0 {
            "users" => Some(&self.0.users),
            "rooms" => Some(&self.0.rooms),
            "messages" => Some(&self.0.messages),
            "presence" => Some(&self.0.presence),
            _ => None,
        }
    }
}

/// The one field that every request about a room has as its first.
#[derive(Clone, PartialEq, prost::Message)]
struct AboutRoom {
    #[prost(string, tag = "1")]
    room_id: String,
}

/// Reads the room out of an uncompressed frame. Nothing where there is none: then any node serves, and says what is wrong.
fn room_of(frame: &Bytes) -> Option<RoomId> {
    let mut message = frame.clone();
    if message.len() < FRAME_HEAD || message.get_u8() != 0 {
        return None;
    }
    let length = usize::try_from(message.get_u32()).ok()?;
    AboutRoom::decode(message.get(..length)?).ok()?.room_id.parse().ok()
}

impl<B> Service<http::Request<B>> for Forwarder
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: http::Request<B>) -> Self::Future {
        let forwarder = self.clone();
        Box::pin(async move { Ok(forwarder.forward(call.map(Body::new)).await) })
    }
}

#[cfg(test)]
mod tests {
    use loquat_proto::messages::v1::SendMessageRequest;

    use super::*;

    fn frame(message: &[u8]) -> Bytes {
        let mut frame = vec![0];
        frame.extend((message.len() as u32).to_be_bytes());
        frame.extend(message);
        frame.into()
    }

    #[test]
    fn the_room_is_read_from_the_frame() {
        let room: RoomId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a room id");
        let request =
            SendMessageRequest { room_id: room.to_string(), request_id: "request-1".into(), text: "hello".into() };
        assert_eq!(room_of(&frame(&request.encode_to_vec())), Some(room));
    }

    #[test]
    fn a_frame_that_is_none_names_no_room() {
        for bytes in [&b""[..], b"\0\0\0", b"\0\0\0\0\xff", b"\x01\0\0\0\x01x", b"\0\xff\xff\xff\xffx"] {
            assert_eq!(room_of(&Bytes::from_static(bytes)), None, "{bytes:?}");
        }
        assert_eq!(room_of(&frame(b"\xff\xff")), None);
    }
}
