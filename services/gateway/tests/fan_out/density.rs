//! Density: whatever happened in a room while a reader was away, its stream and Sync say every number once, as an event or as
//! hidden, and none of them that it may not see.

use std::{sync::atomic::Ordering, time::Duration};

use loquat_gateway::{
    model::{HiddenRange, Interest, Item, RoomClosedReason},
    ports::RoomSignal,
    service::{Question, Reader},
};
use proptest::prelude::*;
use tokio::time::timeout;

use crate::{House, is_silent, next, seqs};

/// What happens in the room.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Somebody says something.
    Say,
    /// The reader goes, or comes back where it is out.
    GoOrCome,
}

#[derive(Debug, Clone)]
struct Story {
    is_private: bool,
    /// What had happened when the reader subscribes, after its first coming.
    before: Vec<Deed>,
    /// What happens then, and whether the bus tells it.
    after: Vec<(Deed, bool)>,
    /// Where the reader is, as a part of what it may have seen.
    cursor: prop::sample::Index,
    page_cap: usize,
    page: u16,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![4 => Just(Deed::Say), 1 => Just(Deed::GoOrCome)]
}

fn story() -> impl Strategy<Value = Story> {
    let parts = (
        any::<bool>(),
        prop::collection::vec(deed(), 0..60),
        prop::collection::vec((deed(), prop::bool::weighted(0.8)), 0..40),
        any::<prop::sample::Index>(),
        0_usize..7,
        0_u16..7,
    );
    parts.prop_map(|(is_private, before, after, cursor, page_cap, page)| Story {
        is_private,
        before,
        after,
        cursor,
        page_cap,
        page,
    })
}

impl House {
    fn is_in(&self) -> bool {
        let logs = self.world.logs.lock().unwrap();
        let mut changes = logs[&self.room].events.iter().rev().flat_map(|event| event.members.clone());
        changes.next().is_some_and(|(_, is_member)| is_member)
    }

    async fn happens(&self, deed: Deed, is_told: bool) {
        let members = match deed {
            Deed::Say => Vec::new(),
            Deed::GoOrCome => vec![(self.user, !self.is_in())],
        };
        let news = self.world.commit(self.room, members);
        if is_told {
            self.world.tell(self.room, RoomSignal::News(news)).await;
        }
    }

    /// The numbers that the reader sees up to where it is now, and those that are hidden from it.
    fn seen_and_hidden(&self) -> (Vec<u64>, Vec<HiddenRange>) {
        let logs = self.world.logs.lock().unwrap();
        let log = &logs[&self.room];
        let hidden = log.hidden_from(self.user);
        let removal = log.events.iter().rev().find(|event| event.members.contains(&(self.user, false)));
        let (head, removal) = (log.events.len() as u64, removal.map(|event| event.place.seq));
        drop(logs);
        let through = removal.filter(|_| !self.is_in()).unwrap_or(head);
        let seen = (1..=through).filter(|seq| !hidden.iter().any(|range| (range.from..=range.to).contains(seq)));
        (seen.collect(), hidden)
    }
}

/// What was said of the room: how far it goes without a gap, and whether it was closed.
#[derive(Debug)]
struct Told {
    from: u64,
    reached: u64,
    is_closed: bool,
}

impl Told {
    fn since(cursor: u64) -> Self {
        Self { from: cursor, reached: cursor, is_closed: false }
    }

    /// Takes an item; says what is wrong with it.
    fn take(&mut self, item: &Item, hidden: &[HiddenRange]) -> Result<(), String> {
        if self.is_closed {
            return Err(format!("{item:?} after the room was closed"));
        }
        let next = self.reached + 1;
        let is_hidden = |seq: u64| hidden.iter().any(|range| (range.from..=range.to).contains(&seq));
        match item {
            Item::RoomEvent(news) if news.place.seq != next => {
                return Err(format!("{} and not {next}", news.place.seq));
            }
            Item::RoomEvent(news) if is_hidden(next) => return Err(format!("{} is hidden", news.place.seq)),
            Item::RoomEvent(_) => self.reached = next,
            Item::Hidden { range, .. } if range.from != next => return Err(format!("{range:?} and not {next}")),
            Item::Hidden { range, .. } if !(range.from..=range.to).all(is_hidden) => {
                return Err(format!("{range:?} is not hidden"));
            }
            Item::Hidden { range, .. } => self.reached = range.to,
            Item::RoomClosed { reason: RoomClosedReason::Removed, .. } => self.is_closed = true,
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    }
}

async fn stream_says(house: &House, reader: &mut Reader, told: &mut Told) -> Result<(), String> {
    while let Ok(Some(item)) = timeout(Duration::from_secs(5), reader.next()).await {
        if !matches!(item, Item::Heartbeat { .. } | Item::Welcome { .. }) {
            let (_, hidden) = house.seen_and_hidden();
            told.take(&item, &hidden)?;
        }
    }
    Ok(())
}

async fn sync_says(house: &House, told: &mut Told, page: u16) -> Result<(), String> {
    let mut cursors = vec![house.at(told.from)];
    for _ in 0..1_000 {
        let question = Question { rooms: cursors, user_state_version: 1, page };
        let caught = house.catch_up.answer(house.user, question).await.map_err(|error| error.to_string())?;
        let (_, hidden) = house.seen_and_hidden();
        let events = caught.items.iter().filter(|item| matches!(item, Item::RoomEvent(_))).count();
        if page > 0 && events > usize::from(page) {
            return Err(format!("{events} events on a page of {page}"));
        }
        for item in &caught.items {
            told.take(item, &hidden)?;
        }
        let at = caught.cursors.first().and_then(|cursor| cursor.place.as_ref());
        if !told.is_closed && at.map(|place| place.seq) != Some(told.reached) {
            return Err(format!("the cursor is {at:?} after {}", told.reached));
        }
        if !caught.has_more {
            return Ok(());
        }
        cursors = caught.cursors;
    }
    Err("it never ends".into())
}

async fn live(story: Story) -> Result<(), String> {
    let house = House::new();
    if story.is_private {
        house.make_private();
    }
    house.world.page_cap.store(story.page_cap, Ordering::Relaxed);
    for deed in &story.before {
        house.happens(*deed, false).await;
    }
    let (seen, _) = house.seen_and_hidden();
    let cursor = story.cursor.get(&seen);

    let (mut reader, _) = house.read(house.from(*cursor));
    let mut told = Told::since(*cursor);
    // Some of what follows happens while the reader catches up, some while it waits.
    for (number, (deed, is_told)) in story.after.iter().enumerate() {
        house.happens(*deed, *is_told).await;
        if number % 7 == 3 {
            stream_says(&house, &mut reader, &mut told).await?;
        }
    }
    house.hub.note_head(house.room, &house.world.head(house.room));
    stream_says(&house, &mut reader, &mut told).await?;

    let (seen, _) = house.seen_and_hidden();
    let end = *seen.last().expect("its coming");
    match told.is_closed {
        false if told.reached != end || !house.is_in() => return Err(format!("{told:?} of {end}")),
        true if told.reached > end => return Err(format!("{told:?} beyond {end}")),
        _ => {}
    }
    let mut asked = Told::since(*cursor);
    sync_says(&house, &mut asked, story.page).await?;
    if asked.reached != end || asked.is_closed == house.is_in() {
        return Err(format!("Sync: {asked:?} of {end}"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_number_is_said_once_as_an_event_or_as_hidden(story in story()) {
        let executor = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let outcome = executor.expect("an executor").block_on(live(story));
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_was_out_of_a_private_room_is_told_which_numbers_it_may_not_see() {
    let house = House::new();
    house.make_private();
    house.happens(Deed::Say, false).await;
    house.happens(Deed::GoOrCome, false).await;
    for _ in 0..500 {
        house.happens(Deed::Say, false).await;
    }
    house.happens(Deed::GoOrCome, false).await;
    let (mut reader, _) = house.read(house.from(1));
    assert_eq!(seqs(&mut reader, 2).await, [2, 3]);
    let Item::Hidden { range, .. } = next(&mut reader).await else { panic!("not hidden") };
    assert_eq!(range, HiddenRange { from: 4, to: 503 });
    assert_eq!(seqs(&mut reader, 1).await, [504]);
    house.world.send(house.room).await;
    assert_eq!(seqs(&mut reader, 1).await, [505]);
    assert!(is_silent(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn what_the_ring_has_of_an_absence_is_not_said_to_who_was_out() {
    let house = House::new();
    house.make_private();
    let stranger = loquat_ids::IdSource::fresh(&house.ids);
    house.world.commit(house.room, vec![(loquat_ids::UserId::from_uuid(stranger), true)]);
    // Somebody else keeps the ring, which takes all of it.
    let (mut other, _) =
        house.read_as(loquat_ids::UserId::from_uuid(stranger), house.from(2), Box::pin(futures::future::pending()));
    assert!(is_silent(&mut other).await);
    let (mut reader, _) = house.read(house.from(2));
    assert!(is_silent(&mut reader).await);
    for deed in [Deed::Say, Deed::GoOrCome, Deed::Say, Deed::Say, Deed::GoOrCome, Deed::Say] {
        house.happens(deed, true).await;
    }
    assert_eq!(seqs(&mut other, 6).await, [3, 4, 5, 6, 7, 8]);
    assert_eq!(seqs(&mut reader, 2).await, [3, 4]);
    let Item::Hidden { range, .. } = next(&mut reader).await else { panic!("not hidden") };
    assert_eq!(range, HiddenRange { from: 5, to: 6 });
    assert_eq!(seqs(&mut reader, 2).await, [7, 8]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_a_hole_is_never_passed_on() {
    let house = House::new();
    for _ in 0..5 {
        house.world.commit(house.room, Vec::new());
    }
    house.world.logs.lock().unwrap().get_mut(&house.room).expect("the room").events.remove(3);
    let (mut reader, _) = house.read(Interest { rooms: vec![house.at(1)], presence: Vec::new() });
    let closed = next(&mut reader).await;
    assert!(matches!(closed, Item::RoomClosed { reason: RoomClosedReason::Unavailable, .. }), "{closed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_a_number_twice_is_never_passed_on() {
    let house = House::new();
    for _ in 0..5 {
        house.world.commit(house.room, Vec::new());
    }
    let third = house.world.logs.lock().unwrap()[&house.room].events[2].clone();
    house.world.logs.lock().unwrap().get_mut(&house.room).expect("the room").events.insert(3, third);
    let (mut reader, _) = house.read(Interest { rooms: vec![house.at(1)], presence: Vec::new() });
    let closed = next(&mut reader).await;
    assert!(matches!(closed, Item::RoomClosed { reason: RoomClosedReason::Unavailable, .. }), "{closed:?}");
}
