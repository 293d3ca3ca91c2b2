//! An old folder of data is copied back by hand: the same life of the logs, and clients that have seen more than there is.

use std::{path::Path, time::Duration};

use loquat_proto::messages::v1::ResetReason;
use loquat_testkit::{House, Plan, Shape};

use crate::restore::reset_of;

#[tokio::test]
async fn a_client_that_has_seen_more_than_an_old_folder_holds_is_told_to_begin_anew() {
    let mut house = House::start(Plan::of(Shape::Embedded)).await.expect("a house");
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let room = ann.private_room("kept", &[&ben]).await;
    ann.say(room, "seen by all").await;
    let (data, old) = (house.folder().join("data"), house.folder().join("old"));
    end(&mut house).await;
    copy(&data, &old);
    house.start_again("loquat").await.expect("it serves");

    let (ann, ben) = (ann.at(&house.gateway(0)), ben.at(&house.gateway(0)));
    let kept = ann.cursor(room).await;
    for number in 0..3 {
        ann.say(room, &format!("lost {number}")).await;
    }
    let ahead = ann.cursor(room).await;
    end(&mut house).await;
    std::fs::remove_dir_all(&data).expect("the folder");
    copy(&old, &data);
    house.start_again("loquat").await.expect("it serves");

    let (ann, ben) = (ann.at(&house.gateway(0)), ben.at(&house.gateway(0)));
    assert_eq!(reset_of(&ann, ahead.clone()).await, ResetReason::LogEndsEarlier);
    // Others write where the lost ones stood, and further.
    for number in 0..4 {
        ben.say(room, &format!("new {number}")).await;
    }
    assert_eq!(reset_of(&ann, ahead).await, ResetReason::EventDiffers);
    // Who has seen no more than the copy goes on from there.
    let interest = loquat_proto::events::v1::Interest { rooms: vec![kept.clone()], presence_user_ids: Vec::new() };
    let mut stream = ann.subscribe(interest).await;
    let seen = stream.until_seq(room, kept.seq + 4).await;
    assert_eq!(
        seen.iter().map(|event| event.seq).collect::<Vec<_>>(),
        (kept.seq + 1..=kept.seq + 4).collect::<Vec<_>>()
    );
    // And a request that was lost with its answer is a new one.
    ann.say(room, "lost 0").await;
}

async fn end(house: &mut House) {
    house.terminate("loquat").expect("it runs");
    house.ended("loquat", Duration::from_secs(10)).await.expect("it ends");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
