//! Letting a call through, by the rule that stands with its method in the contract. What has no rule is refused.

use loquat_proto::{authorization::v1::Access, methods::Method};

use crate::{
    Caller, Verifier,
    caller::{PeerService, ServiceName},
    fault::RpcFault,
    served::Call,
};

/// Services that clients reach by nature: they tell nothing about anybody.
const OPEN_SERVICES: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/"];

/// The service that acts only on behalf of users.
const GATEWAY: &str = "gateway";

/// Judges a call and notes in it who calls.
pub(super) async fn authorize(verifier: &Verifier, method: Option<&Method>, call: &mut Call) -> Result<(), RpcFault> {
    let service = call.extensions_mut().remove::<PeerService>().map(|peer| peer.0);
    let Some(method) = method else { return known_elsewhere(call) };

    let mut caller = Caller { service, ..Caller::default() };
    match method.access {
        Access::Public => {}
        Access::Service => {
            let is_named = |name: &ServiceName| method.services.contains(&name.as_str());
            if !caller.service.as_ref().is_some_and(is_named) {
                return Err(unknown(call));
            }
        }
        Access::User | Access::Room | Access::OwnObject => match bearer(call) {
            Some(token) => {
                let verified = verifier.verify_token(token).await?;
                (caller.user, caller.token_life) = (Some(verified.signed_in), verified.life);
            }
            None if acts_for_itself(caller.service.as_ref()) => {}
            None => return Err(RpcFault::TokenMissing),
        },
        Access::Admin | Access::Unspecified => return Err(RpcFault::AccessDenied),
    }
    call.extensions_mut().insert(caller);
    Ok(())
}

fn known_elsewhere(call: &Call) -> Result<(), RpcFault> {
    let path = call.uri().path();
    if OPEN_SERVICES.iter().any(|service| path.starts_with(service)) { Ok(()) } else { Err(unknown(call)) }
}

fn unknown(call: &Call) -> RpcFault {
    RpcFault::unknown_method(call.uri().path())
}

fn bearer(call: &Call) -> Option<&str> {
    let value = call.headers().get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A service may read what users may, except the gateway, which has nothing to ask for itself.
fn acts_for_itself(service: Option<&ServiceName>) -> bool {
    service.is_some_and(|name| name.as_str() != GATEWAY)
}
