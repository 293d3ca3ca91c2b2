//! People of the run.

use std::{sync::Mutex, time::Duration};

use anyhow::Context as _;
use futures::{FutureExt as _, future::BoxFuture};
use loquat_faults::history::User;
use loquat_proto::users::v1::{RefreshTokenDelivery, RegisterRequest, SignInRequest};
use loquat_testkit::Gateway;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Request, Status, metadata::AsciiMetadataValue};

use super::Devices;

/// After how long a token is changed for a new one: they hold for 300 seconds.
const TOKEN_AGE: Duration = Duration::from_secs(150);
const DEADLINE: Duration = Duration::from_secs(10);
/// For how long an account is tried to be made, and how often.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(300);

/// Somebody with an account and a session that is begun anew from time to time.
#[derive(Debug)]
pub(crate) struct Account {
    /// Its number among the people of the run.
    pub(crate) index: usize,
    /// Its number in the history.
    pub(crate) user: User,
    /// Its id.
    pub(crate) id: String,
    /// Its streams that are open.
    pub(super) devices: Devices,
    handle: String,
    password: String,
    token: Mutex<Token>,
    renewal: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Token {
    bearer: AsciiMetadataValue,
    made_at: Instant,
    renew_at: Instant,
}

impl Account {
    /// Registers somebody and signs them in.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub(crate) async fn register(
        gateway: &Gateway,
        index: usize,
        handle: String,
        number: impl FnOnce(&str) -> Option<User>,
    ) -> anyhow::Result<Self> {
        let password = password_of(&handle);
        let request =
            RegisterRequest { handle: handle.clone(), display_name: handle.clone(), password: password.clone() };
        let register = || {
            let (mut auth, request) = (gateway.auth(), in_time(request.clone()));
            async move { auth.register(request).await }.boxed()
        };
        patiently(register).await.with_context(|| format!("registering {handle}"))?;
        let (id, token) = patiently(|| sign_in(gateway, &handle, &password).boxed()).await?;
        let user = number(&id).context("a user's id is a UUID")?;
        Ok(Self::new(index, user, (id, token), handle, password))
    }

    /// Signs somebody in who has an account.
    ///
    /// # Errors
    ///
    /// What the gateway answers.
    pub(super) async fn sign_in_again(
        gateway: &Gateway,
        index: usize,
        user: User,
        handle: String,
    ) -> anyhow::Result<Self> {
        let password = password_of(&handle);
        let signed_in = patiently(|| sign_in(gateway, &handle, &password).boxed()).await;
        Ok(Self::new(index, user, signed_in.with_context(|| format!("signing {handle} in"))?, handle, password))
    }

    fn new(index: usize, user: User, (id, token): (String, Token), handle: String, password: String) -> Self {
        let (token, renewal) = (Mutex::new(token), tokio::sync::Mutex::new(()));
        Self { index, user, id, devices: Devices::default(), handle, password, token, renewal }
    }

    /// The name of the account.
    pub(super) fn handle(&self) -> &str {
        &self.handle
    }

    /// Makes a request in the account's session.
    pub(crate) fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer());
        request
    }

    /// What stands in the header `authorization`.
    pub(crate) fn bearer(&self) -> AsciiMetadataValue {
        self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner).bearer.clone()
    }

    /// Begins a new session where the token is old. Where that fails the old one is used on.
    pub(crate) async fn renew(&self, gateway: &Gateway) {
        let is_due = || {
            let token = self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            token.renew_at <= Instant::now()
        };
        if !is_due() {
            return;
        }
        let Ok(_alone) = self.renewal.try_lock() else { return };
        if !is_due() {
            return;
        }
        let next = timeout(DEADLINE, sign_in(gateway, &self.handle, &self.password)).await;
        let mut token = self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match next {
            Ok(Ok((_, next))) => *token = next,
            _ => token.renew_at = Instant::now() + Duration::from_millis(500),
        }
    }

    /// Notes that no session holds any more.
    pub(crate) fn expire(&self) {
        self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner).renew_at = Instant::now();
    }

    /// Notes that the token was refused.
    pub(crate) fn distrust(&self) {
        let mut token = self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Not more than once in a second: passwords are dear, and a clock that is wrong refuses new tokens too.
        token.renew_at = token.renew_at.min(token.made_at + Duration::from_secs(1));
    }
}

fn password_of(handle: &str) -> String {
    format!("the password of {handle}")
}

/// Tries again what was refused because too many want it at once: passwords are dear.
async fn patiently<'a, T>(ask: impl Fn() -> BoxFuture<'a, Result<T, Status>>) -> Result<T, Status> {
    let by = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Err(status) if status.code() == Code::ResourceExhausted && Instant::now() < by => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

async fn sign_in(gateway: &Gateway, handle: &str, password: &str) -> Result<(String, Token), Status> {
    let request = SignInRequest {
        handle: handle.to_owned(),
        password: password.to_owned(),
        device_name: "the fault harness".to_owned(),
        refresh_token_delivery: RefreshTokenDelivery::Body.into(),
    };
    let answer = gateway.auth().sign_in(in_time(request)).await?.into_inner();
    let tokens = answer.tokens.unwrap_or_default();
    let bearer = AsciiMetadataValue::try_from(format!("Bearer {}", tokens.access_token))
        .map_err(|_| Status::internal("a token that is not ASCII"))?;
    let made_at = Instant::now();
    Ok((answer.user.unwrap_or_default().user_id, Token { bearer, made_at, renew_at: made_at + TOKEN_AGE }))
}

fn in_time<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
