//! An address of the house that clients call, with the generated clients.

use std::{net::SocketAddr, time::Duration};

use loquat_proto::{
    events::v1::event_service_client::EventServiceClient,
    messages::v1::{message_service_client::MessageServiceClient, room_log_service_client::RoomLogServiceClient},
    presence::v1::{lease_service_client::LeaseServiceClient, presence_service_client::PresenceServiceClient},
    rooms::v1::{room_service_client::RoomServiceClient, user_rooms_service_client::UserRoomsServiceClient},
    users::v1::{auth_service_client::AuthServiceClient, user_service_client::UserServiceClient},
};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

/// An address with one connection, made when it is needed and again when it broke. Clones share it.
#[derive(Debug, Clone)]
pub struct Gateway {
    address: SocketAddr,
    origin: String,
    channel: Channel,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident => $client:ident;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $client<Channel> {
            $client::new(self.channel.clone())
        }
    )+};
}

impl Gateway {
    /// Reaches an address without TLS, as clients reach gateways. Call it inside the executor.
    ///
    /// # Panics
    ///
    /// Never: the address is one.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self::at_through(address, |endpoint| endpoint)
    }

    /// The same over a connection that is made otherwise, such as one that asks whether the other side is there.
    ///
    /// # Panics
    ///
    /// Never: the address is one.
    #[must_use]
    pub fn at_through(address: SocketAddr, tune: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        let origin = format!("http://{address}");
        let endpoint = Endpoint::from_shared(origin.clone()).expect("an address makes a URL");
        Self { address, origin, channel: tune(Self::tuned(endpoint)).connect_lazy() }
    }

    /// Reaches a service's own port, over TLS.
    ///
    /// # Panics
    ///
    /// Where the certificates cannot be used.
    #[must_use]
    pub fn over_tls(address: SocketAddr, tls: ClientTlsConfig) -> Self {
        let origin = format!("https://{address}");
        let endpoint = Endpoint::from_shared(origin.clone()).expect("an address makes a URL");
        let endpoint = Self::tuned(endpoint).tls_config(tls).expect("good certificates");
        Self { address, origin, channel: endpoint.connect_lazy() }
    }

    fn tuned(endpoint: Endpoint) -> Endpoint {
        endpoint.connect_timeout(Duration::from_secs(2)).tcp_nodelay(true)
    }

    /// Returns the address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the scheme and the address, as a URL begins.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the channel.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    clients! {
        /// `loquat.users.v1.AuthService`.
        auth => AuthServiceClient;
        /// `loquat.users.v1.UserService`.
        users => UserServiceClient;
        /// `loquat.rooms.v1.RoomService`.
        rooms => RoomServiceClient;
        /// `loquat.rooms.v1.UserRoomsService`, which only our gateways may call.
        user_rooms => UserRoomsServiceClient;
        /// `loquat.messages.v1.MessageService`.
        messages => MessageServiceClient;
        /// `loquat.messages.v1.RoomLogService`, which only our services may call.
        room_log => RoomLogServiceClient;
        /// `loquat.presence.v1.PresenceService`.
        presence => PresenceServiceClient;
        /// `loquat.presence.v1.LeaseService`, which only our gateways may call.
        leases => LeaseServiceClient;
        /// `loquat.events.v1.EventService`.
        events => EventServiceClient;
        /// `grpc.health.v1.Health`.
        health => HealthClient;
        /// `grpc.reflection.v1.ServerReflection`.
        reflection => ServerReflectionClient;
    }
}
