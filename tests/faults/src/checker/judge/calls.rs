//! Calls: open from invocation to answer, then judged by it.

use super::{
    super::{
        interning::{Map, digest},
        lives::LifeNo,
        violation::ViolationKind as Kind,
    },
    Scene, reads,
    rooms::{MembershipAtStart, Rooms, membership_of},
};
use crate::history::{Action, Invoke, Op, Reply, Room, User, Written};

/// The calls that are open.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Map<Op, Call>,
    /// In which life each command was acknowledged last.
    acknowledged: Map<u32, LifeNo>,
}

/// A call, and what was certain when it was invoked.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) op: Op,
    pub(super) user: User,
    pub(super) room: Room,
    pub(super) request: u64,
    pub(super) action: Action,
    pub(super) life: LifeNo,
    pub(super) invoked: u64,
    pub(super) line: u32,
    /// Whether it repeats what had been acknowledged before, in this life.
    pub(super) is_late_repeat: bool,
    /// The highest place in the room that was acknowledged to the user.
    pub(super) own: u64,
    /// The caller's membership.
    pub(super) caller: MembershipAtStart,
    /// The membership that the call changes.
    pub(super) subject: MembershipAtStart,
}

impl Calls {
    pub(super) fn invoke(&mut self, scene: &mut Scene, rooms: &Rooms, invoke: &Invoke) {
        *scene.counts.invoked.entry(name(&invoke.action)).or_default() += 1;
        let subject = membership_of(invoke.user, &invoke.action).map_or(invoke.user, |(subject, _)| subject);
        let command = scene.survey.commands.attempt_of(invoke.op.0).map(|attempt| attempt.command);
        let call = Call {
            op: invoke.op,
            user: invoke.user,
            room: invoke.room,
            request: digest(invoke.request.as_str()),
            action: invoke.action.clone(),
            life: scene.life,
            invoked: scene.at,
            line: scene.line,
            is_late_repeat: command.and_then(|command| self.acknowledged.get(&command)) == Some(&scene.life),
            own: rooms.own_place(invoke.room, invoke.user),
            caller: rooms.now(invoke.room, invoke.user),
            subject: rooms.now(invoke.room, subject),
        };
        if self.open.insert(invoke.op, call).is_some() {
            scene
                .report(Kind::HistoryBroken, Some(invoke.room), &[], || format!("call {} is invoked twice", invoke.op));
        }
    }

    /// Takes out the call that is answered.
    pub(super) fn close(&mut self, scene: &mut Scene, op: Op) -> Option<Call> {
        let call = self.open.remove(&op);
        if let Some(attempt) = scene.survey.commands.attempt_of(op.0)
            && attempt.is_placed()
        {
            self.acknowledged.insert(attempt.command, scene.life);
        }
        if call.is_none() {
            scene.report(Kind::HistoryBroken, None, &[], || format!("call {op} is answered and not open"));
        }
        call
    }
}

/// Judges an answer.
pub(super) fn answered(scene: &mut Scene, rooms: &mut Rooms, call: &Call, reply: &Reply) {
    *scene.counts.answered.entry(name(&call.action)).or_default() += 1;
    if call.life != scene.life {
        return;
    }
    match reply {
        Reply::Written(written) => {
            rooms.acknowledged(call.room, call.user, written.seq);
            if matches!(call.action, Action::Send { .. }) && !written.is_repeat {
                scene.counts.acknowledged_sends += 1;
            }
            if written.seq == 0 {
                nothing_changed(scene, call, written);
            }
        }
        Reply::Done => rooms.done(scene, call),
        Reply::Page { messages, cursor } => reads::page(scene, call, messages, cursor),
        Reply::Message(message) => reads::message(scene, call, message),
    }
}

/// An answer says that all was so already: then it was, at some time during the call.
fn nothing_changed(scene: &mut Scene, call: &Call, written: &Written) {
    let id = scene.survey.ids.find(written.message);
    let fold = &scene.fold;
    if !fold.is_whole(call.room) {
        return;
    }
    let (from, until) = (u32::try_from(call.own).unwrap_or(u32::MAX), scene.at);
    let Some((index, line)) = fold.message(id) else { return };
    let was = |wanted: bool, emoji: &str| {
        fold.reaction_was(scene.audit, (index, digest(emoji), call.user.0), wanted, from, until)
    };
    let was_so = match &call.action {
        Action::React { emoji, .. } => was(true, emoji),
        Action::Unreact { emoji, .. } => was(false, emoji),
        Action::Pin { .. } => line.from(from).any(|(_, state)| state.is_pinned),
        Action::Unpin { .. } => line.from(from).any(|(_, state)| !state.is_pinned),
        Action::Delete { .. } => line.from(from).any(|(_, state)| state.is_deleted),
        _ => false,
    };
    if !was_so {
        scene.report(Kind::Lost, Some(call.room), &[call.line], || {
            format!("call {} is answered as being so already, and it was not", call.op)
        });
    }
}

/// What an action is called where calls are counted.
pub(super) const fn name(action: &Action) -> &'static str {
    match action {
        Action::Send { .. } => "send",
        Action::Edit { .. } => "edit",
        Action::Delete { .. } => "delete",
        Action::React { .. } => "react",
        Action::Unreact { .. } => "unreact",
        Action::Pin { .. } => "pin",
        Action::Unpin { .. } => "unpin",
        Action::Join => "join",
        Action::Leave => "leave",
        Action::Remove { .. } => "remove",
        Action::Update { .. } => "update",
        Action::Page { .. } => "page",
        Action::Get { .. } => "get",
        Action::Pins => "pins",
    }
}
