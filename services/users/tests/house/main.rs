//! The whole service in this process, reached as others reach it: through its channel and the generated clients.

#![cfg(test)]

mod accounts;
mod harness;
mod sessions;
