//! The indexes of the collections. Every read and every write that looks for something is answered by one of them.

use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};

use super::{document::field, folds::fold_field};

/// A name, keys, and whether they are unique.
pub(super) type Declared = (&'static str, Document, bool);

/// Those of the events. The two unique ones are the fence between writers.
pub(super) fn of_events() -> Vec<Declared> {
    vec![
        ("place", doc! { field::ROOM: 1, field::SEQ: 1 }, true),
        ("dedup_key", doc! { field::ROOM: 1, field::DEDUP_KEY: 1 }, true),
        ("class", doc! { field::ROOM: 1, field::CLASS: 1, field::SEQ: 1 }, false),
        ("event", doc! { field::ROOM: 1, field::EVENT: 1 }, false),
        ("create_time", doc! { field::CREATE_TIME: 1 }, false),
    ]
}

/// Those of the folds of messages. One fold stands for a message and a place.
pub(super) fn of_message_folds() -> Vec<Declared> {
    vec![("place", doc! { field::ROOM: 1, fold_field::MESSAGE: 1, fold_field::AS_OF: 1 }, true)]
}

/// Those of how far rooms are folded.
pub(super) fn of_room_folds() -> Vec<Declared> {
    vec![("room", doc! { field::ROOM: 1 }, true)]
}

pub(super) fn models(declared: Vec<Declared>) -> impl Iterator<Item = IndexModel> {
    let model = |(name, keys, unique): Declared| {
        let options = IndexOptions::builder().name(name.to_owned()).unique(unique).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    declared.into_iter().map(model)
}
