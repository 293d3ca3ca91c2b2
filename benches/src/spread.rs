//! How measured spans are spread.

use std::time::Duration;

use serde::Serialize;

/// Spans in milliseconds, as a report names them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub count: usize,
    /// The median.
    pub p50_millis: f64,
    /// What 99 of a hundred stay below.
    pub p99_millis: f64,
    /// The longest.
    pub max_millis: f64,
}

impl Spread {
    /// Sorts spans and reads the places off.
    #[must_use]
    pub fn of(mut spans: Vec<Duration>) -> Self {
        spans.sort_unstable();
        let at = |hundredths: usize| {
            let index = (spans.len() * hundredths / 100).min(spans.len().saturating_sub(1));
            spans.get(index).map_or(0.0, |span| span.as_secs_f64() * 1_000.0)
        };
        Self { count: spans.len(), p50_millis: at(50), p99_millis: at(99), max_millis: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_read_off_in_order() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_millis).collect());
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 0.001;
        assert!(near(spread.p50_millis, 101.0) && near(spread.p99_millis, 199.0) && near(spread.max_millis, 200.0));
        assert_eq!(Spread::of(Vec::new()).count, 0);
    }
}
