//! Lists of rooms say in which life of the store their versions were given out.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lives = Table::create().table("list_lives").col(text("name").primary_key()).col(big_integer("life")).take();
        manager.create_table(lives).await?;
        let before = big_integer("version_before_life").default(1).take();
        manager.alter_table(Table::alter().table("user_lists").add_column(before).take()).await
    }
}
