//! A client that opens an event stream over a connection of its own, and then reads nothing more.

use std::{io, net::SocketAddr};

use loquat_proto::events::v1::{Interest, SubscribeRequest};
use prost::Message as _;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

/// What the kernel keeps for it: as little as it lets us.
const RECEIVE_BUFFER_BYTES: u32 = 4 * 1024;
/// What it says that it takes: so much that only its socket stalls.
const WINDOW_BYTES: u32 = 64 << 20;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const INITIAL_WINDOW_SIZE: u16 = 4;
const PATH: &str = "/loquat.events.v1.EventService/Subscribe";

/// An open stream that nobody reads. Dropping it closes the connection.
#[derive(Debug)]
pub struct StalledClient {
    _connection: TcpStream,
}

impl StalledClient {
    /// Connects and subscribes (RFC 9113, RFC 7541), and reads nothing.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn subscribe(address: SocketAddr, bearer: &str, interest: Interest) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        let mut connection = socket.connect(address).await?;
        let mut said = PREFACE.to_vec();
        let mut settings = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        settings.extend(WINDOW_BYTES.to_be_bytes());
        frame(&mut said, SETTINGS, 0, 0, &settings);
        frame(&mut said, WINDOW_UPDATE, 0, 0, &WINDOW_BYTES.to_be_bytes());
        frame(&mut said, HEADERS, END_HEADERS, 1, &headers(&address.to_string(), bearer));
        let request = SubscribeRequest { interest: Some(interest), user_state_version: 0 }.encode_to_vec();
        let mut message = vec![0];
        message.extend(u32::try_from(request.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend(request);
        frame(&mut said, DATA, END_STREAM, 1, &message);
        connection.write_all(&said).await?;
        Ok(Self { _connection: connection })
    }
}

fn frame(said: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    said.extend(&length[1..]);
    said.extend([kind, flags]);
    said.extend(stream.to_be_bytes());
    said.extend(content);
}

/// The call's headers: what the static table has, and literals without indexing or Huffman.
fn headers(authority: &str, bearer: &str) -> Vec<u8> {
    // :method POST and :scheme http, both whole in the static table; :path and :authority by name.
    let mut block = vec![0x83, 0x86, 0x04];
    text(&mut block, PATH);
    block.push(0x01);
    text(&mut block, authority);
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers"), ("authorization", bearer)] {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    block
}

/// A string's length, as an integer with a prefix of seven bits, and the string.
fn text(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap_or_default());
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).unwrap_or_default() | 128);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap_or_default());
    }
    block.extend(text.as_bytes());
}
