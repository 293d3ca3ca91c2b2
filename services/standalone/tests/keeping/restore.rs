//! A backup is put back, into a new folder or over an old one.

use std::path::{Path, PathBuf};

use loquat_proto::{
    events::v1::{Interest, reset::Subject, stream_item::Kind},
    messages::v1::{ResetReason, RoomCursor},
};
use loquat_testkit::{House, Person, Plan, Shape};

use crate::program::{on, text};

/// A house on what a backup was restored to.
pub(crate) async fn restored(backup: &Path) -> (House, PathBuf) {
    // The house's own folder goes with the house.
    let data = tempfile::tempdir().expect("a folder").keep().join("data");
    on(&data, "restore", &["--from", text(backup)]).with_code(0);
    let plan = Plan::of(Shape::Embedded).with("LOQUAT_DATA_DIR", text(&data));
    (House::start(plan).await.expect("a house"), data)
}

/// Subscribes from a cursor, and returns why it is told to begin anew.
pub(crate) async fn reset_of(person: &Person, cursor: RoomCursor) -> ResetReason {
    let room = cursor.room_id.clone();
    let mut stream = person.subscribe(Interest { rooms: vec![cursor], presence_user_ids: Vec::new() }).await;
    let is_of_room = |kind: &Kind| matches!(kind, Kind::Reset(reset) if matches!(&reset.subject, Some(Subject::Room(to)) if to.room_id == room));
    let Kind::Reset(reset) = stream.until("a reset of the room", is_of_room).await else {
        unreachable!("it is a reset")
    };
    reset.reason()
}

#[tokio::test]
async fn a_backup_goes_over_an_old_folder_only_by_force_and_what_was_there_is_kept() {
    let mut house = House::start(Plan::of(Shape::Embedded)).await.expect("a house");
    let ann = house.person("ann").await;
    let room = ann.public_room("a room").await;
    ann.say(room, "before").await;
    let data = house.folder().join("data");
    let backup = house.folder().join("backup");
    on(&data, "backup", &["--to", text(&backup)]).with_code(0);
    let lost = ann.say(room, "after the backup").await;

    let held = on(&data, "restore", &["--from", text(&backup), "--force"]).with_code(64);
    assert!(held.told.contains("in use by another process"), "{}", held.told);
    house.terminate("loquat").expect("it runs");
    house.ended("loquat", std::time::Duration::from_secs(10)).await.expect("it ends");
    let full = on(&data, "restore", &["--from", text(&backup)]).with_code(64);
    assert!(full.told.contains("--force"), "{}", full.told);

    let done = on(&data, "restore", &["--from", text(&backup), "--force"]).with_code(0);
    assert!(done.told.contains("before-restore-"), "{}", done.told);
    house.start_again("loquat").await.expect("it serves");
    let ann = Person::sign_in(&house.gateway(0), &ann.handle, &ann.password).await.expect("the account is there");
    let texts = |log: Vec<loquat_proto::messages::v1::Message>| log.into_iter().map(|one| one.text).collect::<Vec<_>>();
    assert_eq!(texts(ann.all_messages(room).await), ["before"]);
    let cursor = RoomCursor { room_id: room.to_string(), epoch: "another".into(), ..Default::default() };
    assert_eq!(reset_of(&ann, cursor).await, ResetReason::EpochChanged);

    // What was moved aside is a folder of data as it was.
    let aside = std::fs::read_dir(&data).expect("a folder").map(|entry| entry.expect("an entry").path());
    let aside = aside.into_iter().find(|path| text(path).contains("before-restore-")).expect("what was there");
    house.terminate("loquat").expect("it runs");
    house.ended("loquat", std::time::Duration::from_secs(10)).await.expect("it ends");
    let old = House::start(Plan::of(Shape::Embedded).with("LOQUAT_DATA_DIR", text(&aside))).await.expect("a house");
    let ann = ann.at(&old.gateway(0));
    let ann = Person::sign_in(&ann.gateway, &ann.handle, &ann.password).await.expect("the account is there");
    assert_eq!(texts(ann.all_messages(room).await), ["before".to_owned(), lost.text]);
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_changes_nothing() {
    let house = House::start(Plan::of(Shape::Embedded)).await.expect("a house");
    let kept = tempfile::tempdir().expect("a folder");
    let (backup, target) = (kept.path().join("backup"), kept.path().join("target"));
    on(&house.folder().join("data"), "backup", &["--to", text(&backup)]).with_code(0);
    let refuse = |what: &str, named: &str| {
        let ran = on(&target, "restore", &["--from", text(&backup)]).with_code(64);
        assert!(ran.told.contains(named), "{what}: {}", ran.told);
        let left: Vec<_> = std::fs::read_dir(&target).expect("a folder").collect();
        assert_eq!(left.len(), 1, "{what}: the lock alone, not {left:?}");
    };
    let rooms = backup.join("rooms.sqlite");
    let whole = std::fs::read(&rooms).expect("a file");
    let mut changed = whole.clone();
    changed[5_000] ^= 1;
    std::fs::write(&rooms, &changed).expect("a file");
    refuse("a flipped bit", "rooms.sqlite is not what it was");
    std::fs::write(&rooms, &whole[..whole.len() - 1]).expect("a file");
    refuse("a file that is short", "rooms.sqlite is not what it was");
    std::fs::remove_file(&rooms).expect("a file");
    refuse("a file that is missing", "rooms.sqlite");
    std::fs::write(&rooms, &whole).expect("a file");
    let manifest = std::fs::read_to_string(backup.join("manifest.json")).expect("a manifest");
    std::fs::write(backup.join("manifest.json"), manifest.replace("\"format\": 1", "\"format\": 2")).expect("a file");
    refuse("a format to come", "format");
    std::fs::remove_file(backup.join("manifest.json")).expect("a file");
    refuse("no manifest", "no manifest");
    std::fs::write(backup.join("manifest.json"), manifest).expect("a file");
    on(&target, "restore", &["--from", text(&backup)]).with_code(0);
}
