//! The web page, inside the binary.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The built page. `build.rs` sees to it that there is one, if only to say that it was not built.
#[derive(RustEmbed)]
#[folder = "$LOQUAT_WEB_DIST"]
struct Files;

const START: &str = "index.html";

/// Scripts, styles and connections only from here; nothing may frame the page.
const POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
                      worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Answers a file of the page; for paths that are none, the start, which shows the view that the path names.
pub(super) async fn page(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    match (Files::get(path), Files::get(START)) {
        (Some(file), _) => answer(path, file),
        (None, Some(start)) if !path.contains('.') => answer(START, start),
        _ => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    // What Vite names by its content never changes.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind =
        HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (headers, file.data.into_owned()).into_response()
}
