//! What every element of the contract must have, read from the descriptor set that servers carry and reflection serves.

mod rules;

use loquat_proto::FILE_DESCRIPTOR_SET;
use prost_reflect::DescriptorPool;

fn none(rule: fn(&DescriptorPool) -> Vec<String>) {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract decodes");
    assert_eq!(rule(&pool), [""; 0]);
}

#[test]
fn every_method_has_a_rule_and_a_repeat_class() {
    none(rules::methods_without_a_rule_or_a_repeat_class);
}

#[test]
fn every_string_bytes_and_repeated_field_has_a_limit() {
    none(rules::fields_without_a_limit);
}

#[test]
fn every_element_has_a_comment() {
    none(rules::elements_without_a_comment);
}

#[test]
fn the_room_is_field_1_of_every_request_that_names_one() {
    none(rules::rooms_that_are_not_field_1);
}

#[test]
fn every_enum_begins_with_an_unspecified_value() {
    none(rules::enums_without_an_unspecified_value);
}

#[test]
fn the_contract_has_the_five_packages_and_their_services() {
    none(rules::packages_without_a_service);
}
