//! The port: the page, grpc-web, gRPC, and forwarding.

mod forward;
mod page;

pub use forward::{Forwarder, Upstreams};

use std::convert::Infallible;

use axum::{Router, routing::get};
use http::{Request, StatusCode};
use loquat_rpc::{Answer, Served};
use loquat_runtime::Readiness;
use tonic::{body::Body, service::Routes};
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};
use tower_http::compression::CompressionLayer;

/// Joins everything that the port answers: `GET` of the page and of `/healthz`; all else is gRPC or grpc-web.
#[must_use]
pub fn edge(calls: Served, readiness: Readiness) -> Served {
    let calls = GrpcWebLayer::new().layer(calls);
    let page = Router::new()
        .route("/healthz", get(move || healthz(readiness.clone())))
        .fallback(get(page::page))
        .layer(CompressionLayer::new().gzip(true));
    Served::new(tower::service_fn(move |request: Request<Body>| {
        let (calls, page) = (calls.clone(), page.clone());
        async move {
            if is_for_the_page(&request) {
                return Ok::<_, Infallible>(page.oneshot(request).await?.map(Body::new));
            }
            let answer: Answer = calls.oneshot(request).await?;
            Ok(answer)
        }
    }))
}

fn is_for_the_page(request: &Request<Body>) -> bool {
    matches!(*request.method(), http::Method::GET | http::Method::HEAD)
}

/// Says for load balancers whether this gateway can do its work: 200, or 503 with the names of what it lacks.
async fn healthz(readiness: Readiness) -> (StatusCode, String) {
    let failing = readiness.failing().await;
    if failing.is_empty() {
        return (StatusCode::OK, "ready\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", failing.join(", ")))
}

/// Joins what is answered here with what is forwarded.
#[must_use]
pub fn calls(here: Routes, forwarder: Forwarder) -> Routes {
    let router = here.into_axum_router().fallback_service(forwarder);
    Routes::from(router)
}
