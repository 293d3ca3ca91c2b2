//! Requests as the model. What arrives here keeps the rules that stand beside the fields; what is left to judge is judged
//! here.

use std::str::FromStr;

use loquat_ids::UserId;
use loquat_proto::rooms::v1 as proto;

use crate::{
    error::RoomError,
    model::{RoomName, RoomTopic, TextRule},
    service::{NewRoom, SettingsChange},
};

/// Reads an id.
pub(super) fn id<T: FromStr>(field: &str, text: &str) -> Result<T, RoomError> {
    text.parse().map_err(|_| RoomError::IdInvalid { field: field.to_owned() })
}

fn broken(field: &'static str) -> impl FnOnce(TextRule) -> RoomError {
    move |rule| RoomError::FieldInvalid { field, rule }
}

pub(super) fn new_room(request: &proto::CreateRoomRequest) -> Result<NewRoom, RoomError> {
    let user_ids = request.user_ids.iter().enumerate();
    Ok(NewRoom {
        request_id: id("request_id", &request.request_id)?,
        is_public: request.kind() == proto::RoomKind::Public,
        name: RoomName::parse(&request.name).map_err(broken("name"))?,
        topic: RoomTopic::parse(&request.topic).map_err(broken("topic"))?,
        user_ids: user_ids
            .map(|(index, user)| id::<UserId>(&format!("user_ids[{index}]"), user))
            .collect::<Result<_, _>>()?,
    })
}

/// How many paths an update mask may have, and how long each may be, in characters.
const MASK_PATHS: usize = 16;
const MASK_PATH_CHARS: usize = 64;

/// Reads a change of settings: the fields that the mask names, and no others.
pub(super) fn settings_change(request: &proto::UpdateRoomRequest) -> Result<SettingsChange, RoomError> {
    let paths = request.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if paths.is_empty() {
        return Err(RoomError::UpdateMaskInvalid { path: String::new() });
    }
    if paths.len() > MASK_PATHS || paths.iter().any(|path| path.chars().nth(MASK_PATH_CHARS).is_some()) {
        return Err(RoomError::UpdateMaskTooLong);
    }
    let mut change = SettingsChange::default();
    for path in paths {
        match path.as_str() {
            "name" => change.name = Some(RoomName::parse(&request.name).map_err(broken("name"))?),
            "topic" => change.topic = Some(RoomTopic::parse(&request.topic).map_err(broken("topic"))?),
            other => return Err(RoomError::UpdateMaskInvalid { path: other.to_owned() }),
        }
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use loquat_proto::Validate as _;
    use prost_types::FieldMask;

    use super::*;

    fn update(paths: &[&str]) -> proto::UpdateRoomRequest {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        proto::UpdateRoomRequest {
            name: "hall".to_owned(),
            topic: "about".to_owned(),
            update_mask: Some(FieldMask { paths }),
            ..proto::UpdateRoomRequest::default()
        }
    }

    #[test]
    fn only_what_the_mask_names_changes() {
        let change = settings_change(&update(&["topic"])).expect("valid");
        assert_eq!(
            (change.name, change.topic.map(|topic| topic.as_str().to_owned())),
            (None, Some("about".to_owned()))
        );
    }

    #[test]
    fn an_empty_mask_and_an_unknown_path_are_refused() {
        for paths in [&[][..], &["kind"], &["name", "member_count"]] {
            let refused = settings_change(&update(paths));
            assert!(matches!(refused, Err(RoomError::UpdateMaskInvalid { .. })), "{paths:?}");
        }
    }

    #[test]
    fn a_mask_is_short() {
        assert!(settings_change(&update(&["name"; 16])).is_ok());
        let long = "x".repeat(65);
        for paths in [&["name"; 17][..], &["topic"; 20_000], &["name", &long]] {
            let refused = settings_change(&update(paths));
            assert!(matches!(refused, Err(RoomError::UpdateMaskTooLong)), "{} paths: {refused:?}", paths.len());
        }
    }

    #[test]
    fn a_name_that_the_contract_takes_is_a_name_here() {
        let longest = "𝒜".repeat(80);
        let taken = ["Grüße 👋", " A ", "👩\u{200d}🚀", "❤\u{fe0f}", "\u{3000}村", "A\u{85}b", &longest];
        let refused =
            ["\u{200b}", "\u{3000}", "\u{a0} \u{2060}", "\u{3164}", "\u{202e}", "Hall\u{202e}ybbol", "Hall\u{200e}"];
        for (name, is_taken) in taken.map(|name| (name, true)).into_iter().chain(refused.map(|name| (name, false))) {
            let room_id = "0192d3a4-5b6c-7d8e-9f00-112233445566".to_owned();
            let request = proto::UpdateRoomRequest { room_id, name: name.to_owned(), ..update(&["name"]) };
            assert_eq!(request.validate().is_ok(), is_taken, "{name:?}");
            assert!(settings_change(&request).is_ok(), "one from before is read too: {name:?}");
        }
    }

    #[test]
    fn a_name_that_is_named_may_not_be_empty_but_a_topic_may() {
        let request = proto::UpdateRoomRequest { name: String::new(), topic: String::new(), ..update(&["name"]) };
        assert!(matches!(settings_change(&request), Err(RoomError::FieldInvalid { field: "name", .. })));
        let request = proto::UpdateRoomRequest { name: String::new(), topic: String::new(), ..update(&["topic"]) };
        assert_eq!(settings_change(&request).expect("valid").topic, Some(RoomTopic::default()));
    }
}
