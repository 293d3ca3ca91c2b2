//! Clients that listen, leave, break off and come back, and what they hear of others' presence.

use std::collections::BTreeMap;

use super::{super::readers::Reader, Driver, TOO_FAR};
use crate::history::{
    CursorOpen, End, EndReason, Entry, Head, Open, Place, PresenceSeen, PresenceTruth, Room, StreamId, User, Watch,
};

impl Driver {
    pub(super) fn read_on(&mut self) {
        if self.readers.is_empty() {
            return;
        }
        let reader = self.dice.below(self.readers.len());
        let rooms: Vec<_> = self.readers[reader].rooms.keys().copied().collect();
        for _ in 0..1 + self.dice.below(4) {
            if let Some(room) = self.dice.pick(&rooms).copied() {
                let too_far = self.dice.chance(20).then_some(TOO_FAR);
                self.read(reader, room, too_far);
            }
        }
    }

    /// Lets a stream say what it says next of a room. False where there is nothing.
    pub(super) fn read(&mut self, reader: usize, room: Room, too_far: Option<u64>) -> bool {
        let epoch = self.epoch();
        let Some(said) = self.readers[reader].next(room, &self.rooms[room.0 as usize], &epoch, too_far) else {
            return false;
        };
        let client = self.readers[reader].client;
        let at = self.readers[reader].rooms.get(&room).cloned().flatten();
        let known = &mut self.clients.get_mut(&client).expect("every stream has a client").1;
        match at {
            Some(place) => known.insert(room, place),
            None => known.remove(&room),
        };
        self.say(said);
        true
    }

    pub(super) fn open(&mut self) {
        let idle: Vec<u32> = {
            let is_idle = |client: &u32| self.readers.iter().all(|reader| reader.client != *client);
            self.clients.keys().copied().filter(is_idle).collect()
        };
        let client = match self.dice.pick(&idle) {
            Some(client) if self.dice.chance(80) => *client,
            _ => self.new_client(),
        };
        let user = self.clients[&client].0;
        let count = 1 + self.dice.below(self.rooms.len());
        let cursors: Vec<_> = (0..count as u32).map(|room| self.cursor(client, Room(room))).collect();
        self.open_stream(client, user, cursors);
    }

    pub(super) fn new_client(&mut self) -> u32 {
        let client = self.next_client;
        self.next_client += 1;
        self.clients.insert(client, (User(self.dice.below(self.users as usize) as u32), BTreeMap::new()));
        client
    }

    /// From where a client goes on: where it is, or an earlier place, or from now on.
    pub(super) fn cursor(&mut self, client: u32, room: Room) -> CursorOpen {
        let epoch = self.epoch();
        let known = self.clients[&client].1.get(&room).cloned();
        let beginning = Place { epoch: epoch.clone(), seq: 0, event: None };
        let after = match (known, self.dice.below(10)) {
            (Some(place), 0..2) if place.epoch == epoch && place.seq > 1 => {
                let model = &self.rooms[room.0 as usize];
                let earlier = 1 + self.dice.below(place.seq as usize - 1) as u64;
                if model.place(place.seq, &epoch) == place { Some(model.place(earlier, &epoch)) } else { Some(place) }
            }
            (Some(place), 2..9) => Some(place),
            (None, 0..7) => Some(beginning),
            _ => None,
        };
        CursorOpen { room, after }
    }

    pub(super) fn open_stream(&mut self, client: u32, user: User, cursors: Vec<CursorOpen>) -> usize {
        let stream = StreamId(self.next_stream);
        self.next_stream += 1;
        let is_slow = !self.is_over && self.dice.chance(10);
        let rooms = cursors.iter().map(|cursor| (cursor.room, cursor.after.clone())).collect();
        self.say(Entry::Open(Open { stream, client, user, via: 0, rooms: cursors, is_slow }));
        self.readers.push(Reader { stream, client, user, is_slow, rooms });
        self.readers.len() - 1
    }

    pub(super) fn watch(&mut self) {
        let Some(reader) = (!self.readers.is_empty()).then(|| self.dice.below(self.readers.len())) else { return };
        let (client, stream) = (self.readers[reader].client, self.readers[reader].stream);
        let room = Room(self.dice.below(self.rooms.len()) as u32);
        let (mut add, mut drop) = (Vec::new(), Vec::new());
        if self.readers[reader].rooms.remove(&room).is_some() {
            drop.push(room);
        } else {
            let cursor = self.cursor(client, room);
            self.readers[reader].rooms.insert(room, cursor.after.clone());
            add.push(cursor);
        }
        self.say(Entry::Watch(Watch { stream, add, drop }));
    }

    pub(super) fn end_one(&mut self) {
        if !self.readers.is_empty() {
            let index = self.dice.below(self.readers.len());
            let reasons = [EndReason::Left, EndReason::Broken, EndReason::Silent, EndReason::GoingAway];
            let reason = *self.dice.pick(&reasons).expect("not empty");
            self.end(index, reason);
        }
    }

    pub(super) fn end(&mut self, index: usize, reason: EndReason) {
        let stream = self.readers.swap_remove(index).stream;
        self.say(Entry::End(End { stream, reason }));
    }

    /// Asks with Sync: everything at once, then where it leads to.
    pub(super) fn sync(&mut self) {
        let client = self.new_client();
        let user = self.clients[&client].0;
        let room = Room(self.dice.below(self.rooms.len()) as u32);
        let cursor = CursorOpen { room, after: Some(Place { epoch: self.epoch(), seq: 0, event: None }) };
        let index = self.open_stream(client, user, vec![cursor]);
        for _ in 0..self.dice.below(12) {
            if !self.read(index, room, None) {
                break;
            }
        }
        let stream = self.readers[index].stream;
        if let Some(place) = self.readers[index].rooms.get(&room).cloned().flatten() {
            self.say(Entry::Head(Head { stream, room, place, is_reached: true }));
        }
        self.end(index, EndReason::Answered);
    }

    pub(super) fn heads(&mut self) {
        if !self.readers.is_empty() {
            let stream = self.readers[self.dice.below(self.readers.len())].stream;
            let room = Room(self.dice.below(self.rooms.len()) as u32);
            let model = &self.rooms[room.0 as usize];
            let place = model.place(model.head(), &self.epoch());
            self.say(Entry::Head(Head { stream, room, place, is_reached: false }));
        }
    }

    pub(super) fn presence(&mut self) {
        let (observer, subject) = (User(0), User(self.dice.below(self.users as usize) as u32));
        let is_online = self.dice.chance(50);
        if !self.are_faults_over && self.dice.chance(50) {
            let has_vanished = !is_online && self.dice.chance(50);
            self.say(Entry::PresenceTruth(PresenceTruth { user: subject, is_online, has_vanished }));
        } else {
            self.say(Entry::PresenceSeen(PresenceSeen { stream: None, observer, subject, is_online }));
        }
    }
}
