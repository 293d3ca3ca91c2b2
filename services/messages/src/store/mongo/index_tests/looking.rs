//! How a command finds what it looks for.

use mongodb::bson::{Bson, Document, doc};

use super::super::indexes;

/// How a command finds what it looks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It looks for nothing.
    Nothing,
    /// Everything that it looks for is a stretch of an index.
    ByIndex,
    /// By going through a collection: the walk of this name.
    ByWalk(&'static str),
}

/// Commands that look for nothing. Of a cursor the first command is judged.
const LOOKS_FOR_NOTHING: [&str; 9] =
    ["hello", "isMaster", "ping", "insert", "createIndexes", "listIndexes", "getMore", "killCursors", "endSessions"];

/// A walk through a collection that is meant.
struct Walk {
    name: &'static str,
    collection: &'static str,
    /// What the command says, its collection aside.
    says: Document,
}

/// All of them. They are made by operators who judge a store, but for the first, which is a walk of some hundred entries
/// along an index.
fn walks() -> [Walk; 5] {
    let walk = |name, collection, says| Walk { name, collection, says };
    let back = doc! { "filter": {}, "sort": { "create_time": -1 }, "skip": 500_i64, "limit": 1_i64 };
    // Every event is judged, in the order of the index of places.
    let all = doc! { "filter": {}, "sort": { "room_id": 1, "seq": 1 } };
    let rooms = || doc! { "pipeline": [{ "$group": { "_id": "$room_id" } }] };
    // Made only where the index is not there that answers it.
    let twice = doc! { "pipeline": [
        { "$group": { "_id": { "room_id": "$room_id", "dedup_key": "$dedup_key" }, "count": { "$sum": 1 } } },
        { "$match": { "count": { "$gt": 1 } } },
        { "$limit": 100_i64 },
    ] };
    [
        walk("where a first scan begins", "room_events", back),
        walk("the audit's reading of all logs", "room_events", all),
        walk("the audit's rooms of which folds are kept", "message_folds", rooms()),
        walk("the audit's rooms that are folded", "room_folds", rooms()),
        walk("the audit's keys that stand twice", "room_events", twice),
    ]
}

/// Judges a command as it was sent: how it finds what it looks for, or why no index answers it.
pub(super) fn judge(command: &Document) -> Result<Found, String> {
    let (name, target) = command.iter().next().ok_or("no command")?;
    if LOOKS_FOR_NOTHING.contains(&name.as_str()) {
        return Ok(Found::Nothing);
    }
    let collection = target.as_str().ok_or("not of a collection")?;
    if let Some(walk) = walks().iter().find(|walk| walk.collection == collection && is_said(command, &walk.says)) {
        return Ok(Found::ByWalk(walk.name));
    }
    let indexes = keys_of(collection).ok_or("a collection that is not declared")?;
    for (filter, sort) in asked(name, command)? {
        if !is_by_index(&indexes, &filter, &sort) {
            return Err(format!("no index of {collection} answers {filter} in the order of {sort}"));
        }
    }
    Ok(Found::ByIndex)
}

fn keys_of(collection: &str) -> Option<Vec<Document>> {
    let declared = match collection {
        "room_events" => indexes::of_events(),
        "message_folds" => indexes::of_message_folds(),
        "room_folds" => indexes::of_room_folds(),
        "room_log_facts" => Vec::new(),
        _ => return None,
    };
    let declared = declared.into_iter().map(|(_, keys, _)| keys);
    Some(declared.chain([doc! { "_id": 1 }]).collect())
}

/// Tells whether a command says exactly that of what it looks for.
fn is_said(command: &Document, says: &Document) -> bool {
    ["filter", "query", "sort", "skip", "limit", "pipeline"].iter().all(|word| command.get(word) == says.get(word))
}

/// What a command looks for: filters, each with a sort.
fn asked(name: &str, command: &Document) -> Result<Vec<(Document, Document)>, String> {
    let part = |of: &Document, word: &str| of.get_document(word).cloned().unwrap_or_default();
    let of_each = |list: &str| {
        let writes = command.get_array(list).into_iter().flatten();
        let filters = writes.map(|write| write.as_document().map_or_else(Document::new, |write| part(write, "q")));
        filters.map(|filter| (filter, Document::new())).collect()
    };
    match name {
        "find" => Ok(vec![(part(command, "filter"), part(command, "sort"))]),
        "count" | "distinct" => Ok(vec![(part(command, "query"), Document::new())]),
        "findAndModify" => Ok(vec![(part(command, "query"), part(command, "sort"))]),
        "update" => Ok(of_each("updates")),
        "delete" => Ok(of_each("deletes")),
        "aggregate" => {
            let stages: Vec<_> = command.get_array("pipeline").into_iter().flatten().collect();
            let stage = |at: usize, word| stages.get(at).and_then(|stage| stage.as_document()?.get_document(word).ok());
            let filter = stage(0, "$match");
            let sort = stage(usize::from(filter.is_some()), "$sort");
            Ok(vec![(filter.cloned().unwrap_or_default(), sort.cloned().unwrap_or_default())])
        }
        _ => Err(format!("{name} is a command that nobody has judged")),
    }
}

/// Tells whether some index answers a filter and a sort; of alternatives, whether each has one.
fn is_by_index(indexes: &[Document], filter: &Document, sort: &Document) -> bool {
    match filter.get_array("$or") {
        Ok(branches) if filter.len() == 1 => {
            let has_index = |branch: &Bson| branch.as_document().is_some_and(|one| is_by_index(indexes, one, sort));
            sort.is_empty() && !branches.is_empty() && branches.iter().all(has_index)
        }
        _ => indexes.iter().any(|index| fits(index, filter, sort)),
    }
}

/// How a field is compared.
#[derive(PartialEq, Eq)]
enum Compared {
    Equal,
    ToAny,
    Range,
}

fn compared(value: &Bson) -> Option<Compared> {
    let Bson::Document(operators) = value else { return Some(Compared::Equal) };
    let only = |allowed: &[&str]| !operators.is_empty() && operators.keys().all(|key| allowed.contains(&key.as_str()));
    if only(&["$eq"]) {
        Some(Compared::Equal)
    } else if only(&["$in"]) {
        Some(Compared::ToAny)
    } else if only(&["$gt", "$gte", "$lt", "$lte"]) {
        Some(Compared::Range)
    } else {
        None
    }
}

/// Tells whether an index answers a filter and a sort: equalities first, then at most one range and the sort, in the order
/// of the index, with nothing between, and nothing beside (the ESR rule,
/// <https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-rule/>).
fn fits(index: &Document, filter: &Document, sort: &Document) -> bool {
    let Some(compared) =
        filter.iter().map(|(field, value)| Some((field.as_str(), compared(value)?))).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let ranges: Vec<_> = compared.iter().filter(|(_, how)| *how == Compared::Range).map(|(field, _)| *field).collect();
    let equal: Vec<_> = compared.iter().filter(|(_, how)| *how != Compared::Range).map(|(field, _)| *field).collect();
    let keys: Vec<_> = index.iter().map(|(key, direction)| (key.as_str(), sign(direction))).collect();
    let Some((first, rest)) = keys.split_at_checked(equal.len()) else { return false };
    // What is the same in all that is found orders nothing.
    let is_fixed = |field: &str| compared.iter().any(|(of, how)| *of == field && *how == Compared::Equal);
    let sort: Vec<_> = sort.iter().filter(|(field, _)| !is_fixed(field)).collect();
    // All one way along the index, or all the other way.
    let along = |way: Option<i64>| {
        sort.iter().zip(rest).all(|((field, direction), (key, indexed))| {
            *field == key && sign(direction).zip(*indexed).map(|(one, other)| one * other) == way
        })
    };
    let is_in_order = sort.len() <= rest.len() && (sort.is_empty() || along(Some(1)) || along(Some(-1)));
    // What comes from several stretches of an index comes in the order of none.
    let is_one_stretch = sort.is_empty() || compared.iter().all(|(_, how)| *how != Compared::ToAny);
    !filter.is_empty()
        && first.iter().all(|(key, _)| equal.contains(key))
        && ranges.len() <= 1
        && ranges.iter().all(|range| rest.first().is_some_and(|(key, _)| key == range))
        && is_in_order
        && is_one_stretch
}

fn sign(direction: &Bson) -> Option<i64> {
    direction.as_i64().or_else(|| direction.as_i32().map(i64::from))
}

#[test]
fn an_index_fits_by_equality_then_range_or_sort() {
    let index = doc! { "room_id": 1, "class": 1, "seq": 1 };
    assert!(fits(&index, &doc! { "room_id": 1, "class": 2, "seq": { "$gt": 3 } }, &doc! { "seq": -1 }));
    assert!(fits(&index, &doc! { "room_id": 1 }, &doc! { "class": -1, "seq": -1 }));
    assert!(fits(&index, &doc! { "room_id": 1 }, &doc! { "room_id": 1, "class": 1 }));
    assert!(!fits(&index, &doc! { "room_id": 1 }, &doc! { "class": -1, "seq": 1 }));
    assert!(!fits(&index, &doc! { "room_id": 1, "seq": { "$gt": 3 } }, &doc! { "seq": -1 }));
    assert!(!fits(&index, &doc! { "room_id": 1, "class": 2 }, &doc! { "create_time": 1 }));
    assert!(!fits(&index, &doc! { "room_id": 1, "class": { "$in": [1, 2] } }, &doc! { "seq": 1 }));
    assert!(!fits(&index, &doc! { "class": 2 }, &doc! {}));
    assert!(!fits(&index, &doc! {}, &doc! {}));
    assert!(!fits(&index, &doc! {}, &doc! { "room_id": 1 }));
}

#[test]
fn what_no_index_answers_is_told_of_every_command_and_collection() {
    let good = [
        doc! { "find": "room_events", "filter": { "room_id": 1 }, "sort": { "seq": -1 }, "limit": 1 },
        doc! { "find": "room_log_facts", "filter": { "_id": "epoch" } },
        doc! { "count": "room_events", "query": { "room_id": 1, "seq": { "$gt": 5 } } },
        doc! { "aggregate": "room_folds", "pipeline": [{ "$match": { "room_id": 1 } }] },
        doc! { "delete": "message_folds", "deletes": [{ "q": { "$or": [
            { "room_id": 1, "message_seq": 2, "as_of": { "$lt": 3 } },
            { "room_id": 2, "message_seq": 2, "as_of": { "$lt": 3 } },
        ] } }] },
    ];
    for command in good {
        assert_eq!(judge(&command), Ok(Found::ByIndex), "{command}");
    }
    let bad = [
        doc! { "find": "room_events" },
        doc! { "find": "room_events", "filter": {}, "sort": { "create_time": -1 } },
        doc! { "find": "room_events", "filter": { "actor_id": 1 } },
        doc! { "find": "room_events", "filter": { "room_id": 1, "payload": 1 } },
        doc! { "find": "room_events", "filter": { "room_id": { "$ne": 1 } } },
        doc! { "find": "room_folds", "filter": { "folded_seq": 1 } },
        doc! { "find": "room_log_facts", "filter": { "number": { "$gt": 1 } } },
        doc! { "find": "sessions", "filter": { "_id": 1 } },
        doc! { "count": "message_folds", "query": {} },
        doc! { "distinct": "room_events", "key": "room_id" },
        doc! { "aggregate": "room_events", "pipeline": [{ "$group": { "_id": "$room_id" } }] },
        doc! { "aggregate": "room_events", "pipeline": [{ "$sort": { "seq": 1 } }] },
        doc! { "findAndModify": "room_folds", "query": { "folded_seq": 1 } },
        doc! { "update": "room_events", "updates": [{ "q": { "room_id": 1, "seq": 2 } }, { "q": { "seq": 2 } }] },
        doc! { "delete": "message_folds", "deletes": [{ "q": {} }] },
        doc! { "delete": "message_folds", "deletes": [{ "q": { "$or": [{ "room_id": 1 }, { "as_of": 1 }] } }] },
        doc! { "mapReduce": "room_events" },
    ];
    for command in bad {
        assert!(judge(&command).is_err(), "{command}");
    }
}
