//! A link of the system that can be made bad: a TCP proxy that passes bytes on, unread, and whose weather is set from outside.
//!
//! What a packet filter does to a link, seen by TCP: bytes that do not pass are not lost but late, since TCP sends them again,
//! and nobody is told. So a link that drops everything holds what it has until it is clear again. Connections that come
//! meanwhile are taken, as by a firewall that says nothing.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

mod nats;
mod pump;

use nats::Thinner;
use pump::{End, pump};

/// How long the other side may take to accept a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// How long a client of a server that is gone may go without noticing, before its connection is closed after all.
const HALF_OPEN_FOR: Duration = Duration::from_secs(60);

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From who connected to who listens.
    ToServer,
    /// Back.
    ToClient,
}

/// What a link does to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing.
    Clear,
    /// Everything comes late, each way.
    Delayed(Duration),
    /// So many bytes pass in a second, each way and on each connection.
    Narrow(u32),
    /// Nothing passes.
    Silent,
    /// Nothing passes that way.
    Blocked(Way),
    /// Every connection is reset, those that stand and those that come.
    Refusing,
    /// One in so many messages of the bus is lost. On other links, nothing.
    Thinned(u32),
}

impl Weather {
    fn blocks(self, way: Way) -> bool {
        self == Self::Silent || self == Self::Blocked(way)
    }
}

/// What happened to a link, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    weather: Weather,
    /// How often all connections were reset.
    resets: u64,
    /// How often the server's side of all connections was closed, and the client's left open.
    half_opens: u64,
}

#[derive(Debug)]
struct Link {
    upstream: SocketAddr,
    state: watch::Sender<State>,
    /// Whether the link carries the bus's protocol, whose messages can be lost one by one.
    is_bus: bool,
    connections: AtomicU64,
    lost_messages: AtomicU64,
}

/// A proxy in front of one address, on a port of its own. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    link: Arc<Link>,
    acceptor: JoinHandle<()>,
}

impl Proxy {
    /// Takes a port and leads it to an address.
    ///
    /// # Errors
    ///
    /// The system's, where there is no port.
    pub(crate) async fn start(upstream: SocketAddr) -> io::Result<Self> {
        Self::on(upstream, false).await
    }

    /// The same for a link to NATS.
    ///
    /// # Errors
    ///
    /// The system's, where there is no port.
    pub(crate) async fn start_for_bus(upstream: SocketAddr) -> io::Result<Self> {
        Self::on(upstream, true).await
    }

    async fn on(upstream: SocketAddr, is_bus: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State { weather: Weather::Clear, resets: 0, half_opens: 0 });
        let link = Arc::new(Link {
            upstream,
            state,
            is_bus,
            connections: AtomicU64::new(0),
            lost_messages: AtomicU64::new(0),
        });
        let acceptor = tokio::spawn(accept(listener, Arc::clone(&link)));
        Ok(Self { address, link, acceptor })
    }

    /// Where clients connect.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather. Connections stand, but where it is [`Weather::Refusing`].
    pub(crate) fn set(&self, weather: Weather) {
        self.link.state.send_modify(|state| state.weather = weather);
    }

    /// Resets every connection that stands.
    pub(crate) fn reset(&self) {
        self.link.state.send_modify(|state| state.resets += 1);
    }

    /// Closes the server's side of every connection that stands, without telling the client, to whom nothing comes any more.
    pub(crate) fn half_open(&self) {
        self.link.state.send_modify(|state| state.half_opens += 1);
    }

    /// How many messages of the bus were lost here.
    pub(crate) fn lost_messages(&self) -> u64 {
        self.link.lost_messages.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
        self.reset();
    }
}

async fn accept(listener: TcpListener, link: Arc<Link>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(serve(client, Arc::clone(&link)));
            }
            // Out of descriptors: others may go.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, from its beginning to its end.
async fn serve(mut client: TcpStream, link: Arc<Link>) {
    let mut state = link.state.subscribe();
    let begun = *state.borrow_and_update();
    if begun.weather == Weather::Refusing {
        return reset(&client);
    }
    let Ok(Ok(mut server)) = timeout(CONNECT_DEADLINE, TcpStream::connect(link.upstream)).await else {
        return reset(&client);
    };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let number = link.connections.fetch_add(1, Ordering::Relaxed);
    let mut thinner = link.is_bus.then(|| Thinner::new(number));
    let cut = {
        let (client_reads, client_writes) = client.split();
        let (server_reads, server_writes) = server.split();
        let there = pump(client_reads, server_writes, Way::ToServer, link.state.subscribe(), None);
        let lost = &link.lost_messages;
        let back = thinner.as_mut().map(|thinner| (thinner, lost));
        let back = pump(server_reads, client_writes, Way::ToClient, link.state.subscribe(), back);
        tokio::select! {
            cut = cut(&mut state, begun) => cut,
            ends = async { tokio::try_join!(there, back) } => match ends {
                Ok((End, End)) => return,
                Err(_) => Cut::Reset,
            },
        }
    };
    match cut {
        Cut::Reset => {
            reset(&client);
            reset(&server);
        }
        Cut::HalfOpen => {
            drop(server);
            // Whatever the client still says goes nowhere.
            drop(timeout(HALF_OPEN_FOR, tokio::io::copy(&mut client, &mut tokio::io::sink())).await);
        }
    }
}

enum Cut {
    Reset,
    HalfOpen,
}

/// Waits until connections that were begun then are cut.
async fn cut(state: &mut watch::Receiver<State>, begun: State) -> Cut {
    let is_cut = |now: &State| {
        now.resets != begun.resets || now.half_opens != begun.half_opens || now.weather == Weather::Refusing
    };
    match state.wait_for(is_cut).await {
        Ok(now) if now.resets == begun.resets && now.weather != Weather::Refusing => Cut::HalfOpen,
        _ => Cut::Reset,
    }
}

/// Makes the system send RST where it would send FIN.
fn reset(connection: &TcpStream) {
    // Where that cannot be set the connection is broken already.
    drop(connection.set_zero_linger());
}

#[cfg(test)]
mod tests;
