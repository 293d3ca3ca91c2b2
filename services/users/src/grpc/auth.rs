//! `AuthService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, stream};
use loquat_proto::users::v1::{
    GetKeySetRequest, GetKeySetResponse, PublicKey, RefreshRequest, RefreshResponse, RefreshTokenDelivery,
    RegisterRequest, RegisterResponse, RevokedSession, SignInRequest, SignInResponse, SignInStep, SignOutRequest,
    SignOutResponse, Tokens, WatchRevocationsRequest, WatchRevocationsResponse, register_response::NextStep,
};
use loquat_rpc::{Caller, KeySet, detached, proto_time, server::users::v1::auth_service_server::AuthService, status};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, metadata::MetadataMap};

use super::{RefreshCookie, proto_user};
use crate::{
    error::Error,
    model::{DeviceName, DisplayName, EndedSession, Handle, NewPassword, PasswordAttempt},
    service::{Accounts, IssuedTokens, RevocationFeed, Sessions},
};

/// How often a watcher of ended sessions hears something.
const BEAT: Duration = Duration::from_secs(1);

/// Answers `loquat.users.v1.AuthService`.
#[derive(Debug)]
pub(crate) struct AuthEndpoint {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) feed: Arc<RevocationFeed>,
    pub(crate) cookie: RefreshCookie,
    pub(crate) key_set: KeySet,
    pub(crate) stop: CancellationToken,
}

#[tonic::async_trait]
impl AuthService for AuthEndpoint {
    async fn register(&self, request: Request<RegisterRequest>) -> Result<Response<RegisterResponse>, Status> {
        let request = request.into_inner();
        let (handle, display_name, password) = new_account(request).map_err(status)?;
        let accounts = Arc::clone(&self.accounts);
        detached(async move { accounts.register(handle, display_name, password).await.map_err(status) }).await?;
        Ok(Response::new(RegisterResponse { next_step: Some(NextStep::SignIn(SignInStep {})) }))
    }

    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let request = request.into_inner();
        let by_cookie = request.refresh_token_delivery() == RefreshTokenDelivery::Cookie;
        let handle = Handle::typed(&request.handle);
        let device_name = DeviceName::of(&request.device_name);
        let attempt = PasswordAttempt::new(request.password);
        let sessions = Arc::clone(&self.sessions);
        let issued =
            detached(async move { sessions.sign_in(handle.as_ref(), attempt, device_name).await.map_err(status) })
                .await?;
        let mut metadata = MetadataMap::new();
        let tokens = self.deliver(&issued, by_cookie, &mut metadata);
        let answer = SignInResponse { tokens: Some(tokens), user: Some(proto_user(issued.user)) };
        Ok(Response::from_parts(metadata, answer, http::Extensions::new()))
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        let in_body = request.get_ref().refresh_token.clone();
        let by_cookie = in_body.is_empty();
        let presented =
            if by_cookie { RefreshCookie::read(request.metadata()).map(str::to_owned) } else { Some(in_body) };
        let presented = presented.ok_or_else(|| status(Error::RefreshTokenInvalid))?;
        let sessions = Arc::clone(&self.sessions);
        let issued = detached(async move { sessions.refresh(&presented).await.map_err(status) }).await?;
        let mut metadata = MetadataMap::new();
        let tokens = self.deliver(&issued, by_cookie, &mut metadata);
        let answer = RefreshResponse { tokens: Some(tokens), user: Some(proto_user(issued.user)) };
        Ok(Response::from_parts(metadata, answer, http::Extensions::new()))
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        let session_id = Caller::of(&request).user()?.session_id;
        let sessions = Arc::clone(&self.sessions);
        detached(async move { sessions.sign_out(session_id).await.map_err(status) }).await?;
        let mut answer = Response::new(SignOutResponse {});
        self.cookie.clear(answer.metadata_mut());
        Ok(answer)
    }

    async fn get_key_set(&self, _: Request<GetKeySetRequest>) -> Result<Response<GetKeySetResponse>, Status> {
        let keys = self
            .key_set
            .keys
            .iter()
            .map(|key| PublicKey { key_id: key.key_id.clone(), ed25519: key.ed25519.to_vec().into() });
        Ok(Response::new(GetKeySetResponse {
            keys: keys.collect(),
            issuer: self.key_set.issuer.clone(),
            audience: self.key_set.audience.clone(),
        }))
    }

    type WatchRevocationsStream =
        Pin<Box<dyn Stream<Item = Result<WatchRevocationsResponse, Status>> + Send + 'static>>;

    async fn watch_revocations(
        &self,
        _: Request<WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let watch = self.feed.watch(BEAT, self.stop.clone());
        let batches = stream::unfold(watch, |mut watch| async move {
            let batch = watch.next().await?.map(proto_batch).map_err(status);
            Some((batch, watch))
        });
        Ok(Response::new(batches.boxed()))
    }
}

impl AuthEndpoint {
    fn deliver(&self, issued: &IssuedTokens, by_cookie: bool, metadata: &mut MetadataMap) -> Tokens {
        let refresh_token = if by_cookie {
            self.cookie.set(metadata, &issued.refresh_token);
            String::new()
        } else {
            issued.refresh_token.as_str().to_owned()
        };
        Tokens {
            session_id: issued.session_id.to_string(),
            access_token: issued.access_token.clone(),
            access_expire_time: Some(proto_time(issued.access_expire_time)),
            refresh_token,
            refresh_expire_time: Some(proto_time(issued.refresh_expire_time)),
        }
    }
}

fn new_account(request: RegisterRequest) -> Result<(Handle, DisplayName, NewPassword), Error> {
    let handle = Handle::parse(&request.handle)?;
    let display_name = DisplayName::parse(&request.display_name)?;
    Ok((handle, display_name, NewPassword::parse(request.password)?))
}

fn proto_batch(ended: Vec<EndedSession>) -> WatchRevocationsResponse {
    let sessions = ended.into_iter().map(|ended| RevokedSession {
        session_id: ended.session_id.to_string(),
        forget_time: Some(proto_time(ended.forget_time)),
    });
    WatchRevocationsResponse { sessions: sessions.collect() }
}
