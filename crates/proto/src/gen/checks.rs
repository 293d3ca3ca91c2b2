impl ::prost_protovalidate::Validate for loquat::rooms::v1::Room {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.name.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "name",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        if self.topic.chars().count() > 250usize {
            violations.push(::prost_protovalidate::Violation::new(
                "topic",
                "string.max_len",
                "value length must be at most 250 characters",
            ));
        }
        if self.direct_user_ids.len() > 2usize {
            violations.push(::prost_protovalidate::Violation::new(
                "direct_user_ids",
                "repeated.max_items",
                "must have at most 2 items",
            ));
        }
        for (_idx, _item) in self.direct_user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("direct_user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::Membership {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::RoomCreated {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.memberships.len() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "memberships",
                "repeated.max_items",
                "must have at most 64 items",
            ));
        }
        if let ::core::option::Option::Some(ref _nested) = self.room {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("room");
                    violations.push(_viol);
                }
            }
        }
        for (_idx, _item) in self.memberships.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("memberships", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::RoomUpdated {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if let ::core::option::Option::Some(ref _nested) = self.room {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("room");
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::MembershipsChanged {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.changes.len() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "changes",
                "repeated.max_items",
                "must have at most 64 items",
            ));
        }
        for (_idx, _item) in self.changes.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("changes", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::MembershipChange {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::RoomCursor {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.epoch.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "epoch",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        if self.event_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "event_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::SetPresenceRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if ![0i32, 1i32, 2i32, 3i32, 4i32, 5i32].contains(&self.availability) {
            violations.push(::prost_protovalidate::Violation::new(
                "availability",
                "enum.defined_only",
                "value must be one of the defined enum values",
            ));
        }
        if [0i32, 4i32].contains(&self.availability) {
            violations.push(::prost_protovalidate::Violation::new(
                "availability",
                "enum.not_in",
                "must not be in list [0, 4]",
            ));
        }
        if self.status_text.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "status_text",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[^\\x00-\\x1f\\x7f]*$")
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.status_text) {
                violations.push(::prost_protovalidate::Violation::new(
                    "status_text",
                    "string.pattern",
                    "does not match regex pattern `^[^\\x00-\\x1f\\x7f]*$`",
                ));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::GetPresenceRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_ids.len() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.min_items",
                "must have at least 1 items",
            ));
        }
        if self.user_ids.len() > 200usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.max_items",
                "must have at most 200 items",
            ));
        }
        for (_idx, _item) in self.user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::WatchPresenceRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_ids.len() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.min_items",
                "must have at least 1 items",
            ));
        }
        if self.user_ids.len() > 500usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.max_items",
                "must have at most 500 items",
            ));
        }
        for (_idx, _item) in self.user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::SetTypingRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::ListUserRoomChangesRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::ListJoinedRoomsRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::Interest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.rooms.len() > 200usize {
            violations.push(::prost_protovalidate::Violation::new(
                "rooms",
                "repeated.max_items",
                "must have at most 200 items",
            ));
        }
        if self.presence_user_ids.len() > 500usize {
            violations.push(::prost_protovalidate::Violation::new(
                "presence_user_ids",
                "repeated.max_items",
                "must have at most 500 items",
            ));
        }
        for (_idx, _item) in self.presence_user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("presence_user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        for (_idx, _item) in self.rooms.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("rooms", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::SubscribeRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if let ::core::option::Option::Some(ref _nested) = self.interest {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("interest");
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::SyncRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.rooms.len() > 20usize {
            violations.push(::prost_protovalidate::Violation::new(
                "rooms",
                "repeated.max_items",
                "must have at most 20 items",
            ));
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 200i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 200");
            violations.push(violation);
        }
        for (_idx, _item) in self.rooms.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("rooms", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::ConnectRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if let ::core::option::Option::Some(ref _nested) = self.start {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("start");
                    violations.push(_viol);
                }
            }
        }
        if let ::core::option::Option::Some(ref _nested) = self.interest_update {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("interest_update");
                    violations.push(_viol);
                }
            }
        }
        {
            let mut _oneof_count = 0u32;
            if self.start.is_some() {
                _oneof_count += 1;
            }
            if self.interest_update.is_some() {
                _oneof_count += 1;
            }
            if self.beat.is_some() {
                _oneof_count += 1;
            }
            if _oneof_count > 1 {
                violations.push(
                    ::prost_protovalidate::Violation::new(
                        "",
                        "message.oneof",
                        "only one of start, interest_update, beat can be set",
                    )
                    .without_rule_path(),
                );
            }
            if _oneof_count == 0 {
                violations.push(
                    ::prost_protovalidate::Violation::new(
                        "",
                        "message.oneof",
                        "one of start, interest_update, beat must be set",
                    )
                    .without_rule_path(),
                );
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::InterestUpdate {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        #[allow(unused_comparisons)]
        if self.revision < 1u64 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("revision", "uint64.gte", "uint64.gte");
            violation.set_message("value must be greater than or equal to 1");
            violations.push(violation);
        }
        if self.interest.is_none() {
            violations.push(::prost_protovalidate::Violation::new("interest", "required", "value is required"));
        }
        if let ::core::option::Option::Some(ref _nested) = self.interest {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("interest");
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::events::v1::UpdateInterestRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.stream_id.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "stream_id",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.stream_id.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "stream_id",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        if self.update.is_none() {
            violations.push(::prost_protovalidate::Violation::new("update", "required", "value is required"));
        }
        if let ::core::option::Option::Some(ref _nested) = self.update {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("update");
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::SendMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.text.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "text",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.text.chars().count() > 4000usize {
            violations.push(::prost_protovalidate::Violation::new(
                "text",
                "string.max_len",
                "value length must be at most 4000 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("[^ \\t\\r\\n]").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.text) {
                violations.push(::prost_protovalidate::Violation::new(
                    "text",
                    "string.pattern",
                    "does not match regex pattern `[^ \\t\\r\\n]`",
                ));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::ListMessagesRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 200i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 200");
            violations.push(violation);
        }
        if self.page_token.chars().count() > 512usize {
            violations.push(::prost_protovalidate::Violation::new(
                "page_token",
                "string.max_len",
                "value length must be at most 512 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::GetMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::EditMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if self.text.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "text",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.text.chars().count() > 4000usize {
            violations.push(::prost_protovalidate::Violation::new(
                "text",
                "string.max_len",
                "value length must be at most 4000 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("[^ \\t\\r\\n]").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.text) {
                violations.push(::prost_protovalidate::Violation::new(
                    "text",
                    "string.pattern",
                    "does not match regex pattern `[^ \\t\\r\\n]`",
                ));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::DeleteMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::AddReactionRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if self.emoji.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "emoji",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.emoji.chars().count() > 16usize {
            violations.push(::prost_protovalidate::Violation::new(
                "emoji",
                "string.max_len",
                "value length must be at most 16 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::RemoveReactionRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if self.emoji.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "emoji",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.emoji.chars().count() > 16usize {
            violations.push(::prost_protovalidate::Violation::new(
                "emoji",
                "string.max_len",
                "value length must be at most 16 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::PinMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::UnpinMessageRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if self.message_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "message_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.message_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.message_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "message_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::ListPinnedMessagesRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::AppendRoomEventRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.event_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "event_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.event_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "event_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.event_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("event_id", "string.uuid", "string.uuid"));
        }
        #[allow(unused_comparisons)]
        if self.version < 1u64 {
            let mut violation = ::prost_protovalidate::Violation::new_constraint("version", "uint64.gte", "uint64.gte");
            violation.set_message("value must be greater than or equal to 1");
            violations.push(violation);
        }
        if self.actor_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "actor_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.actor_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "actor_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.actor_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("actor_id", "string.uuid", "string.uuid"));
        }
        if let ::core::option::Option::Some(ref _nested) = self.room_created {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("room_created");
                    violations.push(_viol);
                }
            }
        }
        if let ::core::option::Option::Some(ref _nested) = self.room_updated {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("room_updated");
                    violations.push(_viol);
                }
            }
        }
        if let ::core::option::Option::Some(ref _nested) = self.memberships_changed {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("memberships_changed");
                    violations.push(_viol);
                }
            }
        }
        {
            let mut _oneof_count = 0u32;
            if self.room_created.is_some() {
                _oneof_count += 1;
            }
            if self.room_updated.is_some() {
                _oneof_count += 1;
            }
            if self.memberships_changed.is_some() {
                _oneof_count += 1;
            }
            if _oneof_count > 1 {
                violations.push(
                    ::prost_protovalidate::Violation::new(
                        "",
                        "message.oneof",
                        "only one of room_created, room_updated, memberships_changed can be set",
                    )
                    .without_rule_path(),
                );
            }
            if _oneof_count == 0 {
                violations.push(
                    ::prost_protovalidate::Violation::new(
                        "",
                        "message.oneof",
                        "one of room_created, room_updated, memberships_changed must be set",
                    )
                    .without_rule_path(),
                );
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::ReadRoomLogRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if !self.reader_id.is_empty() {
            if self.reader_id.chars().count() > 36usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "reader_id",
                    "string.max_len",
                    "value length must be at most 36 characters",
                ));
            }
            if self.reader_id.is_empty() {
                violations.push(::prost_protovalidate::Violation::new_constraint(
                    "reader_id",
                    "string.uuid_empty",
                    "string.uuid",
                ));
            } else if !(::prost_protovalidate::validators::is_uuid(&self.reader_id)) {
                violations.push(::prost_protovalidate::Violation::new_constraint(
                    "reader_id",
                    "string.uuid",
                    "string.uuid",
                ));
            }
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 1000i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 1000");
            violations.push(violation);
        }
        if let ::core::option::Option::Some(ref _nested) = self.after {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_nested) {
                for mut _viol in _e.into_violations() {
                    _viol.prepend_field_path("after");
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::GetHeadsRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_ids.len() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_ids",
                "repeated.min_items",
                "must have at least 1 items",
            ));
        }
        if self.room_ids.len() > 500usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_ids",
                "repeated.max_items",
                "must have at most 500 items",
            ));
        }
        for (_idx, _item) in self.room_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("room_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::RenewLeaseRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.gateway_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "gateway_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.gateway_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "gateway_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.gateway_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "gateway_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if self.connected.len() > 5000usize {
            violations.push(::prost_protovalidate::Violation::new(
                "connected",
                "repeated.max_items",
                "must have at most 5000 items",
            ));
        }
        if self.disconnected.len() > 5000usize {
            violations.push(::prost_protovalidate::Violation::new(
                "disconnected",
                "repeated.max_items",
                "must have at most 5000 items",
            ));
        }
        for (_idx, _item) in self.connected.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("connected", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        for (_idx, _item) in self.disconnected.iter().enumerate() {
            if let ::core::result::Result::Err(_e) = ::prost_protovalidate::Validate::validate(_item) {
                let _idx_u64: u64 = _idx as u64;
                for mut _viol in _e.into_violations() {
                    _viol.prepend_index("disconnected", _idx_u64);
                    violations.push(_viol);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::Device {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if self.stream_id.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "stream_id",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.stream_id.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "stream_id",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::presence::v1::ReadPresenceRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.reader_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "reader_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.reader_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "reader_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.reader_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "reader_id",
                "string.uuid",
                "string.uuid",
            ));
        }
        if self.user_ids.len() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.min_items",
                "must have at least 1 items",
            ));
        }
        if self.user_ids.len() > 500usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.max_items",
                "must have at most 500 items",
            ));
        }
        for (_idx, _item) in self.user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::CreateRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.request_id.chars().count() < 8usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.min_len",
                "value length must be at least 8 characters",
            ));
        }
        if self.request_id.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "request_id",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[A-Za-z0-9_-]+$").expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.request_id) {
                violations.push(::prost_protovalidate::Violation::new(
                    "request_id",
                    "string.pattern",
                    "does not match regex pattern `^[A-Za-z0-9_-]+$`",
                ));
            }
        }
        if ![0i32, 1i32, 2i32, 3i32].contains(&self.kind) {
            violations.push(::prost_protovalidate::Violation::new(
                "kind",
                "enum.defined_only",
                "value must be one of the defined enum values",
            ));
        }
        if [0i32, 3i32].contains(&self.kind) {
            violations.push(::prost_protovalidate::Violation::new("kind", "enum.not_in", "must not be in list [0, 3]"));
        }
        if self.name.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "name",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.name.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "name",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new(
                        "^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$",
                    )
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.name) {
                violations
                    .push(
                        ::prost_protovalidate::Violation::new(
                            "name",
                            "string.pattern",
                            "does not match regex pattern `^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$`",
                        ),
                    );
            }
        }
        if self.topic.chars().count() > 250usize {
            violations.push(::prost_protovalidate::Violation::new(
                "topic",
                "string.max_len",
                "value length must be at most 250 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[^\\x00-\\x1f\\x7f]*$")
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.topic) {
                violations.push(::prost_protovalidate::Violation::new(
                    "topic",
                    "string.pattern",
                    "does not match regex pattern `^[^\\x00-\\x1f\\x7f]*$`",
                ));
            }
        }
        if self.user_ids.len() > 50usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.max_items",
                "must have at most 50 items",
            ));
        }
        for (_idx, _item) in self.user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::GetRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::ListRoomsRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if ![0i32, 1i32, 2i32].contains(&self.view) {
            violations.push(::prost_protovalidate::Violation::new(
                "view",
                "enum.defined_only",
                "value must be one of the defined enum values",
            ));
        }
        if self.query.chars().count() > 80usize {
            violations.push(::prost_protovalidate::Violation::new(
                "query",
                "string.max_len",
                "value length must be at most 80 characters",
            ));
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 200i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 200");
            violations.push(violation);
        }
        if self.page_token.chars().count() > 512usize {
            violations.push(::prost_protovalidate::Violation::new(
                "page_token",
                "string.max_len",
                "value length must be at most 512 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::UpdateRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if !self.name.is_empty() {
            if self.name.chars().count() < 1usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "name",
                    "string.min_len",
                    "value length must be at least 1 characters",
                ));
            }
            if self.name.chars().count() > 80usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "name",
                    "string.max_len",
                    "value length must be at most 80 characters",
                ));
            }
            {
                static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(
                    || {
                        ::prost_protovalidate::regex::Regex::new(
                            "^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$",
                        )
                        .expect("pattern validated at codegen time")
                    },
                );
                if !RE.is_match(&self.name) {
                    violations
                        .push(
                            ::prost_protovalidate::Violation::new(
                                "name",
                                "string.pattern",
                                "does not match regex pattern `^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$`",
                            ),
                        );
                }
            }
        }
        if self.topic.chars().count() > 250usize {
            violations.push(::prost_protovalidate::Violation::new(
                "topic",
                "string.max_len",
                "value length must be at most 250 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[^\\x00-\\x1f\\x7f]*$")
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.topic) {
                violations.push(::prost_protovalidate::Violation::new(
                    "topic",
                    "string.pattern",
                    "does not match regex pattern `^[^\\x00-\\x1f\\x7f]*$`",
                ));
            }
        }
        if self.update_mask.is_none() {
            violations.push(::prost_protovalidate::Violation::new("update_mask", "required", "value is required"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::JoinRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::LeaveRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::RemoveMemberRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::ListMembersRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.room_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "room_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.room_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "room_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.room_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("room_id", "string.uuid", "string.uuid"));
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 200i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 200");
            violations.push(violation);
        }
        if self.page_token.chars().count() > 512usize {
            violations.push(::prost_protovalidate::Violation::new(
                "page_token",
                "string.max_len",
                "value length must be at most 512 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::rooms::v1::OpenDirectRoomRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_id.chars().count() > 36usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_id",
                "string.max_len",
                "value length must be at most 36 characters",
            ));
        }
        if self.user_id.is_empty() {
            violations.push(::prost_protovalidate::Violation::new_constraint(
                "user_id",
                "string.uuid_empty",
                "string.uuid",
            ));
        } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
            violations.push(::prost_protovalidate::Violation::new_constraint("user_id", "string.uuid", "string.uuid"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::RegisterRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.handle.chars().count() < 2usize {
            violations.push(::prost_protovalidate::Violation::new(
                "handle",
                "string.min_len",
                "value length must be at least 2 characters",
            ));
        }
        if self.handle.chars().count() > 32usize {
            violations.push(::prost_protovalidate::Violation::new(
                "handle",
                "string.max_len",
                "value length must be at most 32 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new("^[a-z0-9][a-z0-9._-]*[a-z0-9]$")
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.handle) {
                violations.push(::prost_protovalidate::Violation::new(
                    "handle",
                    "string.pattern",
                    "does not match regex pattern `^[a-z0-9][a-z0-9._-]*[a-z0-9]$`",
                ));
            }
        }
        if self.display_name.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "display_name",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.display_name.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "display_name",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        {
            static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(|| {
                ::prost_protovalidate::regex::Regex::new(
                        "^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$",
                    )
                    .expect("pattern validated at codegen time")
            });
            if !RE.is_match(&self.display_name) {
                violations
                    .push(
                        ::prost_protovalidate::Violation::new(
                            "display_name",
                            "string.pattern",
                            "does not match regex pattern `^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$`",
                        ),
                    );
            }
        }
        if self.password.chars().count() < 12usize {
            violations.push(::prost_protovalidate::Violation::new(
                "password",
                "string.min_len",
                "value length must be at least 12 characters",
            ));
        }
        if self.password.chars().count() > 256usize {
            violations.push(::prost_protovalidate::Violation::new(
                "password",
                "string.max_len",
                "value length must be at most 256 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::SignInRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.handle.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "handle",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.handle.chars().count() > 254usize {
            violations.push(::prost_protovalidate::Violation::new(
                "handle",
                "string.max_len",
                "value length must be at most 254 characters",
            ));
        }
        if self.password.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "password",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.password.chars().count() > 256usize {
            violations.push(::prost_protovalidate::Violation::new(
                "password",
                "string.max_len",
                "value length must be at most 256 characters",
            ));
        }
        if self.device_name.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "device_name",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        if ![0i32, 1i32, 2i32].contains(&self.refresh_token_delivery) {
            violations.push(::prost_protovalidate::Violation::new(
                "refresh_token_delivery",
                "enum.defined_only",
                "value must be one of the defined enum values",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::RefreshRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.refresh_token.chars().count() > 512usize {
            violations.push(::prost_protovalidate::Violation::new(
                "refresh_token",
                "string.max_len",
                "value length must be at most 512 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::GetUserRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if !self.user_id.is_empty() {
            if self.user_id.chars().count() > 36usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "user_id",
                    "string.max_len",
                    "value length must be at most 36 characters",
                ));
            }
            if self.user_id.is_empty() {
                violations.push(::prost_protovalidate::Violation::new_constraint(
                    "user_id",
                    "string.uuid_empty",
                    "string.uuid",
                ));
            } else if !(::prost_protovalidate::validators::is_uuid(&self.user_id)) {
                violations.push(::prost_protovalidate::Violation::new_constraint(
                    "user_id",
                    "string.uuid",
                    "string.uuid",
                ));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::BatchGetUsersRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.user_ids.len() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.min_items",
                "must have at least 1 items",
            ));
        }
        if self.user_ids.len() > 200usize {
            violations.push(::prost_protovalidate::Violation::new(
                "user_ids",
                "repeated.max_items",
                "must have at most 200 items",
            ));
        }
        for (_idx, _item) in self.user_ids.iter().enumerate() {
            let mut _local_violations: ::std::vec::Vec<::prost_protovalidate::Violation> = ::std::vec::Vec::new();
            {
                let violations = &mut _local_violations;
                if (*_item).chars().count() > 36usize {
                    violations.push(::prost_protovalidate::Violation::new(
                        "",
                        "string.max_len",
                        "value length must be at most 36 characters",
                    ));
                }
                if (*_item).is_empty() {
                    violations.push(::prost_protovalidate::Violation::new_constraint(
                        "",
                        "string.uuid_empty",
                        "string.uuid",
                    ));
                } else if !(::prost_protovalidate::validators::is_uuid(&(*_item))) {
                    violations.push(::prost_protovalidate::Violation::new_constraint("", "string.uuid", "string.uuid"));
                }
            }
            let _idx_u64: u64 = _idx as u64;
            for mut _v in _local_violations {
                _v.prepend_rule_path("repeated.items");
                _v.prepend_index("user_ids", _idx_u64);
                violations.push(_v);
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::SearchUsersRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if self.query.chars().count() < 1usize {
            violations.push(::prost_protovalidate::Violation::new(
                "query",
                "string.min_len",
                "value length must be at least 1 characters",
            ));
        }
        if self.query.chars().count() > 64usize {
            violations.push(::prost_protovalidate::Violation::new(
                "query",
                "string.max_len",
                "value length must be at most 64 characters",
            ));
        }
        #[allow(unused_comparisons)]
        if self.page_size < 0i32 || self.page_size > 100i32 {
            let mut violation =
                ::prost_protovalidate::Violation::new_constraint("page_size", "int32.gte_lte", "int32.gte");
            violation.set_message("value must be greater than or equal to 0 and less than or equal to 100");
            violations.push(violation);
        }
        if self.page_token.chars().count() > 512usize {
            violations.push(::prost_protovalidate::Violation::new(
                "page_token",
                "string.max_len",
                "value length must be at most 512 characters",
            ));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::UpdateUserRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        let mut violations = ::std::vec::Vec::new();
        if !self.display_name.is_empty() {
            if self.display_name.chars().count() < 1usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "display_name",
                    "string.min_len",
                    "value length must be at least 1 characters",
                ));
            }
            if self.display_name.chars().count() > 64usize {
                violations.push(::prost_protovalidate::Violation::new(
                    "display_name",
                    "string.max_len",
                    "value length must be at most 64 characters",
                ));
            }
            {
                static RE: ::std::sync::LazyLock<::prost_protovalidate::regex::Regex> = ::std::sync::LazyLock::new(
                    || {
                        ::prost_protovalidate::regex::Regex::new(
                            "^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$",
                        )
                        .expect("pattern validated at codegen time")
                    },
                );
                if !RE.is_match(&self.display_name) {
                    violations
                        .push(
                            ::prost_protovalidate::Violation::new(
                                "display_name",
                                "string.pattern",
                                "does not match regex pattern `^[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*[^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069} \\x{80}-\\x{a0}\\x{ad}\\x{34f}\\x{115f}\\x{1160}\\x{1680}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}\\x{2000}-\\x{200f}\\x{2028}-\\x{202f}\\x{205f}-\\x{206f}\\x{2800}\\x{3000}\\x{3164}\\x{fe00}-\\x{fe0f}\\x{feff}\\x{ffa0}\\x{fff0}-\\x{fffb}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0000}-\\x{e0fff}][^\\x00-\\x1f\\x7f\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]*$`",
                            ),
                        );
                }
            }
        }
        if self.update_mask.is_none() {
            violations.push(::prost_protovalidate::Violation::new("update_mask", "required", "value is required"));
        }
        if violations.is_empty() { Ok(()) } else { Err(::prost_protovalidate::ValidationError::new(violations)) }
    }
}
impl ::prost_protovalidate::Validate for loquat::messages::v1::WatchHeadsRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        Ok(())
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::GetKeySetRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        Ok(())
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::SignOutRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        Ok(())
    }
}
impl ::prost_protovalidate::Validate for loquat::users::v1::WatchRevocationsRequest {
    fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {
        Ok(())
    }
}
