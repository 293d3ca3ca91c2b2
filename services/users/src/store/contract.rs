//! What every store behind the ports must do, run on SQLite and on PostgreSQL.

mod accounts;
mod harness;
mod keys;
mod line;
mod lost_answers;
mod rotation;
mod schema;
mod sessions;
mod signing_out;

/// Makes a test on each database of each named behaviour.
macro_rules! on_every_database {
    ($($behaviour:ident),+ $(,)?) => {
        mod on_sqlite {
            use crate::store::contract::harness::Database;
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour(&Database::sqlite()).await;
                }
            )+
        }

        mod on_postgres {
            use crate::store::contract::harness::Database;
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let Some(database) = Database::postgres(stringify!($behaviour)).await else { return };
                    super::$behaviour(&database).await;
                    database.remove().await;
                }
            )+
        }
    };
}
use on_every_database;
