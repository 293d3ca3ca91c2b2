//! Streams: each says every number of its rooms once, in order, from where it was asked to; or says why not.

mod following;
mod rights;

use following::Following;

use super::{
    super::{
        interning::{Map, NONE},
        lives::LifeNo,
        violation::ViolationKind as Kind,
    },
    Scene,
    faults::Faults,
    resets,
    rooms::Rooms,
};
use crate::history::{
    Change, ChangeKind, ClosedReason, CursorOpen, End, EndReason, Head, Hidden, Item, Open, Room, RoomClosed,
    RoomReset, StreamId, User, Watch,
};

/// The streams that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Map<StreamId, Stream>,
    /// When the last stream of each client broke. Nothing where the client closed it.
    broken: Map<u32, u64>,
    /// When each message was first asked to be deleted.
    deletions: Option<Map<u32, u64>>,
}

#[derive(Debug)]
struct Stream {
    user: User,
    client: u32,
    life: LifeNo,
    is_slow: bool,
    rooms: Map<Room, Following>,
}

impl Streams {
    pub(super) fn open(&mut self, scene: &mut Scene, rooms: &Rooms, open: &Open) {
        scene.counts.streams += 1;
        let broken = self.broken.remove(&open.client);
        let mut stream = Stream {
            user: open.user,
            client: open.client,
            life: scene.life,
            is_slow: open.is_slow,
            rooms: Map::default(),
        };
        stream.add(scene, &open.rooms, |scene, cursor| Following::begin(scene, rooms, open.user, cursor, broken));
        if self.open.insert(open.stream, stream).is_some() {
            scene.report(Kind::HistoryBroken, None, &[], || format!("stream {} is opened twice", open.stream));
        }
    }

    pub(super) fn watch(&mut self, scene: &mut Scene, watch: &Watch) {
        let Some(stream) = self.find(scene, watch.stream) else { return };
        for room in &watch.drop {
            stream.rooms.remove(room);
        }
        stream.add(scene, &watch.add, Following::begin_later);
    }

    pub(super) fn end(&mut self, scene: &mut Scene, end: &End) {
        *scene.counts.ended.entry(name(end.reason)).or_default() += 1;
        if let Some(stream) = self.open.remove(&end.stream)
            && matches!(end.reason, EndReason::Broken | EndReason::Silent | EndReason::GoingAway)
        {
            self.broken.insert(stream.client, scene.at);
        }
    }

    /// Returns a stream of the life that goes on. What comes of another's is not judged.
    fn find(&mut self, scene: &mut Scene, id: StreamId) -> Option<&mut Stream> {
        let stream = self.open.get_mut(&id);
        if stream.is_none() {
            scene.report(Kind::HistoryBroken, None, &[], || format!("stream {id} is not open"));
        }
        stream.filter(|stream| stream.life == scene.life)
    }

    pub(super) fn item(&mut self, scene: &mut Scene, item: &Item) {
        scene.counts.delivered += 1;
        if let Change::Blanked { kind } = item.change {
            self.blanked(scene, item, kind);
        }
        let Some(stream) = self.find(scene, item.stream) else { return };
        let (user, is_slow) = (stream.user, stream.is_slow);
        let Some(following) = stream.follow(scene, item.stream, item.room) else { return };
        following.say(scene, item.room, (item.seq, item.seq), is_slow);
        following.reached(scene.survey.ids.find(item.event));
        rights::may_be_told(scene, item, user);
    }

    pub(super) fn hidden(&mut self, scene: &mut Scene, hidden: &Hidden) {
        let range = (hidden.from, hidden.to);
        scene.counts.hidden += (hidden.to + 1).saturating_sub(hidden.from);
        let Some(stream) = self.find(scene, hidden.stream) else { return };
        let user = stream.user;
        let Some(following) = stream.follow(scene, hidden.stream, hidden.room) else { return };
        following.say(scene, hidden.room, range, true);
        let id = scene.fold.event(scene.survey, hidden.room, hidden.to).map_or(NONE, |(_, e)| e.id);
        following.reached(id);
        rights::may_be_hidden(scene, hidden, user);
    }

    pub(super) fn reset(&mut self, scene: &mut Scene, faults: &Faults, reset: &RoomReset) {
        let Some(stream) = self.find(scene, reset.stream) else { return };
        let is_slow = stream.is_slow;
        let Some(following) = stream.follow(scene, reset.stream, reset.room) else { return };
        resets::judge(scene, faults, reset, following.position(), is_slow);
        let event = reset.cursor.event.map(|event| scene.survey.ids.find(event));
        following.reset(scene, reset.cursor.seq, event);
    }

    pub(super) fn closed(&mut self, scene: &mut Scene, rooms: &Rooms, closed: &RoomClosed) {
        let word = match closed.reason {
            ClosedReason::Unspecified => "unspecified",
            ClosedReason::NotFound => "not_found",
            ClosedReason::Removed => "removed",
            ClosedReason::Unavailable => "unavailable",
        };
        *scene.counts.closed.entry(word).or_default() += 1;
        let Some(stream) = self.find(scene, closed.stream) else { return };
        let user = stream.user;
        if stream.follow(scene, closed.stream, closed.room).is_none() {
            return;
        }
        let Some(following) = stream.rooms.remove(&closed.room) else { return };
        let is_of_rights = matches!(closed.reason, ClosedReason::NotFound | ClosedReason::Removed);
        if is_of_rights && rooms.was_member(closed.room, user, following.membership()) {
            scene.report(Kind::ClosedUnjustified, Some(closed.room), &[following.line()], || {
                format!("stream {} is told {word}, and user {user} was in the room all the time", closed.stream)
            });
        }
    }

    pub(super) fn head(&mut self, scene: &mut Scene, head: &Head) {
        let Some(stream) = self.find(scene, head.stream) else { return };
        let known = scene.fold.event(scene.survey, head.room, head.place.seq).map(|(_, event)| (event.id, event.line));
        if let (Some(event), Some((id, line))) = (head.place.event, known)
            && id != scene.survey.ids.find(event)
        {
            scene.report(Kind::Disagreement, Some(head.room), &[line], || {
                format!("a head names another event at {}", head.place.seq)
            });
        }
        let Some(following) = stream.rooms.get_mut(&head.room).filter(|_| head.is_reached) else { return };
        if following.next().is_some_and(|next| next != head.place.seq + 1) {
            let line = following.line();
            scene.report(Kind::StreamSkipped, Some(head.room), &[line], || {
                format!("stream {} says that {} is reached, and left out what is before", head.stream, head.place.seq)
            });
        }
    }

    /// Every stream has said its rooms to their ends.
    pub(super) fn settled(&mut self, scene: &mut Scene) {
        let life = scene.life;
        for (id, stream) in self.open.iter().filter(|(_, stream)| stream.life == life && !stream.is_slow) {
            for (room, following) in &stream.rooms {
                let Some(next) = following.next() else { continue };
                let expected = rights::last_for(scene, *room, stream.user);
                if next <= expected {
                    scene.report(Kind::StreamBehind, Some(*room), &[following.line()], || {
                        format!("stream {id} never said {next} to {expected}")
                    });
                }
            }
        }
    }

    /// Nothing comes blanked that nobody had asked to delete.
    fn blanked(&mut self, scene: &mut Scene, item: &Item, kind: ChangeKind) {
        let deletions = self.deletions.get_or_insert_with(|| rights::deletions(scene.survey));
        let known = scene.fold.event(scene.survey, item.room, item.seq).map(|(index, event)| (index, event.message));
        let Some((index, message)) = known else { return };
        let command = scene.survey.commands.commands.get(scene.audit.origins[index as usize].command as usize);
        let message = match (kind, command) {
            (ChangeKind::Edited, Some(command)) => command.message,
            _ => message,
        };
        let asked = deletions.get(&message).copied();
        let is_known = message != NONE;
        if !matches!(kind, ChangeKind::Sent | ChangeKind::Edited) || (is_known && asked.is_none_or(|at| at > scene.at))
        {
            scene.report(Kind::BlankedEarly, Some(item.room), &[], || {
                format!("{} comes blanked, and nobody had asked to delete it", item.seq)
            });
        }
    }
}

impl Stream {
    fn add(&mut self, scene: &mut Scene, cursors: &[CursorOpen], begin: impl Fn(&Scene, &CursorOpen) -> Following) {
        for cursor in cursors {
            if cursor.after.as_ref().is_some_and(|place| place.seq > 0) {
                scene.counts.resumes += 1;
            }
            self.rooms.entry(cursor.room).or_insert_with(|| begin(scene, cursor));
        }
    }

    /// Returns where the stream is in a room, and reports where it should say nothing of it.
    fn follow(&mut self, scene: &mut Scene, id: StreamId, room: Room) -> Option<&mut Following> {
        let following = self.rooms.get_mut(&room);
        if following.is_none() {
            scene.report(Kind::CursorIgnored, Some(room), &[], || {
                format!("stream {id} tells of a room that it does not watch, or no longer")
            });
        }
        following
    }
}

const fn name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Left => "left",
        EndReason::Answered => "answered",
        EndReason::Broken => "broken",
        EndReason::Silent => "silent",
        EndReason::GoingAway => "going_away",
        EndReason::SessionEnded => "session_ended",
        EndReason::ReaderTooSlow => "reader_too_slow",
    }
}
