//! A line between a store and its server, on which an answer can be lost.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

/// Passes on what both sides say, until an answer is to be lost: then the server has done what it was asked, and whoever asked
/// sees the connection break.
pub(super) struct Line {
    address: SocketAddr,
    /// Answers that still come.
    answers: Arc<AtomicUsize>,
    _open: AbortOnDropHandle<()>,
}

impl Line {
    /// Opens a line to a server, such as `127.0.0.1:6379`.
    pub(super) async fn to(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answers = Arc::new(AtomicUsize::new(usize::MAX));
        let left = Arc::clone(&answers);
        let open = tokio::spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                calls.spawn(carry(near, server.clone(), Arc::clone(&left)));
            }
        });
        Self { address, answers, _open: AbortOnDropHandle::new(open) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets some more answers through, and loses the next one and all after it. Who asks one thing at a time gets each answer by
    /// itself.
    pub(super) fn lose_after(&self, answers: usize) {
        self.answers.store(answers, Ordering::SeqCst);
    }
}

async fn carry(near: TcpStream, server: String, answers: Arc<AtomicUsize>) {
    let far = TcpStream::connect(server).await.expect("a server that answers");
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let back = async {
        let mut answer = vec![0; 64 * 1024];
        loop {
            let length = from_far.read(&mut answer).await.unwrap_or(0);
            let comes = |left: usize| left.checked_sub(usize::from(left != usize::MAX));
            let passes = answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, comes).is_ok();
            if length == 0 || !passes || to_near.write_all(&answer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut from_near, &mut to_far) => {}
        () = back => {}
    }
}
