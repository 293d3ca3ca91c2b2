//! The account that a demonstration speaks with.

use anyhow::Context as _;
use loquat_ids::UserId;
use loquat_runtime::Frame;

use crate::{
    app::Settings,
    error::{Error, Result},
    model::{DisplayName, Handle, NewAccount, User},
    ports::AccountStore,
};

/// Makes the account `loquat`, which has no password, so that nobody can sign in to it, and returns whose it is. Where the
/// account is there already nothing changes.
///
/// It opens the database of the settings for itself: call it before or after [`wire`](crate::app::wire).
///
/// # Errors
///
/// Where the database cannot be opened or does not answer; where somebody has registered the handle `loquat` as a person.
pub async fn ensure_system_user(settings: &Settings, frame: &Frame) -> anyhow::Result<UserId> {
    let store = settings.open_store().await?;
    let fresh = UserId::from_uuid(frame.ids.fresh());
    let display_name = DisplayName::parse("Loquat")?;
    let user = User { id: fresh, handle: Handle::parse("loquat")?, display_name, create_time: frame.clock.now() };
    let id = ensure(&store, user).await.context("the account @loquat cannot be made")?;
    store.close().await?;
    Ok(id)
}

async fn ensure(store: &dyn AccountStore, user: User) -> Result<UserId> {
    let handle = user.handle.clone();
    let (id, account) = (user.id, NewAccount { user, password: None });
    match store.register(&account).await {
        Ok(()) => return Ok(id),
        Err(Error::HandleTaken { .. }) => {}
        Err(error) => return Err(error),
    }
    let there = store.credential(&handle).await?.ok_or(Error::UserNotFound)?;
    if there.password.is_some() {
        // A person of that name must not speak with the house's voice.
        return Err(Error::HandleTaken { handle: handle.to_string() });
    }
    Ok(there.user.id)
}
