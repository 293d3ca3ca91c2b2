//! Where processes are born.
//!
//! `PR_SET_PDEATHSIG` tells a child of the death of the thread that made it, and each test is a thread. So children are made
//! by one thread that lives as long as the tests' process, and die with that, however it ends.

use std::{
    io,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    thread,
};

type Birth = (Command, mpsc::SyncSender<io::Result<Child>>);

/// Starts a process.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<mpsc::SyncSender<Birth>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (births, orders) = mpsc::sync_channel::<Birth>(8);
        thread::spawn(move || {
            for (mut command, answer) in orders {
                // Who no longer waits for its child finds it dead with the rest.
                drop(answer.send(command.spawn()));
            }
        });
        births
    });
    let (answer, born) = mpsc::sync_channel(1);
    let gone = |_| io::Error::other("the nursery is gone");
    nursery.send((command, answer)).map_err(|_| io::Error::other("the nursery is gone"))?;
    born.recv().map_err(gone)?
}
