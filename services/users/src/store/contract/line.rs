//! A line between a store and its server, on which an answer can be lost.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Passes on what both sides say, until the server is asked for something whose answer is to be lost: that is passed on too,
/// and when the server answers, having done it, the connection breaks.
pub(super) struct Line {
    address: SocketAddr,
    fateful: Fateful,
    open: AbortHandle,
}

/// The bytes in a question whose answer is lost.
type Fateful = Arc<Mutex<Option<Vec<u8>>>>;

impl Line {
    /// Opens a line to a server, such as `127.0.0.1:5432`.
    pub(super) async fn to(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let fateful = Fateful::default();
        let of_calls = Arc::clone(&fateful);
        let open = tokio::spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                calls.spawn(carry(near, server.clone(), Arc::clone(&of_calls)));
            }
        });
        Self { address, fateful, open: open.abort_handle() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loses the next answer to a question with these bytes in it.
    pub(super) fn lose_the_answer_to(&self, bytes: &[u8]) {
        *self.fateful.lock().unwrap() = Some(bytes.to_vec());
    }

    /// Tells whether the question came by, and its answer was lost.
    pub(super) fn has_lost_an_answer(&self) -> bool {
        self.fateful.lock().unwrap().is_none()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.abort();
    }
}

async fn carry(near: TcpStream, server: String, fateful: Fateful) {
    let far = TcpStream::connect(server).await.unwrap();
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let is_lost = AtomicBool::new(false);
    let forth = async {
        let mut question = vec![0; 64 * 1024];
        loop {
            let length = from_near.read(&mut question).await.unwrap_or(0);
            let asks = |bytes: &Vec<u8>| question[..length].windows(bytes.len()).any(|window| window == bytes);
            if fateful.lock().unwrap().take_if(|bytes| asks(bytes)).is_some() {
                is_lost.store(true, Ordering::SeqCst);
            }
            if length == 0 || to_far.write_all(&question[..length]).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut answer = vec![0; 64 * 1024];
        loop {
            let length = from_far.read(&mut answer).await.unwrap_or(0);
            if length == 0 || is_lost.load(Ordering::SeqCst) || to_near.write_all(&answer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
    }
}
