//! Sessions in SQL.

use async_trait::async_trait;
use loquat_ids::{SessionId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, sea_query::Expr,
};

use super::{
    SqlStore,
    entities::{refresh_token, session},
    rotation,
};
use crate::{
    error::Result,
    model::{DeviceName, EndedSession, NewSession, Rotation, RotationRequest},
    ports::SessionStore,
};

#[async_trait]
impl SessionStore for SqlStore {
    async fn begin(&self, session: &NewSession) -> Result<()> {
        self.within("begin a session", async {
            let transaction = self.begin_write().await?;
            let row = session::ActiveModel {
                id: Set(session.id.as_uuid()),
                user_id: Set(session.user_id.as_uuid()),
                device_name: Set(session.device_name.as_ref().map(|name: &DeviceName| name.as_str().to_owned())),
                created_at: Set(session.token.issue_time.as_micros()),
                expire_at: Set(session.token.expire_time.as_micros()),
                ended_at: Set(None),
                forget_at: Set(None),
            };
            session::Entity::insert(row).exec_without_returning(&transaction).await?;
            rotation::keep(&transaction, session.id.as_uuid(), &session.token).await?;
            transaction.commit().await
        })
        .await
    }

    async fn rotate(&self, request: &RotationRequest) -> Result<Rotation> {
        self.within("refresh a session", rotation::rotate(self, request)).await
    }

    async fn end(&self, id: SessionId, now: Timestamp, forget_time: Timestamp) -> Result<Option<EndedSession>> {
        self.within("end a session", async {
            let transaction = self.begin_write().await?;
            let ended = end(&transaction, id, now, forget_time).await?;
            transaction.commit().await?;
            Ok(ended)
        })
        .await
    }

    async fn ended_after(&self, position: (Timestamp, SessionId), limit: u64) -> Result<Vec<EndedSession>> {
        let (time, id) = (position.0.as_micros(), position.1.as_uuid());
        let beyond = Condition::any()
            .add(session::Column::EndedAt.gt(time))
            .add(Condition::all().add(session::Column::EndedAt.eq(time)).add(session::Column::Id.gt(id)));
        self.within("read ended sessions", async {
            let rows = session::Entity::find()
                // Says once more what `beyond` says, in the form that an index serves.
                .filter(session::Column::EndedAt.gte(time))
                .filter(beyond)
                .order_by_asc(session::Column::EndedAt)
                .order_by_asc(session::Column::Id)
                .limit(limit)
                .all(&self.reader)
                .await?;
            Ok(rows.iter().filter_map(ended_of).collect())
        })
        .await
    }

    async fn sweep(
        &self,
        now: Timestamp,
        forget_time: Timestamp,
        forgotten_before: Timestamp,
        limit: u64,
    ) -> Result<u64> {
        self.within("sweep sessions", async {
            let run_out = Condition::all()
                .add(session::Column::ExpireAt.lte(now.as_micros()))
                .add(session::Column::EndedAt.is_null());
            let some = session::Entity::find().select_only().column(session::Column::Id).filter(run_out.clone());
            let ended = session::Entity::update_many()
                .col_expr(session::Column::EndedAt, Expr::value(now.as_micros()))
                .col_expr(session::Column::ForgetAt, Expr::value(forget_time.as_micros()))
                .filter(session::Column::Id.in_subquery(some.limit(limit).into_query()))
                // Judged again under the row's lock: a refresh may have come between.
                .filter(run_out)
                .exec(&self.writer)
                .await?;
            let forgotten = session::Column::ForgetAt.lte(forgotten_before.as_micros());
            let some = session::Entity::find().select_only().column(session::Column::Id).filter(forgotten);
            session::Entity::delete_many()
                .filter(session::Column::Id.in_subquery(some.limit(limit).into_query()))
                .exec(&self.writer)
                .await?;
            let run_out = refresh_token::Column::ExpireAt.lte(forgotten_before.as_micros());
            let some = refresh_token::Entity::find().select_only().column(refresh_token::Column::Hash).filter(run_out);
            refresh_token::Entity::delete_many()
                .filter(refresh_token::Column::Hash.in_subquery(some.limit(limit).into_query()))
                .exec(&self.writer)
                .await?;
            Ok(ended.rows_affected)
        })
        .await
    }
}

/// Ends a session unless it has ended, and returns when it did. Nothing where it is not there.
pub(super) async fn end(
    transaction: &impl ConnectionTrait,
    id: SessionId,
    now: Timestamp,
    forget_time: Timestamp,
) -> Result<Option<EndedSession>, DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now.as_micros()))
        .col_expr(session::Column::ForgetAt, Expr::value(forget_time.as_micros()))
        .filter(session::Column::Id.eq(id.as_uuid()))
        .filter(session::Column::EndedAt.is_null())
        .exec(transaction)
        .await?;
    let row = session::Entity::find_by_id(id.as_uuid()).one(transaction).await?;
    Ok(row.as_ref().and_then(ended_of))
}

fn ended_of(row: &session::Model) -> Option<EndedSession> {
    Some(EndedSession {
        session_id: SessionId::from_uuid(row.id),
        end_time: Timestamp::from_micros(row.ended_at?),
        forget_time: Timestamp::from_micros(row.forget_at?),
    })
}
