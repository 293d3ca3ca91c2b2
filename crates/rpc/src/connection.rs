//! The connection that a call came over, for whoever must end it from outside.

use tokio_util::sync::CancellationToken;

/// The connection of a call. A peer that does not read cannot be told anything: its connection is cut.
#[derive(Debug, Clone, Default)]
pub struct Connection(CancellationToken);

impl Connection {
    /// Cuts the connection, with every call on it.
    pub fn cut(&self) {
        self.0.cancel();
    }

    /// Resolves when the connection is to be cut.
    pub async fn is_cut(&self) {
        self.0.cancelled().await;
    }
}
