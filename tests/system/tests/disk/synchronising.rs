//! A disk that fails to synchronise.

use std::{path::Path, time::Duration};

use loquat_testkit::{House, Plan, Shape, eventually, house_of_its_own};

use super::letter_book::LetterBook;

const BYTES: usize = 200;

/// A house on a folder of data. Some of the synchronisations of each thread fail: by then the rooms and people are made.
async fn failing(which: &str, data: &Path, test: &str) -> Option<impl std::ops::DerefMut<Target = House> + use<>> {
    let inject = format!("inject=fdatasync,fsync:error=EIO:when={which}");
    let strace = ["strace", "-f", "-qq", "-o", "{folder}/strace.out", "-e", "trace=fdatasync,fsync", "-e", &inject];
    house_of_its_own(on(data).under(&strace), test).await
}

fn on(data: &Path) -> Plan {
    Plan::of(Shape::Embedded).with("LOQUAT_DATA_DIR", data.display())
}

#[tokio::test]
async fn a_write_that_is_not_synchronised_is_refused_and_the_next_ones_are_durable() {
    let test = "a_write_that_is_not_synchronised_is_refused_and_the_next_ones_are_durable";
    let data = tempfile::tempdir().expect("a folder");
    let Some(mut house) = failing("100..106", data.path(), test).await else { return };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut book = LetterBook::default();
    while book.open.is_empty() && book.acknowledged.len() < 8_000 {
        book.send(&ann, room, 40, BYTES).await;
    }
    assert!(book.refusals_of_the_store() > 0, "{} were acknowledged", book.acknowledged.len());
    let log = house.member("loquat").log();
    assert!(log.contains("the store refused a batch") && log.contains("disk I/O error"), "the log says why:\n{log}");
    eventually("it synchronises again", Duration::from_secs(20), || async {
        ann.send(room, "again").await.map(drop).map_err(|status| format!("{status:?}"))
    })
    .await;
    book.send(&ann, room, 100, BYTES).await;
    house.kill("loquat").await.expect("it runs");
    let house = House::start(on(data.path())).await.expect("it opens its data again");
    let ann = ann.at(&house.gateway(0));
    let again = |log: &[loquat_proto::messages::v1::Message]| log.iter().filter(|one| one.text == "again").count();
    let log = ann.all_messages(room).await;
    assert!(again(&log) >= 1, "what was acknowledged is there");
    book.send_open_again(&ann, room, BYTES).await;
    let log = ann.all_messages(room).await;
    assert_eq!(log.len(), book.acknowledged.len() + again(&log), "each once");
}

#[tokio::test]
async fn what_was_refused_for_want_of_a_synchronisation_is_there_at_most_once_after_a_crash() {
    let test = "what_was_refused_for_want_of_a_synchronisation_is_there_at_most_once_after_a_crash";
    // From there on no synchronisation succeeds.
    let data = tempfile::tempdir().expect("a folder");
    let Some(mut house) = failing("100+", data.path(), test).await else { return };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut book = LetterBook::default();
    while book.open.len() < 40 && book.acknowledged.len() < 8_000 {
        book.send(&ann, room, 40, BYTES).await;
    }
    assert!(book.open.len() >= 40, "{} were acknowledged", book.acknowledged.len());
    house.kill("loquat").await.expect("it runs");
    let house = House::start(on(data.path())).await.expect("it opens its data again");
    let ann = ann.at(&house.gateway(0));
    book.check(&ann, room).await;
    book.send_open_again(&ann, room, BYTES).await;
    book.check(&ann, room).await;
}
