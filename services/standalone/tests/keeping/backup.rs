//! A backup is made while people write, and what comes of it is whole.

use std::{collections::BTreeMap, path::Path, time::Duration};

use loquat_ids::RoomId;
use loquat_proto::messages::v1::{Message, ResetReason};
use loquat_testkit::{House, Person, Plan, Shape, eventually};
use tonic::Code;

use crate::{
    program::{on, text},
    restore::{reset_of, restored},
    traffic::Traffic,
};

/// How many backups are made one after the other, each at another moment of the same work.
const BACKUPS: usize = 5;

struct Before {
    at: String,
    acknowledged: Vec<Message>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_began_is_in_it_once_whatever_is_written_meanwhile() {
    let house = House::start(Plan::of(Shape::Embedded)).await.expect("a house");
    let (mut ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("busy").await;
    ann.private_room("quiet", &[&ben]).await;
    let mut stream = ann.subscribe(ann.interest_in(&[room]).await).await;
    let data = house.folder().join("data");
    let kept = tempfile::tempdir().expect("a folder");

    let traffic = Traffic::begin(&ann, &ben, room);
    let mut backups = Vec::new();
    for number in 0..BACKUPS {
        let acknowledged = until_some_more(&ann, room).await;
        let at = kept.path().join(if number == 1 { "b1.tar".to_owned() } else { format!("b{number}") });
        // The process that runs is asked nothing.
        let made = tokio::task::spawn_blocking({
            let (data, at) = (data.clone(), at.clone());
            move || on(&data, "backup", &["--to", text(&at)])
        });
        made.await.expect("it runs").with_code(0);
        backups.push(Before { at: text(&at).to_owned(), acknowledged });
    }
    let (sent, moves) = traffic.end().await;
    assert!(sent.len() > 200 && moves > 15, "{} sends, {moves} moves", sent.len());
    let last = ann.say(room, "after all backups").await;
    stream.until_seq(room, last.seq).await;
    let cursor = stream.cursor_of(room).expect("it has seen something");
    ann.refresh().await.expect("a session goes on");
    drop(house);

    for Before { at, acknowledged } in &backups {
        if !at.ends_with(".tar") {
            on(Path::new(at), "verify", &[]).with_code(0);
        }
        let (house, data) = restored(Path::new(at)).await;
        let gateway = house.gateway(0);
        let log = read(&signed_in(&house, &ann).await, room).await;
        let by_id: BTreeMap<&str, &Message> =
            log.iter().map(|message| (message.message_id.as_str(), message)).collect();
        assert_eq!(log.len(), by_id.len(), "each once");
        for message in acknowledged {
            assert_eq!(by_id.get(message.message_id.as_str()), Some(&message), "as it was acknowledged");
        }

        // Nobody is taken for a thief, and everybody signs in again.
        let refused = ann.at(&gateway).refresh().await.expect_err("a token of the time that is lost");
        assert_eq!(refused.code(), Code::Unauthenticated);
        let (ann, ben) = (signed_in(&house, &ann).await, signed_in(&house, &ben).await);
        assert_eq!(reset_of(&ann, cursor.clone()).await, ResetReason::EpochChanged);

        // Work goes on: for members, and for who comes and goes, whose changes the log takes in order.
        let said = ann.say(room, "we go on").await;
        let mut stream = ann.subscribe(ann.interest_in(&[room]).await).await;
        ben.join(room).await.expect("it is public");
        let answer = ben.say(room, "so do I").await;
        assert!(answer.seq > said.seq);
        let seen = stream.until_seq(room, answer.seq).await;
        assert!(seen.windows(2).all(|two| two[1].seq == two[0].seq + 1), "{seen:?}");
        eventually("rooms and logs agree", Duration::from_secs(10), || async {
            let ran = on(&data, "verify", &[]);
            if ran.code == 0 { Ok(()) } else { Err(format!("{}{}", ran.output, ran.told)) }
        })
        .await;
    }
}

async fn signed_in(house: &House, person: &Person) -> Person {
    Person::sign_in(&house.gateway(0), &person.handle, &person.password).await.expect("the account is there")
}

/// Waits until more was said, and returns all that has been acknowledged by then: it can be read.
async fn until_some_more(reader: &Person, room: RoomId) -> Vec<Message> {
    let before = reader.cursor(room).await.seq;
    eventually("some more is said", Duration::from_secs(20), || async {
        let by_now = reader.cursor(room).await.seq;
        if by_now >= before + 50 { Ok(()) } else { Err(by_now) }
    })
    .await;
    read(reader, room).await
}

/// Reads all messages, whatever place of the log they are read at.
async fn read(reader: &Person, room: RoomId) -> Vec<Message> {
    let log = reader.all_messages(room).await.into_iter();
    log.map(|message| Message { as_of_seq: 0, ..message }).collect()
}

#[tokio::test]
async fn a_backup_writes_over_nothing_and_leaves_nothing_half_made() {
    let house = House::start(Plan::of(Shape::Embedded)).await.expect("a house");
    let data = house.folder().join("data");
    let kept = tempfile::tempdir().expect("a folder");
    let names = || {
        let names = std::fs::read_dir(kept.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        names
    };
    for name in ["b", "b.tar"] {
        let to = kept.path().join(name);
        on(&data, "backup", &["--to", text(&to)]).with_code(0);
        let again = on(&data, "backup", &["--to", text(&to)]).with_code(64);
        assert!(again.told.contains("is there already"), "{}", again.told);
    }
    assert_eq!(names(), ["b", "b.tar"]);
    let manifest = std::fs::read_to_string(kept.path().join("b/manifest.json")).expect("a manifest");
    for said in
        ["\"epoch\"", "\"begin_time\"", "users.sqlite", "rooms.sqlite", "messages.sqlite", "\"sha256\"", "heads.tsv"]
    {
        assert!(manifest.contains(said), "{said} is not in {manifest}");
    }
    // What a copy cannot be made of leaves nothing.
    std::fs::write(data.join("zeros.sqlite"), [7; 4096]).expect("a file");
    let failed = on(&data, "backup", &["--to", text(&kept.path().join("c"))]).with_code(1);
    assert!(failed.told.contains("zeros.sqlite"), "{}", failed.told);
    assert_eq!(names(), ["b", "b.tar"]);
}
