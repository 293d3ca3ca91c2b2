//! Keeping the logs and what is made of them: one store for SQLite and PostgreSQL, one for MongoDB.

mod address;
mod founding;
mod gate;
mod mongo;
mod sql;

use std::{sync::Arc, time::Duration};

pub(crate) use founding::Founding;

use crate::ports::MessageStore;

#[cfg(test)]
pub(crate) mod contract;
#[cfg_attr(not(test), expect(dead_code, reason = "a simulation needs less of it than tests"))]
pub(crate) mod faulty;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("it must begin with sqlite:, postgres:// or mongodb://")]
    UnknownKind,
    #[error("{0}")]
    Unusable(String),
    #[error("the database is newer than this program")]
    Newer,
    #[error("the database cannot be opened")]
    Sql(#[from] sea_orm::DbErr),
    #[error("the database cannot be opened")]
    Mongo(#[from] mongodb::error::Error),
    #[error("the database holds something else than a store of messages: {0}")]
    Foreign(&'static str),
    #[error("the database did not answer")]
    Silent,
}

/// Opens the store that a URL names, and makes its tables or collections where there are none.
pub(crate) async fn open(
    url: &str,
    founding: Founding,
    deadline: Duration,
) -> Result<Arc<dyn MessageStore>, OpenError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite" | "postgres" | "postgresql") => {
            address::check_sql(url)?;
            Ok(Arc::new(sql::SqlMessageStore::open(url, founding, deadline).await?))
        }
        Some("mongodb" | "mongodb+srv") => {
            let opened = mongo::MongoMessageStore::open(url, founding, deadline).await;
            Ok(Arc::new(opened.map_err(address::told_apart)?))
        }
        _ => Err(OpenError::UnknownKind),
    }
}
