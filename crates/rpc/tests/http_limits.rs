//! The limits of a connection, as the other side is told them (RFC 9113 6.5).

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use loquat_rpc::{HttpLimits, Listener, Served};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_HEADER_LIST_SIZE: u16 = 6;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const GOAWAY: u8 = 7;
const PING: u8 = 6;
/// What a connection's window is before anybody widens it.
const FIRST_WINDOW: u32 = 65_535;

async fn listening(limits: HttpLimits) -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(any, None, limits).expect("a free port");
    let address = listener.local_address().expect("an address");
    let nothing = Served::new(tower::service_fn(|_| async { Ok(http::Response::new(Body::empty())) }));
    tokio::spawn(listener.serve(nothing, CancellationToken::new(), Duration::ZERO));
    address
}

/// Opens a connection as an HTTP/2 client does.
async fn greet(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.expect("it listens");
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("it reads");
    connection
}

/// Reads a frame: its kind and its content.
async fn frame(connection: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    let read = timeout(Duration::from_secs(5), connection.read_exact(&mut head)).await.expect("in time");
    read.ok()?;
    let mut content = vec![0; usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])];
    connection.read_exact(&mut content).await.ok()?;
    Some((head[3], content))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[tokio::test]
async fn a_client_is_told_the_limits_that_the_listener_was_given() {
    let limits = HttpLimits {
        max_concurrent_streams: 77,
        max_header_list_bytes: 12_345,
        initial_stream_window_bytes: 98_765,
        initial_connection_window_bytes: 543_210,
        ..HttpLimits::default()
    };
    for limits in [HttpLimits::default(), limits] {
        let mut connection = greet(listening(limits.clone()).await).await;
        let (mut settings, mut window) = (BTreeMap::new(), FIRST_WINDOW);
        while settings.is_empty() || window == FIRST_WINDOW {
            match frame(&mut connection).await.expect("the connection is open") {
                (SETTINGS, content) => {
                    let pairs = content.chunks_exact(6);
                    settings.extend(pairs.map(|pair| (number(&pair[..2]) as u16, number(&pair[2..]))));
                }
                (WINDOW_UPDATE, content) => window += number(&content),
                _ => {}
            }
        }
        assert_eq!(settings.get(&MAX_CONCURRENT_STREAMS), Some(&limits.max_concurrent_streams));
        assert_eq!(settings.get(&MAX_HEADER_LIST_SIZE), Some(&limits.max_header_list_bytes));
        assert_eq!(settings.get(&INITIAL_WINDOW_SIZE), Some(&limits.initial_stream_window_bytes));
        assert_eq!(window, limits.initial_connection_window_bytes);
    }
}

#[tokio::test]
async fn a_client_that_resets_its_streams_at_once_is_sent_away() {
    // CVE-2023-44487: each stream is begun and reset before anybody has looked at it.
    let limits = HttpLimits { max_pending_accept_reset_streams: 5, ..HttpLimits::default() };
    let mut connection = greet(listening(limits).await).await;
    // :method POST, :scheme http, :path /, from the static table (RFC 7541), and :authority "a".
    let headers = [0x83, 0x86, 0x84, 0x41, 0x01, b'a'];
    let mut storm = Vec::new();
    for stream in (1_u32..400).step_by(2) {
        storm.extend([0, 0, headers.len() as u8, 1, 4]);
        storm.extend(stream.to_be_bytes());
        storm.extend(headers);
        storm.extend([0, 0, 4, 3, 0]);
        storm.extend(stream.to_be_bytes());
        storm.extend(8_u32.to_be_bytes());
    }
    // It may be sent away before it has said everything.
    drop(connection.write_all(&storm).await);
    let mut is_sent_away = false;
    while let Some((kind, content)) = frame(&mut connection).await {
        is_sent_away |= kind == GOAWAY && number(&content[4..8]) == 11; // ENHANCE_YOUR_CALM
    }
    assert!(is_sent_away);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_a_place() {
    let address = listening(HttpLimits { max_connections: 1, ..HttpLimits::default() }).await;
    let mut first = greet(address).await;
    frame(&mut first).await.expect("the first is served");
    let mut second = greet(address).await;
    let waits = timeout(Duration::from_millis(200), second.read_u8()).await;
    assert!(waits.is_err(), "the second was served too");
    drop(first);
    frame(&mut second).await.expect("the second has the place");
}

#[tokio::test]
async fn a_connection_that_makes_no_call_is_closed_whatever_it_has_said() {
    let limits = HttpLimits { first_call_timeout: Duration::from_millis(200), ..HttpLimits::default() };
    let address = listening(limits).await;
    for said in [&b""[..], b"PRI * HT", b"GET / HT"] {
        let mut connection = TcpStream::connect(address).await.expect("it listens");
        connection.write_all(said).await.expect("it reads");
        let closed = timeout(Duration::from_secs(5), connection.read(&mut [0; 64])).await.expect("in time");
        assert!(matches!(closed, Ok(0) | Err(_)), "{said:?}");
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed() {
    let (keepalive_interval, keepalive_timeout) = (Duration::from_millis(100), Duration::from_millis(100));
    let limits = HttpLimits { keepalive_interval, keepalive_timeout, ..HttpLimits::default() };
    let mut connection = greet(listening(limits).await).await;
    let mut is_asked = false;
    let ends = async {
        while let Some((kind, _)) = frame(&mut connection).await {
            is_asked |= kind == PING;
        }
    };
    assert!(timeout(Duration::from_secs(5), ends).await.is_ok(), "it is open still");
    assert!(is_asked);
}

#[tokio::test]
async fn a_client_that_does_not_end_its_headers_is_closed_also_after_its_first_call() {
    let limits = HttpLimits { header_read_timeout: Duration::from_millis(200), ..HttpLimits::default() };
    let mut connection = TcpStream::connect(listening(limits).await).await.expect("it listens");
    connection.write_all(b"GET / HTTP/1.1\r\nhost: loquat\r\n\r\n").await.expect("it reads");
    let mut answer = [0; 1_024];
    let read =
        timeout(Duration::from_secs(5), connection.read(&mut answer)).await.expect("in time").expect("an answer");
    assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
    connection.write_all(b"GET / HTTP/1.1\r\nho").await.expect("it reads");
    let ends = async { while matches!(connection.read(&mut answer).await, Ok(1..)) {} };
    assert!(timeout(Duration::from_secs(5), ends).await.is_ok(), "it is open still");
}
