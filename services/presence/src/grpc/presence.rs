//! `loquat.presence.v1.PresenceService`.

use std::{pin::Pin, sync::Arc};

use futures::{Stream, future::BoxFuture, stream};
use loquat_proto::presence::v1 as proto;
use loquat_rpc::{
    Caller, Verifier, fault::RpcFault, server::presence::v1::presence_service_server::PresenceService, status,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use super::{parsed, proto_presence, user_ids};
use crate::{
    error::{Error, Result},
    model::{Availability, Presence, Setting, StatusText},
    ports::CallerToken,
    service::{Presences, TypingNotices, Watchers, Watching},
};

/// Answers people, and services that ask about them.
#[derive(Debug)]
pub(crate) struct PresenceEndpoint {
    pub(crate) presences: Arc<Presences>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) typing: TypingNotices,
    pub(crate) verifier: Verifier,
    pub(crate) stop: CancellationToken,
}

type Answer<T> = std::result::Result<Response<T>, Status>;
type Watched = std::result::Result<proto::WatchPresenceResponse, Status>;

#[async_trait]
impl PresenceService for PresenceEndpoint {
    async fn set_presence(&self, request: Request<proto::SetPresenceRequest>) -> Answer<proto::SetPresenceResponse> {
        let user = Caller::of(&request).user()?.user_id;
        let setting = setting(&request.into_inner()).map_err(status)?;
        let presence = self.presences.set(user, &setting).await.map_err(status)?;
        Ok(Response::new(proto::SetPresenceResponse { presence: Some(proto_presence(&presence)) }))
    }

    async fn get_presence(&self, request: Request<proto::GetPresenceRequest>) -> Answer<proto::GetPresenceResponse> {
        let viewer = Caller::of(&request).user().ok().map(|signed_in| signed_in.user_id);
        let users = user_ids(&request.into_inner().user_ids).map_err(status)?;
        let presences = self.presences.get(viewer, &users).await.map_err(status)?;
        Ok(Response::new(proto::GetPresenceResponse { presences: presences.iter().map(proto_presence).collect() }))
    }

    type WatchPresenceStream = Pin<Box<dyn Stream<Item = Watched> + Send>>;

    async fn watch_presence(&self, request: Request<proto::WatchPresenceRequest>) -> Answer<Self::WatchPresenceStream> {
        // A service that watches for itself has no session that could end.
        let signed_in = Caller::of(&request).user().ok();
        let users = user_ids(&request.into_inner().user_ids).map_err(status)?;
        let viewer = signed_in.map(|signed_in| signed_in.user_id);
        let mut watching = self.watchers.watch(viewer, &users).map_err(status)?;
        let first = watching.everybody().await.map_err(status)?;

        let (verifier, stop) = (self.verifier.clone(), self.stop.clone());
        let end = Box::pin(async move {
            let ended = async {
                match signed_in {
                    Some(signed_in) => verifier.ended(signed_in.session_id).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = ended => RpcFault::SessionRevoked,
                () = stop.cancelled() => RpcFault::ShuttingDown,
            }
        });
        Ok(Response::new(Box::pin(answers(first, watching, end))))
    }

    async fn set_typing(&self, request: Request<proto::SetTypingRequest>) -> Answer<proto::SetTypingResponse> {
        let user = Caller::of(&request).user()?.user_id;
        let authorization = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let caller = CallerToken::new(authorization.unwrap_or_default());
        let request = request.into_inner();
        let room = parsed(&request.room_id, || "room_id".to_owned()).map_err(status)?;
        self.typing.set(user, room, request.is_typing, &caller).await.map_err(status)?;
        Ok(Response::new(proto::SetTypingResponse {}))
    }
}

/// What a watcher hears: first everybody, then what changes, until the end, which is told too.
fn answers(
    first: Vec<Presence>,
    watching: Watching,
    end: BoxFuture<'static, RpcFault>,
) -> impl Stream<Item = Watched> + Send {
    stream::unfold((Some(first), Some((watching, end))), |(first, open)| async move {
        let (mut watching, mut end) = open?;
        if let Some(first) = first {
            return Some((Ok(answer(&first)), (None, Some((watching, end)))));
        }
        tokio::select! {
            biased;
            fault = &mut end => Some((Err(status(fault)), (None, None))),
            presences = watching.next() => Some((Ok(answer(&presences)), (None, Some((watching, end))))),
        }
    })
}

fn answer(presences: &[Presence]) -> proto::WatchPresenceResponse {
    proto::WatchPresenceResponse { presences: presences.iter().map(proto_presence).collect() }
}

fn setting(request: &proto::SetPresenceRequest) -> Result<Setting> {
    let unusable = |field: &str, problem: String| Error::Field { field: field.to_owned(), problem };
    let availability = match request.availability() {
        proto::Availability::Online => Availability::Online,
        proto::Availability::Away => Availability::Away,
        proto::Availability::DoNotDisturb => Availability::DoNotDisturb,
        proto::Availability::Invisible => Availability::Invisible,
        proto::Availability::Unspecified | proto::Availability::Offline => {
            return Err(unusable("availability", "nobody can choose this".to_owned()));
        }
    };
    let status_text = StatusText::parse(&request.status_text);
    let status_text = status_text.map_err(|error| unusable("status_text", error.to_string()))?;
    Ok(Setting { availability, status_text })
}
