//! A full disk.

use std::time::Duration;

use loquat_testkit::{House, Person, Plan, Shape, eventually, house_of_its_own, refused};
use tonic::Code;

use super::{letter_book::LetterBook, small_disk::SmallDisk};

const MEBIBYTES: u32 = 64;
const BYTES: usize = 3_000;

async fn on_a_small_disk(test: &str) -> Option<(SmallDisk, impl std::ops::DerefMut<Target = House> + use<>)> {
    let disk = SmallDisk::mount(MEBIBYTES, test)?;
    let data = disk.path().join("data");
    let plan = Plan::of(Shape::Embedded).with("LOQUAT_DATA_DIR", data.display());
    Some((disk, house_of_its_own(plan, test).await?))
}

#[tokio::test]
async fn a_full_disk_refuses_writes_says_why_and_is_written_to_again_when_there_is_room() {
    let test = "a_full_disk_refuses_writes_says_why_and_is_written_to_again_when_there_is_room";
    let Some((disk, mut house)) = on_a_small_disk(test).await else { return };
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.public_room("a room").await;
    let mut book = LetterBook::default();
    book.send(&ann, room, 200, BYTES).await;
    assert_eq!(book.open.len(), 0, "there is room: {:?}", book.open);

    disk.fill();
    // What is left within the files is used up first.
    for _ in 0..50 {
        book.send(&ann, room, 40, BYTES).await;
        if book.open.len() >= 80 {
            break;
        }
    }
    assert!(book.open.len() >= 80, "the disk is full, and {} were refused", book.open.len());
    assert!(book.refusals_of_the_store() > 0, "{:?}", book.open.values().next());
    let log = house.member("loquat").log();
    assert!(log.contains("the store refused a batch") && log.contains("disk is full"), "the log says why:\n{log}");
    // Others who would write are refused too, and reading goes on.
    let refusal = refused(ben.join(room).await);
    assert_eq!(refusal.code, Code::Unavailable, "{refusal:?}");
    let refusal = refused(Person::sign_in(&house.gateway(0), &ann.handle, &ann.password).await);
    assert_eq!(refusal.code, Code::Unavailable, "{refusal:?}");
    book.check(&ann, room).await;

    disk.clear();
    // The same process, and every store in it.
    eventually("it is written to again", Duration::from_secs(20), || async {
        ann.send(room, "room again").await.map(drop).map_err(|status| format!("{status:?}"))
    })
    .await;
    ben.join(room).await.expect("rooms are decided again");
    ben.public_room("another").await;
    Person::sign_in(&house.gateway(0), &ann.handle, &ann.password).await.expect("sessions begin again");
    house.person("carl").await;
    book.send_open_again(&ann, room, BYTES).await;

    house.kill("loquat").await.expect("it runs");
    house.start_again("loquat").await.expect("it opens its data again");
    let ann = ann.at(&house.gateway(0));
    let log = ann.all_messages(room).await;
    let extra = log.iter().filter(|message| message.text == "room again").count();
    assert_eq!(log.len(), book.acknowledged.len() + extra, "each once");
}

#[tokio::test]
async fn a_process_that_is_killed_on_a_full_disk_opens_its_data_again() {
    let test = "a_process_that_is_killed_on_a_full_disk_opens_its_data_again";
    let Some((disk, mut house)) = on_a_small_disk(test).await else { return };
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    let mut book = LetterBook::default();
    book.send(&ann, room, 100, BYTES).await;
    disk.fill();
    while book.open.len() < 40 {
        book.send(&ann, room, 40, BYTES).await;
    }
    house.kill("loquat").await.expect("it runs");
    disk.clear();
    house.start_again("loquat").await.expect("it opens its data again");
    let ann = ann.at(&house.gateway(0));
    book.check(&ann, room).await;
    book.send_open_again(&ann, room, BYTES).await;
    book.check(&ann, room).await;
}
