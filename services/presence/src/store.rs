//! The twins behind the port.

#[cfg(test)]
mod contract;
mod memory;
mod redis;

pub(crate) use memory::MemoryPresenceStore;
pub(crate) use redis::RedisPresenceStore;
