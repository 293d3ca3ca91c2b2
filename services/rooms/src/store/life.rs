//! The life that lists of rooms are in: one begins whenever the store is opened.

use loquat_ids::Timestamp;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, ExprTrait as _,
    sea_query::{Expr, OnConflict, Query},
};

use super::{
    entity::list_life::{Column, Entity},
    rows::{damaged, from_sql, to_sql},
};
use crate::{model::Life, ports::StoreError};

const NAME: &str = "rooms";

/// Begins a life. It is above all that the store knows of, also where the clock was set back.
pub(super) async fn begin(database: &DatabaseConnection, now: Timestamp) -> Result<Life, StoreError> {
    // Never 0, whose first version would say that there is none.
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or_default();
    let moment = to_sql(Ord::max(millis, 1));
    let known = || Expr::col((Entity, Column::Life));
    let next = Expr::case(known().lt(moment), moment).finally(known().add(1));
    let mut insert = Query::insert();
    insert.into_table(Entity).columns([Column::Name, Column::Life]).values_panic([NAME.into(), moment.into()]);
    insert.on_conflict(OnConflict::column(Column::Name).value(Column::Life, next).to_owned());
    insert.returning(Query::returning().column(Column::Life));
    let row = database.query_one(&insert).await?.ok_or_else(|| damaged("a life was not begun"))?;
    Ok(Life(from_sql(row.try_get("", "life")?)?))
}
