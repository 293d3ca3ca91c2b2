//! A write-ahead log whose last write came only partly to the disk.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use loquat_testkit::{House, Plan, Shape, house_of_its_own};

use super::letter_book::LetterBook;

const BYTES: usize = 200;

/// Killed as it goes to synchronise: what it wrote last is acknowledged to nobody.
fn killed_at(which: u32) -> Plan {
    let inject = format!("inject=fdatasync,fsync:signal=SIGKILL:when={which}");
    let strace = ["strace", "-f", "-qq", "-o", "{folder}/strace.out", "-e", "trace=fdatasync,fsync", "-e", &inject];
    Plan::of(Shape::Embedded).under(&strace)
}

/// What becomes of the log, and how.
type Tear = (&'static str, fn(&Path));

/// What a power failure may make of the end of the log.
const TEARS: [Tear; 5] = [
    ("as it was", |_| {}),
    ("a byte short", |log| cut(log, 1)),
    ("half a frame short", |log| cut(log, 2_000)),
    ("a garbled last frame", |log| {
        let mut bytes = fs::read(log).expect("a log");
        let at = bytes.len() - 700;
        bytes[at..].iter_mut().for_each(|byte| *byte ^= 0x5a);
        fs::write(log, bytes).expect("a log");
    }),
    ("half a frame more", |log| {
        let bytes = fs::read(log).expect("a log");
        let frame = bytes[bytes.len() - 4_120..bytes.len() - 2_000].to_vec();
        File::options().append(true).open(log).expect("a log").write_all(&frame).expect("a frame");
    }),
];

fn cut(log: &Path, bytes: u64) {
    let file = File::options().write(true).open(log).expect("a log");
    let length = file.metadata().expect("a log").len();
    file.set_len(length - bytes).expect("a log");
}

#[tokio::test]
async fn a_torn_tail_takes_nothing_along_that_was_acknowledged() {
    let test = "a_torn_tail_takes_nothing_along_that_was_acknowledged";
    let Some(mut house) = house_of_its_own(killed_at(150), test).await else { return };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut book = LetterBook::default();
    while book.open.is_empty() && book.acknowledged.len() < 8_000 {
        book.send(&ann, room, 40, BYTES).await;
    }
    assert!(!book.open.is_empty(), "{} were acknowledged", book.acknowledged.len());
    house.ended("loquat", std::time::Duration::from_secs(10)).await.expect("it was killed");

    let data = house.folder().join("data");
    for (tear, damage) in TEARS {
        let torn = tempfile::tempdir().expect("a folder");
        let copy = torn.path().join("data");
        fs::create_dir(&copy).expect("a folder");
        for entry in fs::read_dir(&data).expect("a folder") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
        }
        damage(&copy.join("messages.sqlite-wal"));
        // The index of the log is in memory alone, as after a power failure.
        fs::remove_file(copy.join("messages.sqlite-shm")).expect("a file");
        eprintln!("the log is {tear}");
        let plan = Plan::of(Shape::Embedded).with("LOQUAT_DATA_DIR", copy.display());
        let again = House::start(plan).await.expect("it opens its data again");
        let ann = ann.at(&again.gateway(0));
        book.check(&ann, room).await;
        let mut book = book.clone();
        book.send_open_again(&ann, room, BYTES).await;
        book.check(&ann, room).await;
    }
}
