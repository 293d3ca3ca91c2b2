//! The first schema.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [rooms(), memberships(), user_lists(), user_rooms(), outbox(), requests(), store_keys()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn rooms() -> TableCreateStatement {
    Table::create()
        .table("rooms")
        .col(uuid("room_id").primary_key())
        .col(small_integer("kind"))
        .col(text("name"))
        .col(blob("name_key"))
        .col(text("topic"))
        .col(uuid_null("direct_low"))
        .col(uuid_null("direct_high"))
        .col(big_integer("create_time"))
        .col(big_integer("version"))
        .col(big_integer("member_count"))
        .take()
}

fn memberships() -> TableCreateStatement {
    Table::create()
        .table("memberships")
        .col(uuid("room_id"))
        .col(uuid("user_id"))
        .col(small_integer("role"))
        .col(big_integer("join_time"))
        .col(big_integer("join_order"))
        .col(big_integer("list_order"))
        .primary_key(Index::create().col("room_id").col("user_id"))
        .foreign_key(&mut to_room("memberships"))
        .take()
}

fn user_lists() -> TableCreateStatement {
    Table::create().table("user_lists").col(uuid("user_id").primary_key()).col(big_integer("version")).take()
}

fn user_rooms() -> TableCreateStatement {
    Table::create()
        .table("user_rooms")
        .col(uuid("user_id"))
        .col(uuid("room_id"))
        .col(big_integer("version"))
        .col(big_integer("room_version"))
        .col(boolean("is_member"))
        .primary_key(Index::create().col("user_id").col("room_id"))
        .foreign_key(&mut to_room("user_rooms"))
        .take()
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(uuid("event_id").primary_key())
        .col(uuid("room_id"))
        .col(big_integer("version"))
        .col(uuid("actor_id"))
        .col(text("dedup_key").unique_key())
        .col(text("payload"))
        .col(big_integer("decide_time"))
        .col(big_integer_null("seq"))
        .col(boolean("is_published"))
        .foreign_key(&mut to_room("outbox"))
        .take()
}

fn requests() -> TableCreateStatement {
    Table::create()
        .table("requests")
        .col(uuid("actor_id"))
        .col(text("request_id"))
        .col(blob("content_hash"))
        .col(uuid("room_id"))
        .col(text("answer"))
        .primary_key(Index::create().col("actor_id").col("request_id"))
        .foreign_key(&mut to_room("requests"))
        .take()
}

fn store_keys() -> TableCreateStatement {
    Table::create().table("store_keys").col(text("name").primary_key()).col(blob("secret")).take()
}

fn to_room(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, "room_id").to("rooms", "room_id").take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let on = |table: &'static str, name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().table(table).name(name).take();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        // One room for each pair; rooms that are not direct have no pair, and nulls are distinct on both databases.
        on("rooms", "rooms_pair", &["direct_low", "direct_high"]).unique().take(),
        on("rooms", "rooms_directory", &["kind", "name_key", "room_id"]),
        on("memberships", "memberships_in_order", &["room_id", "join_order"]).unique().take(),
        on("memberships", "memberships_of_user", &["user_id", "list_order"]).unique().take(),
        on("user_rooms", "user_rooms_changes", &["user_id", "version"]).unique().take(),
        on("user_rooms", "user_rooms_by_event", &["room_id", "room_version", "user_id"]),
        // The fence: two decisions about one room never take the same version.
        on("outbox", "outbox_order", &["room_id", "version"]).unique().take(),
        on("outbox", "outbox_pending", &["room_id", "version"]).and_where(Expr::col("seq").is_null()).take(),
        on("outbox", "outbox_unpublished", &["event_id"])
            .and_where(Expr::col("seq").is_not_null())
            .and_where(Expr::col("is_published").not())
            .take(),
        on("outbox", "outbox_finished", &["decide_time"]).and_where(Expr::col("is_published")).take(),
    ]
}
