//! What is known of a person, and what of it who may see.

use loquat_ids::{Timestamp, UserId};

use super::{Appearance, Presence, StatusText};

/// How a person chose to show itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Availability {
    #[default]
    Online,
    Away,
    DoNotDisturb,
    Invisible,
}

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Setting {
    pub(crate) availability: Availability,
    pub(crate) status_text: StatusText,
}

impl Setting {
    /// Tells whether others see a person with this setting while it is connected.
    pub(crate) fn is_visible(&self) -> bool {
        self.availability != Availability::Invisible
    }
}

/// Counts changes of how persons show to others. Grows with each, over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version(pub(crate) u64);

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) user: UserId,
    /// Whether a device of the person is connected.
    pub(crate) is_connected: bool,
    pub(crate) setting: Setting,
    /// Since when the setting holds or the person is connected, whichever came later.
    pub(crate) since: Option<Timestamp>,
    /// When others last saw the person there. Stands still while it is invisible.
    pub(crate) last_there: Option<Timestamp>,
    /// The last change for others, where they have not all been told of it.
    pub(crate) untold: Option<Version>,
}

impl Standing {
    /// Of a person of whom nothing is known.
    pub(crate) fn unknown(user: UserId) -> Self {
        Self { user, is_connected: false, setting: Setting::default(), since: None, last_there: None, untold: None }
    }

    /// How the person shows to others. Who is invisible looks in everything like one who left when it became so.
    pub(crate) fn as_others_see(&self) -> Presence {
        let appearance = match self.setting.availability {
            Availability::Online if self.is_connected => Appearance::Online,
            Availability::Away if self.is_connected => Appearance::Away,
            Availability::DoNotDisturb if self.is_connected => Appearance::DoNotDisturb,
            _ => Appearance::Offline,
        };
        if appearance == Appearance::Offline {
            let status_text = StatusText::default();
            return Presence { user: self.user, appearance, status_text, update_time: self.last_there };
        }
        self.showing(appearance)
    }

    /// How the person shows to itself: as it chose, since whoever asks is there.
    pub(crate) fn as_it_sees_itself(&self) -> Presence {
        self.showing(match self.setting.availability {
            Availability::Online => Appearance::Online,
            Availability::Away => Appearance::Away,
            Availability::DoNotDisturb => Appearance::DoNotDisturb,
            Availability::Invisible => Appearance::Invisible,
        })
    }

    /// How the person shows to a viewer.
    pub(crate) fn as_seen_by(&self, viewer: Option<UserId>) -> Presence {
        if viewer == Some(self.user) { self.as_it_sees_itself() } else { self.as_others_see() }
    }

    fn showing(&self, appearance: Appearance) -> Presence {
        let status_text = self.setting.status_text.clone();
        Presence { user: self.user, appearance, status_text, update_time: self.since }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn standing(availability: Availability, is_connected: bool) -> Standing {
        let status_text = StatusText::parse("at lunch").expect("a status text");
        Standing {
            is_connected,
            setting: Setting { availability, status_text },
            since: Some(Timestamp::from_micros(9)),
            last_there: Some(Timestamp::from_micros(5)),
            ..Standing::unknown(UserId::from_uuid(Uuid::from_u128(1)))
        }
    }

    #[test]
    fn who_is_invisible_looks_to_others_like_one_who_left() {
        let invisible = standing(Availability::Invisible, true);
        let left = standing(Availability::Online, false);
        assert_eq!(invisible.as_others_see(), left.as_others_see());
        assert_eq!(invisible.as_others_see().appearance, Appearance::Offline);
        assert_eq!(invisible.as_others_see().status_text, StatusText::default());
        assert_eq!(invisible.as_others_see().update_time, Some(Timestamp::from_micros(5)));
    }

    #[test]
    fn who_is_invisible_sees_itself_so() {
        let invisible = standing(Availability::Invisible, true);
        assert_eq!(invisible.as_seen_by(Some(invisible.user)).appearance, Appearance::Invisible);
        assert_eq!(invisible.as_seen_by(None).appearance, Appearance::Offline);
    }

    #[test]
    fn of_whom_nothing_is_known_is_offline_since_nobody_knows_when() {
        let presence = Standing::unknown(UserId::from_uuid(Uuid::from_u128(1))).as_others_see();
        assert_eq!((presence.appearance, presence.update_time), (Appearance::Offline, None));
    }
}
