//! The decisions, as pure functions of the room as the actor finds it. `None` means that it is so already.

use loquat_ids::{Timestamp, UserId};

use crate::{
    error::RoomError,
    model::{
        Change, Decision, Membership, MembershipChange, Permission, Role, Room, RoomForm, RoomKind, RoomName,
        RoomTopic, RoomView,
    },
};

/// Lets somebody into a room.
pub(crate) fn join(view: &RoomView, actor: UserId, now: Timestamp) -> Result<Option<Decision>, RoomError> {
    let room = &view.room;
    see(view)?;
    refuse_direct(room)?;
    if view.membership.is_some() {
        return Ok(None);
    }
    require(view, Permission::JoinRoom)?;
    let membership = Membership { room_id: room.id, user_id: actor, role: Role::Member, join_time: now };
    Ok(Some(membership_change(room, MembershipChange::Joined(membership), room.member_count + 1)))
}

/// Lets somebody out of a room. Who was in it once already knows of it, so that leaving a private room twice is no
/// different from leaving it once.
pub(crate) fn leave(view: &RoomView, actor: UserId) -> Result<Option<Decision>, RoomError> {
    let room = &view.room;
    if view.membership.is_none() {
        return if view.was_member { Ok(None) } else { see(view).map(|()| None) };
    }
    refuse_direct(room)?;
    Ok(Some(membership_change(room, MembershipChange::Left(actor), room.member_count.saturating_sub(1))))
}

/// Puts somebody else out of a room.
pub(crate) fn remove(view: &RoomView, actor: UserId, user_id: UserId) -> Result<Option<Decision>, RoomError> {
    let room = &view.room;
    see(view)?;
    refuse_direct(room)?;
    require(view, Permission::RemoveMember)?;
    if user_id == actor {
        return Err(RoomError::MemberIsCaller(room.id));
    }
    match view.other_membership.map(|membership| membership.role) {
        None => Ok(None),
        Some(Role::Owner) => Err(RoomError::MemberIsOwner { room_id: room.id, user_id }),
        Some(Role::Member) => {
            Ok(Some(membership_change(room, MembershipChange::Left(user_id), room.member_count.saturating_sub(1))))
        }
    }
}

/// Changes name or topic. What is not named stays.
pub(crate) fn update(
    view: &RoomView,
    name: Option<&RoomName>,
    topic: Option<&RoomTopic>,
) -> Result<Option<Decision>, RoomError> {
    see(view)?;
    let room = &view.room;
    let RoomForm::Named { is_public, name: old_name, topic: old_topic } = &room.form else {
        return Err(RoomError::RoomIsDirect(room.id));
    };
    require(view, Permission::UpdateRoom)?;
    let (name, topic) = (name.unwrap_or(old_name), topic.unwrap_or(old_topic));
    if (name, topic) == (old_name, old_topic) {
        return Ok(None);
    }
    let form = RoomForm::Named { is_public: *is_public, name: name.clone(), topic: topic.clone() };
    let room = Room { form, version: room.version.next(), ..room.clone() };
    Ok(Some(Decision { change: Change::RoomUpdated { room: room.clone() }, room }))
}

/// Refuses somebody to whom the room does not exist.
pub(crate) fn see(view: &RoomView) -> Result<(), RoomError> {
    if view.permissions().show_room() { Ok(()) } else { Err(RoomError::RoomNotFound(view.room.id)) }
}

/// Refuses somebody who sees the room but lacks a permission in it.
pub(crate) fn require(view: &RoomView, permission: Permission) -> Result<(), RoomError> {
    if view.permissions().allow(permission) {
        Ok(())
    } else {
        Err(RoomError::PermissionMissing { room_id: view.room.id, permission })
    }
}

fn refuse_direct(room: &Room) -> Result<(), RoomError> {
    if room.kind() == RoomKind::Direct { Err(RoomError::RoomIsDirect(room.id)) } else { Ok(()) }
}

fn membership_change(room: &Room, change: MembershipChange, member_count: u32) -> Decision {
    let room = Room { version: room.version.next(), member_count, ..room.clone() };
    Decision { room, change: Change::MembershipsChanged { changes: vec![change], member_count } }
}

#[cfg(test)]
mod tests {
    use loquat_ids::RoomId;
    use uuid::Uuid;

    use super::*;
    use crate::model::{DirectPair, RoomVersion};

    const NOW: Timestamp = Timestamp::from_micros(9);

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    fn named(is_public: bool) -> RoomForm {
        let name = RoomName::parse("lobby").expect("a name");
        RoomForm::Named { is_public, name, topic: RoomTopic::default() }
    }

    fn direct() -> RoomForm {
        RoomForm::Direct(DirectPair::of(user(1), user(2)).expect("two people"))
    }

    fn view(form: RoomForm, role: Option<Role>, was_member: bool) -> RoomView {
        let id = RoomId::from_uuid(Uuid::from_u128(7));
        let room = Room { id, form, create_time: NOW, version: RoomVersion(4), member_count: 3 };
        let membership = role.map(|role| Membership { room_id: id, user_id: user(1), role, join_time: NOW });
        RoomView { room, membership, was_member, other_membership: None }
    }

    /// What user 1 finds who wants user 2 out.
    fn view_of_two(form: RoomForm, mine: Option<Role>, other: Option<Role>) -> RoomView {
        let view = view(form, mine, false);
        let other = other.map(|role| Membership { room_id: view.room.id, user_id: user(2), role, join_time: NOW });
        RoomView { other_membership: other, ..view }
    }

    #[test]
    fn joining_a_public_room_takes_the_next_version_and_counts_one_more() {
        let decision = join(&view(named(true), None, false), user(1), NOW).expect("allowed").expect("a change");
        assert_eq!((decision.room.version, decision.room.member_count), (RoomVersion(5), 4));
    }

    #[test]
    fn a_member_who_joins_again_changes_nothing() {
        for form in [named(true), named(false)] {
            for role in [Role::Owner, Role::Member] {
                assert!(matches!(join(&view(form.clone(), Some(role), false), user(1), NOW), Ok(None)));
            }
        }
    }

    #[test]
    fn a_private_room_does_not_exist_to_others_but_who_left_it_may_leave_it_again() {
        let stranger = view(named(false), None, false);
        assert!(matches!(join(&stranger, user(1), NOW), Err(RoomError::RoomNotFound(_))));
        assert!(matches!(leave(&stranger, user(1)), Err(RoomError::RoomNotFound(_))));
        assert!(matches!(update(&stranger, None, None), Err(RoomError::RoomNotFound(_))));
        let former = view(named(false), None, true);
        assert!(matches!(leave(&former, user(1)), Ok(None)));
        assert!(matches!(join(&former, user(1), NOW), Err(RoomError::RoomNotFound(_))));
    }

    #[test]
    fn nobody_joins_leaves_or_renames_a_direct_room() {
        let mine = view(direct(), Some(Role::Member), false);
        assert!(matches!(join(&mine, user(1), NOW), Err(RoomError::RoomIsDirect(_))));
        assert!(matches!(leave(&mine, user(1)), Err(RoomError::RoomIsDirect(_))));
        assert!(matches!(update(&mine, None, None), Err(RoomError::RoomIsDirect(_))));
        let foreign = view(direct(), None, false);
        assert!(matches!(join(&foreign, user(3), NOW), Err(RoomError::RoomNotFound(_))));
    }

    #[test]
    fn an_owner_removes_a_member_and_who_is_none_stays_none() {
        for form in [named(true), named(false)] {
            let found = view_of_two(form.clone(), Some(Role::Owner), Some(Role::Member));
            let decision = remove(&found, user(1), user(2)).expect("allowed").expect("a change");
            assert_eq!((decision.room.version, decision.room.member_count), (RoomVersion(5), 2));
            let gone = vec![MembershipChange::Left(user(2))];
            assert_eq!(decision.change, Change::MembershipsChanged { changes: gone, member_count: 2 });
            assert!(matches!(remove(&view_of_two(form, Some(Role::Owner), None), user(1), user(2)), Ok(None)));
        }
    }

    #[test]
    fn nobody_removes_an_owner_or_oneself() {
        let two_owners = view_of_two(named(true), Some(Role::Owner), Some(Role::Owner));
        assert!(matches!(remove(&two_owners, user(1), user(2)), Err(RoomError::MemberIsOwner { .. })));
        let mine = view_of_two(named(true), Some(Role::Owner), Some(Role::Owner));
        assert!(matches!(remove(&mine, user(1), user(1)), Err(RoomError::MemberIsCaller(_))));
    }

    #[test]
    fn only_an_owner_removes_and_nobody_in_a_direct_room() {
        for (form, mine) in [(named(true), Some(Role::Member)), (named(false), Some(Role::Member)), (named(true), None)]
        {
            for other in [None, Some(Role::Member), Some(Role::Owner)] {
                let refused = remove(&view_of_two(form.clone(), mine, other), user(1), user(2));
                assert!(matches!(refused, Err(RoomError::PermissionMissing { .. })), "{refused:?}");
            }
        }
        let stranger = view_of_two(named(false), None, Some(Role::Member));
        assert!(matches!(remove(&stranger, user(1), user(2)), Err(RoomError::RoomNotFound(_))));
        let direct = view_of_two(direct(), Some(Role::Member), Some(Role::Member));
        assert!(matches!(remove(&direct, user(1), user(2)), Err(RoomError::RoomIsDirect(_))));
    }

    #[test]
    fn a_setting_that_stands_already_is_no_change() {
        let mine = view(named(true), Some(Role::Owner), false);
        let same = RoomName::parse("lobby").expect("a name");
        assert!(matches!(update(&mine, Some(&same), Some(&RoomTopic::default())), Ok(None)));
        let other = RoomName::parse("hall").expect("a name");
        let decision = update(&mine, Some(&other), None).expect("allowed").expect("a change");
        assert_eq!((decision.room.name(), decision.room.version), ("hall", RoomVersion(5)));
    }

    #[test]
    fn only_the_owner_changes_settings() {
        for (role, permission) in [(Some(Role::Member), Permission::UpdateRoom), (None, Permission::UpdateRoom)] {
            let refused = update(&view(named(true), role, false), None, None);
            assert!(
                matches!(refused, Err(RoomError::PermissionMissing { permission: missing, .. }) if missing == permission)
            );
        }
    }
}
