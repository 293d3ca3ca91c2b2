//! Bytes that are no message, and frames that are none.

use bytes::Bytes;
use loquat_proto::{authorization::v1::Access, methods::METHODS};
use loquat_testkit::{House, Refusal, frame, grpc_web, in_both_shapes};
use tonic::Code;

use super::{Witness, flaw, gift};

in_both_shapes! { shared:
    bytes_that_are_no_message_are_told_so_by_every_method,
    frames_that_are_none_are_told_so,
    a_message_that_is_too_large_is_told_so,
    what_is_no_method_is_unknown,
    bytes_that_are_no_question_are_told_so_by_health,
    http_that_is_no_grpc_is_answered_and_does_no_harm,
}

/// A length beyond the end, a field number of 0, a group that does not end, a string that is no UTF-8, and a number that
/// does not end.
const NO_MESSAGES: [&[u8]; 5] =
    [b"\x0a\xff", b"\x00\x01", b"\x0b", b"\x0a\x02\xff\xfe", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"];

async fn bytes_that_are_no_message_are_told_so_by_every_method(house: &House) {
    let witness = Witness::of(house).await;
    let (gateway, bearer) = (house.gateway(1), witness.ann.bearer());
    let mut problems = Vec::new();
    for method in METHODS.iter().filter(|method| method.access != Access::Service) {
        for bytes in NO_MESSAGES {
            // Signing out takes no fields, and so may succeed.
            let bearer = match method.path.ends_with("/SignOut") {
                true => witness.ann.on_another_device().await.bearer(),
                false => bearer.clone(),
            };
            let answer = gateway.raw(method.path, &[("authorization", &bearer)], frame(bytes)).await;
            problems.extend(gift(&answer).map(|gift| format!("{} {bytes:?}: {gift}", method.path)));
            let refusal = answer.refusal();
            let told = (Code::InvalidArgument, "loquat.authorization.v1", "MALFORMED_REQUEST");
            // A message without fields passes over what it does not know.
            let passes_over = refusal.code == Code::Ok && super::request_of(method).fields().len() == 0;
            if refusal.told() != told && !passes_over {
                problems.push(format!("{} {bytes:?}: {refusal:?}", method.path));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    witness.assert_nothing_was_stored().await;
}

async fn frames_that_are_none_are_told_so(house: &House) {
    let witness = Witness::of(house).await;
    let (gateway, bearer) = (house.gateway(0), witness.ann.bearer());
    let good = frame(b"");
    let frames: [(&str, Bytes); 8] = [
        ("nothing", Bytes::new()),
        ("a head that is cut", Bytes::from_static(b"\0\0\0")),
        ("a body that is cut", Bytes::from_static(b"\0\0\0\0\x20cut")),
        ("a compression that was not named", Bytes::from_static(b"\x01\0\0\0\x03abc")),
        ("a flag that does not exist", Bytes::from_static(b"\x07\0\0\0\x03abc")),
        ("a length of 4 GiB", Bytes::from_static(b"\0\xff\xff\xff\xffabc")),
        ("something behind the frame", [good.as_ref(), b"\0\0"].concat().into()),
        ("text", Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n")),
    ];
    let mut problems = Vec::new();
    for method in [
        "/loquat.messages.v1.MessageService/SendMessage",
        "/loquat.users.v1.AuthService/Register",
        "/loquat.rooms.v1.RoomService/CreateRoom",
        "/loquat.presence.v1.PresenceService/SetPresence",
        "/loquat.events.v1.EventService/Subscribe",
        "/loquat.events.v1.EventService/UpdateInterest",
    ] {
        for (what, bytes) in &frames {
            if method.ends_with("Subscribe") && what.starts_with("something behind") {
                continue; // It is a good request by then, and its stream does not end.
            }
            let native = gateway.raw(method, &[("authorization", &bearer)], bytes.clone()).await.refusal();
            if let Some(flaw) = flaw(&native) {
                problems.push(format!("{method}: {what}: {flaw}"));
            }
            let web = grpc_web(gateway.address(), method, &[("authorization", &bearer)], bytes).await;
            let web = web.map(|answer| answer.status.as_ref().map(Refusal::from));
            match web {
                Ok(Some(refusal)) if flaw(&refusal).is_none() => {}
                other => problems.push(format!("{method} over grpc-web: {what}: {other:?}")),
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    witness.assert_nothing_was_stored().await;
}

async fn a_message_that_is_too_large_is_told_so(house: &House) {
    let witness = Witness::of(house).await;
    let bearer = witness.ann.bearer();
    let told = (Code::InvalidArgument, "loquat.authorization.v1", "MESSAGE_TOO_LARGE");
    let large = frame(&vec![0x2a; (1 << 20) + 1]);
    for method in [
        "/loquat.messages.v1.MessageService/SendMessage",
        "/loquat.users.v1.AuthService/Register",
        "/loquat.events.v1.EventService/Subscribe",
    ] {
        let headers = [("authorization", bearer.as_str())];
        let native = house.gateway(0).raw(method, &headers, large.clone()).await.refusal();
        assert_eq!(native.told(), told, "{method}: {native:?}");
        let web = grpc_web(house.gateway(1).address(), method, &headers, &large).await.expect("an answer");
        let web = Refusal::from(&web.status.expect("a status"));
        assert_eq!(web.told(), told, "{method} over grpc-web: {web:?}");
    }
    witness.assert_nothing_was_stored().await;
}

async fn what_is_no_method_is_unknown(house: &House) {
    let ann = house.person("ann").await;
    let bearer = ann.bearer();
    for path in [
        "/grpc.health.v1.Health/Shout",
        "/grpc.reflection.v1.ServerReflection/Shout",
        "/grpc.shouts.v1.Shout/Shout",
        "/loquat.messages.v1.MessageService/Shout",
        "/loquat.messages.v1.ShoutService/SendMessage",
        "/loquat.shouts.v1.ShoutService/Shout",
        "/loquat.messages.v2.MessageService/SendMessage",
        "/loquat.messages.v1.MessageService/sendMessage",
        "/loquat.messages.v1.MessageService/SendMessage/",
        "/loquat.messages.v1.MessageService",
        "/loquat.",
        "/../SendMessage",
        "/",
    ] {
        for headers in [vec![], vec![("authorization", bearer.as_str())]] {
            let refusal = house.gateway(0).raw(path, &headers, frame(b"")).await.refusal();
            let told = (Code::Unimplemented, "loquat.authorization.v1", "UNKNOWN_METHOD");
            assert_eq!(refusal.told(), told, "{path}: {refusal:?}");
            let web = grpc_web(house.gateway(1).address(), path, &headers, &frame(b"")).await.expect("an answer");
            assert_eq!(web.status.expect("a status").code(), Code::Unimplemented, "{path} over grpc-web");
        }
    }
}

async fn bytes_that_are_no_question_are_told_so_by_health(house: &House) {
    for bytes in [&b"\x0a\xff"[..], b"\x0a\x02\xff\xfe"] {
        for method in ["Check", "Watch"] {
            let path = format!("/grpc.health.v1.Health/{method}");
            let refusal = house.gateway(0).raw(&path, &[], frame(bytes)).await.refusal();
            let told = (Code::InvalidArgument, "loquat.authorization.v1", "MALFORMED_REQUEST");
            assert_eq!(refusal.told(), told, "{path}: {refusal:?}");
        }
    }
}

async fn http_that_is_no_grpc_is_answered_and_does_no_harm(house: &House) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = house.gateway(0).address();
    for (request, begins) in [
        ("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HTTP/1.1 200"),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HTTP/1.1 200"),
        ("GET /no/such/file.js HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HTTP/1.1 404"),
        ("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 4"),
        ("DELETE / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HTTP/1.1 4"),
        ("no http at all\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut connection = tokio::net::TcpStream::connect(address).await.expect("it listens");
        connection.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        let reading = connection.read_to_end(&mut answer);
        let outcome = tokio::time::timeout(std::time::Duration::from_secs(5), reading).await;
        outcome.expect("the connection is closed").expect("it is closed well");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(begins), "{request:?}: {answer}");
    }
}
