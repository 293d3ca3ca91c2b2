//! The indexes of the collection of events. Every read is answered by one of them.

use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};

use super::document::field;

/// Returns the name, the keys and the uniqueness of each. The two unique ones are the fence between writers.
pub(super) fn declared() -> [(&'static str, Document, bool); 5] {
    [
        ("place", doc! { field::ROOM: 1, field::SEQ: 1 }, true),
        ("dedup_key", doc! { field::ROOM: 1, field::DEDUP_KEY: 1 }, true),
        ("class", doc! { field::ROOM: 1, field::CLASS: 1, field::SEQ: 1 }, false),
        ("event", doc! { field::ROOM: 1, field::EVENT: 1 }, false),
        ("create_time", doc! { field::CREATE_TIME: 1 }, false),
    ]
}

pub(super) fn models() -> Vec<IndexModel> {
    let model = |(name, keys, unique): (&str, Document, bool)| {
        let options = IndexOptions::builder().name(name.to_owned()).unique(unique).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    declared().into_iter().map(model).collect()
}
