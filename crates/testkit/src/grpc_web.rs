//! Calls over grpc-web as browsers make them: HTTP/1.1, written by hand.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::Status;

const DEADLINE: Duration = Duration::from_secs(15);

/// What came back.
#[derive(Debug)]
pub struct WebAnswer {
    /// The HTTP status.
    pub http_status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The messages.
    pub messages: Vec<Bytes>,
    /// The gRPC status, from the headers or from the frame of trailers.
    pub status: Option<Status>,
}

/// Makes a call and waits for all of the answer.
///
/// # Errors
///
/// Where no whole answer comes in time.
pub async fn grpc_web(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> anyhow::Result<WebAnswer> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/grpc-web+proto\r\n\
         x-grpc-web: 1\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut answer = Vec::new();
    let exchange = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(request.as_bytes()).await?;
        connection.write_all(body).await?;
        connection.read_to_end(&mut answer).await
    };
    timeout(DEADLINE, exchange).await.context("no whole answer in time")??;
    read(&answer)
}

fn read(answer: &[u8]) -> anyhow::Result<WebAnswer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("headers do not end")?;
    let head = std::str::from_utf8(&answer[..end])?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let http_status = first.split(' ').nth(1).context("a status line")?.parse()?;
    let headers = header_map(rest);
    let body = &answer[end + 4..];
    let is_chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
    let body = if is_chunked { unchunked(body)? } else { body.to_vec() };
    let mut status = Status::from_header_map(&headers);
    let mut messages = Vec::new();
    let mut rest = body.as_slice();
    while rest.len() >= 5
        && headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
    {
        let length = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
        let Some(content) = rest.get(5..5 + length) else { bail!("a frame is cut") };
        if rest[0] & 0x80 == 0 {
            messages.push(Bytes::copy_from_slice(content));
        } else {
            status = Status::from_header_map(&header_map(std::str::from_utf8(content)?)).or(status);
        }
        rest = &rest[5 + length..];
    }
    Ok(WebAnswer { http_status, headers, messages, status })
}

fn header_map(lines: &str) -> HeaderMap {
    let pairs = lines.split("\r\n").filter_map(|line| line.split_once(':'));
    pairs
        .filter_map(|(name, value)| {
            Some((name.trim().parse::<HeaderName>().ok()?, value.trim().parse::<HeaderValue>().ok()?))
        })
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

fn unchunked(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").context("a chunk's length does not end")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end])?.trim(), 16)?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Ok(whole);
        }
        whole.extend(rest.get(..length).context("a chunk is cut")?);
        rest = rest.get(length + 2..).context("a chunk does not end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_chunks_is_read_whole() {
        let frames = b"\0\0\0\0\x02hi\x80\0\0\0\x10grpc-status: 0\r\n";
        let (one, two) = frames.split_at(9);
        let mut answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\ntransfer-encoding: chunked\r\n\r\n"
                .to_vec();
        for chunk in [one, two, b""] {
            answer.extend(format!("{:x}\r\n", chunk.len()).bytes());
            answer.extend(chunk);
            answer.extend(b"\r\n");
        }
        let read = read(&answer).expect("a whole answer");
        assert_eq!((read.http_status, read.messages), (200, vec![Bytes::from_static(b"hi")]));
        assert_eq!(read.status.expect("a status").code(), tonic::Code::Ok);
    }
}
