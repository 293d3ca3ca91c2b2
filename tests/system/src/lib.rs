//! Black-box tests of the whole system, over gRPC alone, each embedded and on real backends: they are in `tests/`.
//!
//! Does not belong here: code. The harness is `loquat-testkit`; whatever looks into a service or a store is a test of that.
