//! The contract as Rust: messages, clients, field checks, the method table and the descriptor set, all generated from
//! `proto/` by `cargo xtask generate` and checked in.
//!
//! Does not belong here: anything written by hand but this module tree. Servers are generated into `loquat-rpc`, which
//! owns the codec that they decode with.

/// `loquat.authorization.v1`: who may call a method, and what a repeated call does.
pub mod authorization {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.authorization.v1.rs");
    }
}

/// `loquat.users.v1`: accounts, sessions and profiles.
pub mod users {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.users.v1.rs");
    }
}

/// `loquat.rooms.v1`: rooms and memberships.
pub mod rooms {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.rooms.v1.rs");
    }
}

/// `loquat.messages.v1`: the room log.
pub mod messages {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.messages.v1.rs");
    }
}

/// `loquat.presence.v1`: who is there.
pub mod presence {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.presence.v1.rs");
    }
}

/// `loquat.events.v1`: the live stream of a client.
pub mod events {
    /// Version 1.
    pub mod v1 {
        include!("gen/loquat.events.v1.rs");
    }
}

pub mod methods {
    //! Every method of the contract with its options, read by the authorization layer.
    include!("gen/methods.rs");
}

mod checks {
    use crate as loquat;

    include!("gen/checks.rs");
}

pub use prost_protovalidate::{Validate, ValidationError, Violation};

/// The contract as an encoded `google.protobuf.FileDescriptorSet`, with all imports and comments.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");
