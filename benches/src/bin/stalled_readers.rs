//! Do readers who do not read delay those who do, and what does each of them cost?
//!
//! One room of one real `loquat` process, with readers who read. In each round messages are sent first without anybody else,
//! then beside stalled readers, each on a connection of its own that takes nothing more. Printed as JSON: how long delivery took
//! in both, their ratio, and how much memory the process has grown by for each stalled reader.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Parser;
use futures::{StreamExt as _, stream};
use loquat_benches::{
    process::{come_to_rest, open_files, resident_bytes, widen_file_limit},
    spread::Spread,
    stalled_client::StalledClient,
};
use loquat_ids::RoomId;
use loquat_proto::{events::v1::stream_item::Kind, messages::v1::room_event::Change};
use loquat_testkit::{House, Person, Plan, Shape, Subscription};
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

/// What fills a stalled reader's way: more than all buffers on it.
const FILLING_MESSAGES: usize = 40;
const FILLING_TEXT: usize = 3_900;
/// What is measured.
const TEXT: usize = 200;
/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many stalled readers connect at once.
const CONNECTING: usize = 64;

/// Do readers who do not read delay those who do, and what does each of them cost?
#[derive(Debug, Parser)]
struct Question {
    /// Readers who read.
    #[arg(long, default_value_t = 20)]
    readers: usize,
    /// Readers who do not.
    #[arg(long, default_value_t = 1_000)]
    stalled: usize,
    /// Rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Messages of a half round: beside the stalled readers no more than can be sent before those are cut off.
    #[arg(long, default_value_t = 250)]
    messages: usize,
    /// Messages in a second.
    #[arg(long, default_value_t = 50)]
    rate: u32,
}

#[derive(Debug, Serialize)]
struct Report {
    question: &'static str,
    profile: &'static str,
    readers: usize,
    stalled_readers: usize,
    rounds: usize,
    messages_per_half_round: usize,
    messages_per_second: u32,
    text_bytes: usize,
    delivery_without: Spread,
    delivery_beside_stalled: Spread,
    p50_ratio: f64,
    p99_ratio: f64,
    p99_ratio_target: f64,
    memory: Vec<Memory>,
    bytes_per_stalled_reader: i64,
    bytes_per_stalled_reader_target: i64,
    /// Readers that were cut off before the half round ended. There should be none: they would not have been beside it.
    cut_early: usize,
    /// From the moment at which the readers were made to stall: they are cut off 11 seconds after they did.
    longest_seconds_beside_stalled: f64,
}

/// The process's memory in a round.
#[derive(Debug, Serialize)]
struct Memory {
    before_bytes: u64,
    connected_bytes: u64,
    stalled_bytes: u64,
    after_bytes: u64,
}

/// When each message was sent and came.
#[derive(Default)]
struct Board {
    sent: Mutex<HashMap<String, Instant>>,
    spans: Mutex<Vec<Duration>>,
}

impl Board {
    fn note_sent(&self, name: String) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
    }

    fn note_came(&self, name: &str) {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        if let Some(sent) = sent {
            self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(sent.elapsed());
        }
    }

    fn count(&self) -> usize {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<Duration> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clear();
        std::mem::take(&mut *self.spans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let question = Question::parse();
    let files = widen_file_limit()?;
    if files < question.stalled as u64 * 2 + 200 {
        bail!("{files} files may be open at once: too few for {} readers", question.stalled);
    }
    let report = measure(&question).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

async fn measure(question: &Question) -> anyhow::Result<Report> {
    let plan = Plan::of(Shape::Embedded)
        .with("LOQUAT_GATEWAY_MAX_STREAMS_PER_SESSION", question.stalled * 2 + 16)
        .with("LOQUAT_LOG", "warn");
    let house = House::start(plan).await?;
    let process = house.member("loquat").process_id().context("it runs")?;
    let sender = house.person("sender").await;
    let room = sender.public_room("the room").await;
    let staller = house.person("staller").await;
    staller.join(room).await?;
    let board = Arc::new(Board::default());
    let mut readers = JoinSet::new();
    for number in 0..question.readers {
        let reader = Person::register(&house.gateway(number), &format!("reader-{number}")).await;
        reader.join(room).await?;
        let stream = reader.subscribe(reader.interest_in(&[room]).await).await;
        readers.spawn(read(stream, Arc::clone(&board)));
    }

    // What the process takes in its first moments is nobody's cost.
    fill(&sender, room).await?;
    half_round(question, &sender, room, &board, "warm").await?;
    board.take();
    come_to_rest(process, PATIENCE).await?;

    let (mut without, mut beside, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cut_early, mut longest) = (0, Duration::ZERO);
    for round in 0..question.rounds {
        half_round(question, &sender, room, &board, &format!("{round}-without")).await?;
        without.extend(board.take());

        let (before_bytes, before_files) = (resident_bytes(process)?, open_files(process)?);
        let interest = staller.interest_in(&[room]).await;
        let connecting = (0..question.stalled).map(|_| {
            let (bearer, interest) = (staller.bearer(), interest.clone());
            let address = house.gateway(0).address();
            async move { StalledClient::subscribe(address, &bearer, interest).await }
        });
        let stalled: Vec<_> = stream::iter(connecting).buffer_unordered(CONNECTING).collect().await;
        let stalled = stalled.into_iter().collect::<Result<Vec<_>, _>>()?;
        come_to_rest(process, PATIENCE).await?;
        let connected_bytes = resident_bytes(process)?;
        let filled = Instant::now();
        fill(&sender, room).await?;
        come_to_rest(process, PATIENCE).await?;
        half_round(question, &sender, room, &board, &format!("{round}-beside")).await?;
        beside.extend(board.take());
        longest = longest.max(filled.elapsed());
        let stalled_bytes = resident_bytes(process)?;
        cut_early += (before_files + question.stalled).saturating_sub(open_files(process)?);

        drop(stalled);
        come_to_rest(process, PATIENCE).await?;
        memory.push(Memory { before_bytes, connected_bytes, stalled_bytes, after_bytes: resident_bytes(process)? });
    }
    readers.abort_all();

    let (without, beside) = (Spread::of(without), Spread::of(beside));
    let growth = memory.first().map_or(0, |first| first.stalled_bytes as i64 - first.before_bytes as i64);
    Ok(Report {
        question: "do readers who do not read delay those who do, and what does each of them cost",
        profile: if cfg!(debug_assertions) { "dev" } else { "release" },
        readers: question.readers,
        stalled_readers: question.stalled,
        rounds: question.rounds,
        messages_per_half_round: question.messages,
        messages_per_second: question.rate,
        text_bytes: TEXT,
        p50_ratio: beside.p50_millis / without.p50_millis,
        p99_ratio: beside.p99_millis / without.p99_millis,
        p99_ratio_target: 1.15,
        delivery_without: without,
        delivery_beside_stalled: beside,
        memory,
        bytes_per_stalled_reader: growth / i64::try_from(question.stalled.max(1))?,
        bytes_per_stalled_reader_target: 128 * 1024,
        cut_early,
        longest_seconds_beside_stalled: longest.as_secs_f64(),
    })
}

/// Sends so much that nobody who does not read takes more.
async fn fill(sender: &Person, room: RoomId) -> anyhow::Result<()> {
    let text = "f".repeat(FILLING_TEXT);
    for _ in 0..FILLING_MESSAGES {
        sender.send(room, &text).await?;
    }
    Ok(())
}

/// Sends messages at a steady rate, whether or not the ones before are through, and waits until all readers have them.
async fn half_round(
    question: &Question,
    sender: &Person,
    room: RoomId,
    board: &Arc<Board>,
    name: &str,
) -> anyhow::Result<()> {
    let mut ticks = interval(Duration::from_secs(1) / question.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sends = JoinSet::new();
    for number in 0..question.messages {
        ticks.tick().await;
        let name = format!("{name}-{number} ");
        let text = format!("{name}{}", "m".repeat(TEXT - name.len()));
        let (sender, board) = (sender.clone(), Arc::clone(board));
        sends.spawn(async move {
            board.note_sent(name.trim_end().to_owned());
            sender.send(room, &text).await
        });
    }
    while let Some(sent) = sends.join_next().await {
        sent??;
    }
    let wanted = question.messages * question.readers;
    let all = async {
        while board.count() < wanted {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, all).await.with_context(|| format!("{} of {wanted} deliveries came", board.count()))
}

/// Notes when each message comes.
async fn read(mut stream: Subscription, board: Arc<Board>) {
    while let Some(Ok(kind)) = stream.next(Duration::from_secs(60)).await {
        if let Kind::RoomEvent(event) = kind
            && let Some(Change::MessageSent(sent)) = event.change
        {
            let text = sent.message.map(|message| message.text).unwrap_or_default();
            board.note_came(text.split(' ').next().unwrap_or_default());
        }
        // It need not remember.
        stream.seen.clear();
    }
}
