//! Reaching the server.

use std::time::Duration;

use mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
    error::{Error, ErrorKind, WriteFailure},
    options::{Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern},
};

use super::{
    super::{Founding, OpenError},
    folds::FoldCollections,
    indexes,
};

/// The version of the schema that this program writes and reads.
const SCHEMA_VERSION: i64 = 2;
const DEFAULT_DATABASE: &str = "loquat_messages";

/// Connects, makes what is missing, and returns the collections and the store's identity.
pub(super) async fn connect(
    mut options: ClientOptions,
    founding: Founding,
    deadline: Duration,
) -> Result<(FoldCollections, Founding), OpenError> {
    let write_concern = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(deadline).build();
    options.write_concern = Some(write_concern);
    // What a majority does not have could still be undone, and must not be acknowledged.
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    // Unknown outcomes are resolved by reading, here as on the other stores.
    options.retry_writes = Some(false);
    options.server_selection_timeout = Some(deadline);
    options.connect_timeout = Some(deadline);
    options.app_name.get_or_insert_with(|| "loquat-messages".to_owned());
    let database_name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let database = Client::with_options(options)?.database(&database_name);

    let found = check_schema(&database).await?;
    let collections = FoldCollections {
        events: database.collection("room_events"),
        messages: database.collection("message_folds"),
        rooms: database.collection("room_folds"),
        facts: database.collection("room_log_facts"),
    };
    make_indexes(&collections.events, indexes::of_events()).await?;
    make_indexes(&collections.messages, indexes::of_message_folds()).await?;
    make_indexes(&collections.rooms, indexes::of_room_folds()).await?;
    if found < SCHEMA_VERSION {
        let version = doc! { "$set": { "number": SCHEMA_VERSION } };
        collections.facts.update_one(doc! { "_id": "schema_version" }, version).await?;
    }
    let identity = identity(&database, &founding).await?;
    Ok((collections, identity))
}

async fn make_indexes(collection: &Collection<Document>, declared: Vec<indexes::Declared>) -> Result<(), OpenError> {
    for index in indexes::models(declared) {
        // One by one: FerretDB's connection breaks on a list of which some are there already.
        collection.create_index(index).await?;
    }
    Ok(())
}

/// Returns the version of what is there.
async fn check_schema(database: &Database) -> Result<i64, OpenError> {
    let version = keep(database, "schema_version", doc! { "number": SCHEMA_VERSION }).await?;
    match version.get_i64("number") {
        Ok(number) if number > SCHEMA_VERSION => Err(OpenError::Newer),
        Ok(number) => Ok(number),
        Err(_) => Err(OpenError::Foreign("schema version")),
    }
}

async fn identity(database: &Database, founding: &Founding) -> Result<Founding, OpenError> {
    let epoch = keep(database, Founding::EPOCH, doc! { "value": founding.epoch.as_str() }).await?;
    let key = keep(database, Founding::CONTENT_KEY, doc! { "value": founding.content_key_text() }).await?;
    let (Ok(epoch), Ok(key)) = (epoch.get_str("value"), key.get_str("value")) else {
        return Err(OpenError::Foreign("identity"));
    };
    Founding::from_stored(epoch, key).ok_or(OpenError::Foreign("identity"))
}

/// Writes a fact about the store, or reads the one that somebody wrote before.
async fn keep(database: &Database, name: &'static str, mut fact: Document) -> Result<Document, OpenError> {
    let facts = database.collection::<Document>("room_log_facts");
    let by_name = doc! { "_id": name };
    fact.insert("_id", name);
    if let Some(kept) = facts.find_one(by_name.clone()).await? {
        return Ok(kept);
    }
    match facts.insert_one(fact).await {
        Err(error) if !is_duplicate(&error) => return Err(error.into()),
        _ => {}
    }
    facts.find_one(by_name).await?.ok_or(OpenError::Foreign(name))
}

fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == 11_000)
}
