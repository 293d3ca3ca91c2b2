//! Ports that nobody else takes.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// A port of the loopback address, held for as long as this is: bound, but not listened on.
///
/// Linux lets a second socket bind and listen there only where both set `SO_REUSEADDR` and the first does not listen, which
/// our processes do and other programs, and the system's own choice of ports, do not.
#[derive(Debug)]
pub struct ReservedPort {
    _held: Socket,
    address: SocketAddr,
}

impl ReservedPort {
    /// Takes a free port.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take() -> io::Result<Self> {
        let held = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        held.set_reuse_address(true)?;
        held.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        let address = held.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a socket without an address"))?;
        Ok(Self { _held: held, address })
    }

    /// Returns the address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}
