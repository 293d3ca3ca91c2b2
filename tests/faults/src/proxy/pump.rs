//! One direction of a connection.

use std::{
    collections::VecDeque,
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{State, Way, Weather, nats::Thinner};

/// What is read at once.
const CHUNK_BYTES: usize = 32 * 1024;
/// How much may be on its way on a slow link: then the reader of the socket waits, and so does who writes.
const MAX_QUEUED_BYTES: usize = 1 << 20;

/// The direction has ended well: everything that came has passed, and then the end.
pub(super) struct End;

/// Passes on what comes, as the weather is, until the end has passed.
///
/// # Errors
///
/// Where either side is broken.
pub(super) async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    mut state: watch::Receiver<State>,
    mut thinner: Option<(&mut Thinner, &AtomicU64)>,
) -> io::Result<End> {
    let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
    let mut queue: VecDeque<(Instant, Bytes)> = VecDeque::new();
    let mut queued_bytes = 0;
    let mut has_ended = false;
    loop {
        let weather = state.borrow_and_update().weather;
        if weather.blocks(way) {
            // The other half of a link that is gone waits for ever, and is dropped with the connection.
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            continue;
        }
        if has_ended && queue.is_empty() {
            to.shutdown().await?;
            return Ok(End);
        }
        let due = queue.front().map_or_else(Instant::now, |(due, _)| *due);
        tokio::select! {
            biased;
            Ok(()) = state.changed() => {}
            () = sleep_until(due), if !queue.is_empty() => {
                if let Some((_, bytes)) = queue.pop_front() {
                    queued_bytes -= bytes.len();
                    write(&mut to, &bytes, weather).await?;
                }
            }
            read = from.read_buf(&mut chunk), if !has_ended && queued_bytes < MAX_QUEUED_BYTES => {
                has_ended = read? == 0;
                let mut bytes = chunk.split().freeze();
                chunk.reserve(CHUNK_BYTES);
                if let Some((thinner, lost)) = &mut thinner {
                    let one_in = if let Weather::Thinned(one_in) = weather { one_in } else { 0 };
                    let (rest, count) = thinner.pass(&bytes, one_in);
                    lost.fetch_add(count, Ordering::Relaxed);
                    bytes = rest;
                }
                if bytes.is_empty() {
                    continue;
                }
                match weather {
                    Weather::Delayed(by) => {
                        queued_bytes += bytes.len();
                        queue.push_back((Instant::now() + by, bytes));
                    }
                    // What was delayed before comes first.
                    _ if !queue.is_empty() => {
                        queued_bytes += bytes.len();
                        queue.push_back((due, bytes));
                    }
                    _ => write(&mut to, &bytes, weather).await?,
                }
            }
        }
    }
}

async fn write(to: &mut WriteHalf<'_>, bytes: &[u8], weather: Weather) -> io::Result<()> {
    let Weather::Narrow(bytes_per_second) = weather else { return to.write_all(bytes).await };
    for part in bytes.chunks(1_400) {
        sleep(Duration::from_secs_f64(part.len() as f64 / f64::from(bytes_per_second))).await;
        to.write_all(part).await?;
    }
    Ok(())
}
