//! Somebody who uses the system.

use std::time::Duration;

use loquat_ids::{IdSource as _, RandomIds, SessionId, UserId};
use loquat_proto::users::v1::{
    RefreshRequest, RefreshTokenDelivery, RegisterRequest, SignInRequest, SignOutRequest, Tokens,
};
use tonic::{Request, Status, metadata::AsciiMetadataValue};

use crate::Gateway;

mod events;
mod messages;
mod rooms;

pub use messages::{Changed, Deed, at_any_time};

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Somebody with an account and a session, at a gateway.
#[derive(Debug, Clone)]
pub struct Person {
    /// Through what the person speaks.
    pub gateway: Gateway,
    /// Who it is.
    pub user: UserId,
    /// The account's handle.
    pub handle: String,
    /// The account's password.
    pub password: String,
    /// The session.
    pub session: SessionId,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Person {
    /// Registers somebody with a fresh handle that begins as given, and signs them in.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn register(gateway: &Gateway, name: &str) -> Self {
        let handle = fresh_handle(name);
        let password = format!("the password of {handle}");
        let request =
            RegisterRequest { handle: handle.clone(), display_name: name.to_owned(), password: password.clone() };
        gateway.auth().register(in_time(request)).await.expect("a fresh handle can be registered");
        Self::sign_in(gateway, &handle, &password).await.expect("who has registered can sign in")
    }

    /// Begins a session of an account.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the answer is not whole.
    pub async fn sign_in(gateway: &Gateway, handle: &str, password: &str) -> Result<Self, Status> {
        let request = SignInRequest {
            handle: handle.to_owned(),
            password: password.to_owned(),
            device_name: "a test".to_owned(),
            refresh_token_delivery: RefreshTokenDelivery::Body.into(),
        };
        let answer = gateway.auth().sign_in(in_time(request)).await?.into_inner();
        let tokens = answer.tokens.expect("a session has tokens");
        Ok(Self {
            gateway: gateway.clone(),
            user: answer.user.expect("somebody is signed in").user_id.parse().expect("a user id"),
            handle: handle.to_owned(),
            password: password.to_owned(),
            session: tokens.session_id.parse().expect("a session id"),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
        })
    }

    /// Begins another session of the same account.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub async fn on_another_device(&self) -> Self {
        Self::sign_in(&self.gateway, &self.handle, &self.password).await.expect("the account is there")
    }

    /// The same person with the same session at another gateway.
    #[must_use]
    pub fn at(&self, gateway: &Gateway) -> Self {
        Self { gateway: gateway.clone(), ..self.clone() }
    }

    /// Makes a request in this session, with a deadline.
    ///
    /// # Panics
    ///
    /// Where the token cannot stand in a header.
    #[must_use]
    pub fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = self.open(message);
        request.set_timeout(DEADLINE);
        request
    }

    /// Makes a request in this session, without a deadline: for streams.
    ///
    /// # Panics
    ///
    /// Where the token cannot stand in a header.
    #[must_use]
    pub fn open<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = AsciiMetadataValue::try_from(self.bearer()).expect("a token is ASCII");
        request.metadata_mut().insert("authorization", value);
        request
    }

    /// What stands in the header `authorization`.
    #[must_use]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.access_token)
    }

    /// Changes the refresh token for the next pair.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    ///
    /// # Panics
    ///
    /// Where the answer is not whole.
    pub async fn refresh(&mut self) -> Result<Tokens, Status> {
        let request = RefreshRequest { refresh_token: self.refresh_token.clone() };
        let answer = self.gateway.auth().refresh(in_time(request)).await?.into_inner();
        let tokens = answer.tokens.expect("a refresh answers tokens");
        self.access_token.clone_from(&tokens.access_token);
        self.refresh_token.clone_from(&tokens.refresh_token);
        Ok(tokens)
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub async fn sign_out(&self) -> Result<(), Status> {
        self.gateway.auth().sign_out(self.ask(SignOutRequest {})).await?;
        Ok(())
    }
}

/// Makes a request without a session, with a deadline.
fn in_time<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// Returns a handle that nobody has, which begins as given.
#[must_use]
pub(crate) fn fresh_handle(name: &str) -> String {
    let id = RandomIds.fresh().simple().to_string();
    format!("{}-{}", name.to_lowercase(), &id[12..])
}

/// Returns a request id that nobody has used.
#[must_use]
pub(crate) fn fresh_request_id() -> String {
    RandomIds.fresh().to_string()
}
