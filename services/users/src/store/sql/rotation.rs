//! Changing one refresh token for the next, in one transaction.

use loquat_ids::{SessionId, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    SqlStore,
    entities::{refresh_token, session},
    sessions,
};
use crate::model::{NewToken, Rotation, RotationRequest};

/// How often a rotation that lost to another one looks again. Each loss means that somebody else got on.
const ROUNDS: usize = 4;

/// What one look at the presented token leads to.
enum Step {
    /// Decided; to be committed.
    Done(Rotation),
    /// Somebody else changed what the decision stood on: roll back and look again.
    Lost,
}

pub(super) async fn rotate(store: &SqlStore, request: &RotationRequest) -> Result<Rotation, DbErr> {
    for _ in 0..ROUNDS {
        let transaction = store.begin_write().await?;
        match decide(&transaction, request).await? {
            Step::Done(rotation) => {
                transaction.commit().await?;
                return Ok(rotation);
            }
            Step::Lost => transaction.rollback().await?,
        }
    }
    Err(DbErr::Custom("others refreshed the session all the while".to_owned()))
}

/// Keeps a token as one that may be presented.
pub(super) async fn keep(transaction: &impl ConnectionTrait, session_id: Uuid, token: &NewToken) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        hash: Set(token.hash.as_bytes().to_vec()),
        session_id: Set(session_id),
        issued_at: Set(token.issue_time.as_micros()),
        expire_at: Set(token.expire_time.as_micros()),
        spent_at: Set(None),
        successor: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

async fn decide(transaction: &impl ConnectionTrait, request: &RotationRequest) -> Result<Step, DbErr> {
    let now = request.next.issue_time;
    let Some(token) = find(transaction, request.presented.as_bytes()).await? else {
        return Ok(Step::Done(Rotation::Refused));
    };
    let session = session::Entity::find_by_id(token.session_id).one(transaction).await?;
    let Some(session) = session.filter(|session| is_live(session, now)) else {
        return Ok(Step::Done(Rotation::Refused));
    };

    let successor = match (token.spent_at, &token.successor) {
        (None, _) => None,
        (Some(spent_at), Some(successor)) if is_within_grace(spent_at, request) => {
            match find(transaction, successor).await?.filter(|successor| successor.spent_at.is_none()) {
                Some(successor) => Some(successor),
                None => return reused(transaction, &session, request).await,
            }
        }
        (Some(_), _) => return reused(transaction, &session, request).await,
    };
    let is_ours = match successor {
        None => spend(transaction, &token, request).await?,
        Some(successor) => replace(transaction, &token, &successor, request).await?,
    };
    if !is_ours || !carry_on(transaction, &session, request).await? {
        return Ok(Step::Lost);
    }
    keep(transaction, session.id, &request.next).await?;
    Ok(Step::Done(Rotation::Rotated {
        session_id: SessionId::from_uuid(session.id),
        user_id: UserId::from_uuid(session.user_id),
    }))
}

async fn find(transaction: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<refresh_token::Model>, DbErr> {
    refresh_token::Entity::find_by_id(hash.to_vec()).one(transaction).await
}

fn is_live(session: &session::Model, now: Timestamp) -> bool {
    session.ended_at.is_none() && session.expire_at > now.as_micros()
}

fn is_within_grace(spent_at: i64, request: &RotationRequest) -> bool {
    request.next.issue_time.since(Timestamp::from_micros(spent_at)) <= request.grace && !request.grace.is_zero()
}

/// The token came before, and not because an answer was lost: the session ends for all who hold tokens of it.
async fn reused(
    transaction: &impl ConnectionTrait,
    session: &session::Model,
    request: &RotationRequest,
) -> Result<Step, DbErr> {
    let id = SessionId::from_uuid(session.id);
    let ended = sessions::end(transaction, id, request.next.issue_time, request.forget_time).await?;
    Ok(Step::Done(ended.map_or(Rotation::Refused, Rotation::Reused)))
}

/// Spends the token, and returns whether it was unspent: of two at once the second waits for the first and finds it so.
async fn spend(
    transaction: &impl ConnectionTrait,
    token: &refresh_token::Model,
    request: &RotationRequest,
) -> Result<bool, DbErr> {
    let spent = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::SpentAt, Expr::value(request.next.issue_time.as_micros()))
        .col_expr(refresh_token::Column::Successor, Expr::value(request.next.hash.as_bytes().to_vec()))
        .filter(refresh_token::Column::Hash.eq(token.hash.clone()))
        .filter(refresh_token::Column::SpentAt.is_null())
        .exec(transaction)
        .await?;
    Ok(spent.rows_affected == 1)
}

/// Puts the next token in place of a successor whose answer was lost, and returns whether that was still unused. The lost
/// one has no successor of its own, so that it counts as reused whenever it comes.
async fn replace(
    transaction: &impl ConnectionTrait,
    token: &refresh_token::Model,
    lost: &refresh_token::Model,
    request: &RotationRequest,
) -> Result<bool, DbErr> {
    let pointed = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::Successor, Expr::value(request.next.hash.as_bytes().to_vec()))
        .filter(refresh_token::Column::Hash.eq(token.hash.clone()))
        .filter(refresh_token::Column::Successor.eq(lost.hash.clone()))
        .exec(transaction)
        .await?;
    if pointed.rows_affected != 1 {
        return Ok(false);
    }
    let spent = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::SpentAt, Expr::value(request.next.issue_time.as_micros()))
        .filter(refresh_token::Column::Hash.eq(lost.hash.clone()))
        .filter(refresh_token::Column::SpentAt.is_null())
        .exec(transaction)
        .await?;
    Ok(spent.rows_affected == 1)
}

/// Lets the session live as long as its next token, and returns whether it still lived.
async fn carry_on(
    transaction: &impl ConnectionTrait,
    session: &session::Model,
    request: &RotationRequest,
) -> Result<bool, DbErr> {
    let carried = session::Entity::update_many()
        .col_expr(session::Column::ExpireAt, Expr::value(request.next.expire_time.as_micros()))
        .filter(session::Column::Id.eq(session.id))
        .filter(session::Column::EndedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(carried.rows_affected == 1)
}
