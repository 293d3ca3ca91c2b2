//! Accounts in SQL.

use async_trait::async_trait;
use loquat_ids::{Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    SqlErr,
};

use super::{
    SqlStore,
    entities::{credential, user},
    unreadable,
};
use crate::{
    error::{Error, Result},
    model::{Credential, DisplayName, Handle, NewAccount, PasswordHash, SearchPrefix, User, search_key},
    ports::AccountStore,
};

#[async_trait]
impl AccountStore for SqlStore {
    async fn register(&self, account: &NewAccount) -> Result<()> {
        let insert = async {
            let transaction = self.begin_write().await?;
            let inserted = user::Entity::insert(row_of(&account.user)).exec_without_returning(&transaction).await;
            if let Err(error) = inserted {
                transaction.rollback().await?;
                return if names_handle(&error) { Ok(false) } else { Err(error) };
            }
            if let Some(hash) = &account.password {
                let row = credential::ActiveModel {
                    user_id: Set(account.user.id.as_uuid()),
                    password_hash: Set(hash.as_str().to_owned()),
                };
                credential::Entity::insert(row).exec_without_returning(&transaction).await?;
            }
            transaction.commit().await?;
            Ok(true)
        };
        match self.within("make an account", insert).await? {
            true => Ok(()),
            false => Err(Error::HandleTaken { handle: account.user.handle.to_string() }),
        }
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.within("find a user", async {
            user::Entity::find_by_id(id.as_uuid()).one(&self.reader).await?.map(user_of).transpose()
        })
        .await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>> {
        self.within("find users", async {
            let ids = ids.iter().map(|id| id.as_uuid());
            let rows = user::Entity::find().filter(user::Column::Id.is_in(ids)).all(&self.reader).await?;
            rows.into_iter().map(user_of).collect()
        })
        .await
    }

    async fn credential(&self, handle: &Handle) -> Result<Option<Credential>> {
        self.within("find a credential", async {
            // One query whoever is asked for: a second one would tell by its time that the handle exists.
            let by_handle = user::Entity::find().filter(user::Column::Handle.eq(handle.as_str()));
            let found = by_handle.find_also_related(credential::Entity).one(&self.reader).await?;
            let credential_of = |(user, credential): (user::Model, Option<credential::Model>)| {
                let password = credential.map(|row| PasswordHash::from_phc(row.password_hash));
                Ok(Credential { user: user_of(user)?, password })
            };
            found.map(credential_of).transpose()
        })
        .await
    }

    async fn search(&self, prefix: &SearchPrefix, after: Option<&Handle>, limit: usize) -> Result<Vec<User>> {
        self.within("search users", async {
            let mut users = Vec::with_capacity(2 * limit);
            for select in selects(prefix, after, limit) {
                users.extend(select.all(&self.reader).await?);
            }
            // Each has its first ones: the first ones of both are among them.
            users.sort_by(|a, b| a.handle.cmp(&b.handle));
            users.dedup_by(|a, b| a.id == b.id);
            users.truncate(limit);
            users.into_iter().map(user_of).collect()
        })
        .await
    }

    async fn rename(&self, id: UserId, name: &DisplayName) -> Result<Option<User>> {
        self.within("rename a user", async {
            let row = user::ActiveModel {
                display_name: Set(name.as_str().to_owned()),
                display_name_key: Set(search_key(name.as_str())),
                ..Default::default()
            };
            let transaction = self.begin_write().await?;
            user::Entity::update_many().set(row).filter(user::Column::Id.eq(id.as_uuid())).exec(&transaction).await?;
            let row = user::Entity::find_by_id(id.as_uuid()).one(&transaction).await?;
            transaction.commit().await?;
            row.map(user_of).transpose()
        })
        .await
    }
}

/// The search as two, one for each name, so that an index serves each.
fn selects(prefix: &SearchPrefix, after: Option<&Handle>, limit: usize) -> [Select<user::Entity>; 2] {
    [user::Column::Handle, user::Column::DisplayNameKey].map(|name| {
        let mut select = user::Entity::find().filter(name.gte(prefix.first()));
        if let Some(end) = prefix.end() {
            select = select.filter(name.lt(end));
        }
        if let Some(after) = after {
            select = select.filter(user::Column::Handle.gt(after.as_str()));
        }
        select.order_by_asc(user::Column::Handle).limit(limit as u64)
    })
}

/// PostgreSQL names the index that refused, SQLite the column.
fn names_handle(error: &sea_orm::DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(message)) if message.contains("handle"))
}

fn row_of(user: &User) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(user.id.as_uuid()),
        handle: Set(user.handle.as_str().to_owned()),
        display_name: Set(user.display_name.as_str().to_owned()),
        display_name_key: Set(search_key(user.display_name.as_str())),
        created_at: Set(user.create_time.as_micros()),
    }
}

fn user_of(row: user::Model) -> Result<User, sea_orm::DbErr> {
    Ok(User {
        id: UserId::from_uuid(row.id),
        handle: Handle::parse(&row.handle).map_err(unreadable)?,
        display_name: DisplayName::parse(&row.display_name).map_err(unreadable)?,
        create_time: Timestamp::from_micros(row.created_at),
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, DbBackend, QueryTrait as _, Statement};

    use super::*;

    #[tokio::test]
    async fn an_index_serves_each_half_of_a_search() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&format!("sqlite:{}", folder.path().join("users.db").display())).await.unwrap();
        let after = Handle::parse("ada").unwrap();
        for select in selects(&SearchPrefix::parse("a").unwrap(), Some(&after), 20) {
            let query = select.build(DbBackend::Sqlite);
            let plan = Statement { sql: format!("EXPLAIN QUERY PLAN {}", query.sql), ..query };
            let steps = store.reader.query_all_raw(plan).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            assert!(steps[0].starts_with("SEARCH users USING INDEX"), "{steps:?}");
        }
    }
}
