//! A link that a test may cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to a server until it is cut; refuses them while it is.
pub struct Proxy {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
    /// Told at each cut: ends all connections.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let is_cut = Arc::new(AtomicBool::new(false));
        let cuts = watch::Sender::new(0);
        tokio::spawn(accept(listener, server, Arc::clone(&is_cut), cuts.clone()));
        Self { address, is_cut, cuts }
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends all connections and refuses new ones.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, server: String, is_cut: Arc<AtomicBool>, cuts: watch::Sender<u64>) {
    while let Ok((mut near, _)) = listener.accept().await {
        if is_cut.load(Ordering::SeqCst) {
            continue;
        }
        let (server, mut cut) = (server.clone(), cuts.subscribe());
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = cut.changed() => {}
            }
        });
    }
}
