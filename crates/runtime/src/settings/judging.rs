//! What a setting of every process may be, where its type alone does not say.

use std::str::FromStr as _;

use http::Uri;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Judges what is logged. A word by itself is a level: a filter would take any other for a target, and log nothing else.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let bare = |directive: &&str| !directive.contains(['=', '[']);
    if let Some(word) = directives(text).into_iter().filter(bare).find(|word| !is_level(word)) {
        return Err(format!("`{word}` is no level: error, warn, info, debug, trace or off"));
    }
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn is_level(word: &str) -> bool {
    !word.is_empty() && LevelFilter::from_str(word).is_ok()
}

/// Takes directives apart. A comma in brackets is between the fields of a span.
fn directives(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|character: char| {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
    .collect()
}

/// Judges where spans go. The exporter is built without TLS: it would fail at each export, and only the log would know.
pub(super) fn otlp_endpoint(text: &str) -> Result<String, String> {
    let wrong = || "it must be an address such as http://jaeger:4317".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    match uri.scheme_str() {
        Some("http") if names_a_server(&uri) => Ok(text.to_owned()),
        Some("https") => {
            Err("spans are sent without TLS: it must begin with http://, and a collector elsewhere be reached \
                 through one beside this process"
                .to_owned())
        }
        _ => Err(wrong()),
    }
}

/// A host, and a port where anything stands for one.
fn names_a_server(uri: &Uri) -> bool {
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else { return false };
    let named = uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    !host.is_empty() && authority.as_str() == named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_is_levels_and_directives() {
        for good in ["info", "INFO", "off", "info,loquat_messages=debug", "warn,h2=off", "[serve{a=1}]=debug,info"] {
            assert_eq!(log_filter(good).as_deref(), Ok(good));
        }
        for wrong in ["", "nonsense", "info,", "info,nonsense", "loquat=loud", "7"] {
            assert!(log_filter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_go_to_an_address_without_tls() {
        for good in ["http://jaeger:4317", "http://127.0.0.1:4317/"] {
            assert_eq!(otlp_endpoint(good).as_deref(), Ok(good));
        }
        for wrong in ["", "jaeger:4317", "ftp://x", "http://", "http://host:notaport", "/x"] {
            assert!(otlp_endpoint(wrong).is_err(), "{wrong}");
        }
        let problem = otlp_endpoint("https://collector:4317").expect_err("no TLS is built in");
        assert!(problem.contains("TLS"), "{problem}");
    }
}
