//! Making accounts, finding people, changing a profile.

use std::{collections::HashSet, sync::Arc};

use loquat_ids::{Clock, IdSource, UserId};

use crate::{
    error::{Error, Result},
    model::{DisplayName, Handle, NewAccount, NewPassword, PageSize, PageTokens, SearchPrefix, User},
    ports::{AccountStore, PasswordHasher},
};

/// The use cases about accounts and profiles.
#[derive(Debug)]
pub(crate) struct Accounts {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

/// A page of users.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The users, by handle.
    pub(crate) users: Vec<User>,
    /// What asks for the next page. Nothing on the last one.
    pub(crate) next: Option<String>,
}

impl Accounts {
    /// Makes an account.
    pub(crate) async fn register(
        &self,
        handle: Handle,
        display_name: DisplayName,
        password: NewPassword,
    ) -> Result<()> {
        let password = Some(self.hasher.hash(password).await?);
        let id = UserId::from_uuid(self.ids.fresh());
        let user = User { id, handle, display_name, create_time: self.clock.now() };
        self.store.register(&NewAccount { user, password }).await
    }

    /// Returns a user.
    pub(crate) async fn user(&self, id: UserId) -> Result<User> {
        self.store.user(id).await?.ok_or(Error::UserNotFound)
    }

    /// Returns the users that exist among some ids.
    pub(crate) async fn users(&self, ids: impl IntoIterator<Item = UserId>) -> Result<Vec<User>> {
        let ids: HashSet<UserId> = ids.into_iter().collect();
        self.store.users(&ids.into_iter().collect::<Vec<_>>()).await
    }

    /// Returns a page of the users whose handle or display name begins with a text.
    pub(crate) async fn search(&self, query: &str, size: PageSize, page_token: Option<&str>) -> Result<Page> {
        let Some(prefix) = SearchPrefix::parse(query) else {
            // Such a search has no pages, and so gave out no token.
            return if page_token.is_some() { Err(Error::PageTokenInvalid) } else { Ok(Page::default()) };
        };
        let after = match page_token {
            Some(token) => Some(self.page_tokens.open(&prefix, token).ok_or(Error::PageTokenInvalid)?),
            None => None,
        };
        // One more than asked for tells whether there is a next page.
        let mut users = self.store.search(&prefix, after.as_ref(), size.get() + 1).await?;
        let has_more = users.len() > size.get();
        users.truncate(size.get());
        let next = users.last().filter(|_| has_more).map(|last| self.page_tokens.seal(&prefix, &last.handle));
        Ok(Page { users, next })
    }

    /// Gives a user another display name.
    pub(crate) async fn rename(&self, id: UserId, name: &DisplayName) -> Result<User> {
        self.store.rename(id, name).await?.ok_or(Error::UserNotFound)
    }
}
