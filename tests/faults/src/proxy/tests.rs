//! Each kind of weather, before a server that says back whatever it hears.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::*;

/// Nothing comes within this: long beside a loopback link, short beside a test.
const A_WHILE: Duration = Duration::from_millis(200);

/// Says back whatever it hears.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = connection.split();
                drop(tokio::io::copy(&mut reads, &mut writes).await);
            });
        }
    });
    address
}

async fn proxied() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said_back(&mut client, b"hello").await.unwrap(), b"hello");
    (proxy, client)
}

async fn said_back(client: &mut TcpStream, what: &[u8]) -> io::Result<Vec<u8>> {
    client.write_all(what).await?;
    heard(client, what.len()).await
}

async fn heard(client: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[tokio::test]
async fn a_clear_link_passes_everything_and_the_end() {
    let (_proxy, mut client) = proxied().await;
    let much: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let (mut reads, mut writes) = client.split();
    let mut back = Vec::new();
    let (sent, read) = tokio::join!(
        async {
            writes.write_all(&much).await?;
            writes.shutdown().await
        },
        reads.read_to_end(&mut back)
    );
    sent.unwrap();
    read.unwrap();
    assert!(back == much);
}

#[tokio::test]
async fn a_delayed_link_is_late_each_way_and_keeps_the_order() {
    let (proxy, mut client) = proxied().await;
    proxy.set(Weather::Delayed(Duration::from_millis(100)));
    let begun = Instant::now();
    assert_eq!(said_back(&mut client, b"one").await.unwrap(), b"one");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    client.write_all(b"two").await.unwrap();
    sleep(Duration::from_millis(20)).await;
    proxy.set(Weather::Clear);
    client.write_all(b"three").await.unwrap();
    assert_eq!(heard(&mut client, 8).await.unwrap(), b"twothree");
}

#[tokio::test]
async fn a_silent_link_holds_what_it_has_until_it_is_clear() {
    let (proxy, mut client) = proxied().await;
    proxy.set(Weather::Silent);
    timeout(A_WHILE, said_back(&mut client, b"anybody")).await.unwrap_err();
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    timeout(A_WHILE, said_back(&mut late, b"there")).await.unwrap_err();
    proxy.set(Weather::Clear);
    assert_eq!(heard(&mut client, 7).await.unwrap(), b"anybody");
    assert_eq!(heard(&mut late, 5).await.unwrap(), b"there");
}

#[tokio::test]
async fn a_link_that_is_blocked_one_way_passes_the_other() {
    let (proxy, mut client) = proxied().await;
    let heard_by_server = |proxy: &Proxy| proxy.set(Weather::Blocked(Way::ToClient));
    heard_by_server(&proxy);
    timeout(A_WHILE, said_back(&mut client, b"heard")).await.unwrap_err();
    // The request was heard: the answer was on its way when the other direction was blocked instead.
    proxy.set(Weather::Blocked(Way::ToServer));
    assert_eq!(heard(&mut client, 5).await.unwrap(), b"heard");
    timeout(A_WHILE, said_back(&mut client, b"unheard")).await.unwrap_err();
    proxy.set(Weather::Clear);
    assert_eq!(heard(&mut client, 7).await.unwrap(), b"unheard");
}

#[tokio::test]
async fn a_narrow_link_takes_its_time() {
    let (proxy, mut client) = proxied().await;
    proxy.set(Weather::Narrow(20_000));
    let begun = Instant::now();
    assert_eq!(said_back(&mut client, &[7; 4_000]).await.unwrap(), [7; 4_000]);
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_reset_ends_what_stands_and_not_what_comes() {
    let (proxy, mut client) = proxied().await;
    proxy.reset();
    let error = heard(&mut client, 1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said_back(&mut next, b"again").await.unwrap(), b"again");
}

#[tokio::test]
async fn a_refusing_link_resets_what_stands_and_what_comes() {
    let (proxy, mut client) = proxied().await;
    proxy.set(Weather::Refusing);
    heard(&mut client, 1).await.unwrap_err();
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    heard(&mut next, 1).await.unwrap_err();
    proxy.set(Weather::Clear);
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said_back(&mut next, b"again").await.unwrap(), b"again");
}

#[tokio::test]
async fn a_half_open_connection_takes_everything_and_answers_nothing() {
    let (proxy, mut client) = proxied().await;
    proxy.half_open();
    timeout(A_WHILE, said_back(&mut client, b"hello?")).await.unwrap_err();
    let mut next = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(said_back(&mut next, b"again").await.unwrap(), b"again");
}

#[tokio::test]
async fn a_link_to_nobody_is_reset() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nobody).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    heard(&mut client, 1).await.unwrap_err();
}
