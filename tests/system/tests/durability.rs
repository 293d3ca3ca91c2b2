//! An acknowledgement is written after the log of the store has been synchronised, seen from outside the process.

use std::{fs, time::Duration};

use loquat_testkit::{Plan, Shape, eventually, house_of_its_own};

mod system_calls;

use system_calls::SystemCalls;

const SENDS: usize = 40;
const CALLS: &str = "trace=fdatasync,fsync,pwrite64,pwritev,write,writev,sendto,sendmsg";
/// The write-ahead log of the messages store.
const LOG: &str = "messages.sqlite-wal";

#[tokio::test]
async fn every_acknowledgement_is_written_after_its_fdatasync_has_returned() {
    let strace = ["strace", "-f", "-yy", "-s", "4096", "-o", "{folder}/strace.out", "-e", CALLS];
    let plan = Plan::of(Shape::Embedded).under(&strace);
    let Some(house) = house_of_its_own(plan, "every_acknowledgement_is_written_after_its_fdatasync_has_returned").await
    else {
        return;
    };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut sent = Vec::new();
    for number in 0..SENDS {
        let request_id = format!("durable-request-{number:04}");
        let answer = ann.send_as(room, &request_id, "on disk").await.expect("a send");
        sent.push((request_id, answer.message.expect("the message that was sent").message_id));
    }
    let file = house.folder().join("strace.out");
    let last = &sent[SENDS - 1].1;
    let trace = eventually("the last acknowledgement is in the trace", Duration::from_secs(10), || async {
        let trace = fs::read_to_string(&file).unwrap_or_default();
        if trace.contains(last) { Ok(trace) } else { Err(format!("{} bytes", trace.len())) }
    })
    .await;
    let calls = SystemCalls::parse(&trace);
    for (request_id, message_id) in &sent {
        if let Err(problem) = calls.check_acknowledgement(request_id, message_id, LOG) {
            panic!("{request_id}: {problem}");
        }
    }
}
