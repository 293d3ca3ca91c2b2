//! The settings of a process that speaks to others of ours over sockets.

use std::path::PathBuf;

use clap::Args;
use loquat_rpc::{
    Channel, NodeAddress,
    tls::{PeerTls, TlsError},
};

use crate::SettingError;

/// Mutual TLS, without which none of our processes answers another.
#[derive(Args, Debug, Clone)]
pub struct PeerSettings {
    /// PEM file of the authority that the certificates of all our processes come from.
    #[arg(long, env = "LOQUAT_TLS_AUTHORITY", value_name = "FILE")]
    pub tls_authority: PathBuf,

    /// PEM file of this process's certificate chain. Its DNS name is the service that the process is.
    #[arg(long, env = "LOQUAT_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: PathBuf,

    /// PEM file of the certificate's private key.
    #[arg(long, env = "LOQUAT_TLS_KEY", value_name = "FILE")]
    pub tls_key: PathBuf,
}

impl PeerSettings {
    /// Reads the certificates.
    ///
    /// # Errors
    ///
    /// Names the setting whose file cannot be read or used.
    pub fn read(&self) -> Result<PeerTls, SettingError> {
        PeerTls::read(&self.tls_authority, &self.tls_certificate, &self.tls_key).map_err(|error| {
            let text = match &error {
                TlsError::Unreadable { path, source } => format!("{path} cannot be read: {source}"),
                TlsError::Invalid { .. } => error.to_string(),
            };
            SettingError::new("LOQUAT_TLS_AUTHORITY, LOQUAT_TLS_CERTIFICATE or LOQUAT_TLS_KEY", text)
        })
    }
}

macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident, $field:ident, $env:literal, $service:literal, $example:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Args, Debug, Clone)]
        pub struct $name {
            /// Addresses of the service's replicas, separated by commas.
            // Said for `--help` by itself: clap reads no documentation that a macro puts together.
            #[arg(
                long,
                env = $env,
                value_delimiter = ',',
                required = true,
                value_name = "URLS",
                help = concat!("Addresses of the ", $service, " service's replicas, separated by commas, such as ", $example)
            )]
            pub $field: Vec<NodeAddress>,
        }

        impl $name {
            /// Returns a channel to the replicas. Connections are made when they are needed.
            ///
            /// # Errors
            ///
            /// Where an address is not of mutual TLS, which alone has an identity.
            pub fn channel(&self, tls: &PeerTls) -> Result<Channel, SettingError> {
                match self.$field.iter().find(|address| !address.is_tls()) {
                    Some(plain) => Err(SettingError::new($env, format!("{plain} must begin with https://"))),
                    None => Ok(Channel::remote($service, &self.$field, Some(tls))),
                }
            }
        }
    )+};
}

addresses! {
    /// Where the users service is.
    UsersAddresses, users_urls, "LOQUAT_USERS_URLS", "users", "https://users:4101";
    /// Where the rooms service is.
    RoomsAddresses, rooms_urls, "LOQUAT_ROOMS_URLS", "rooms", "https://rooms:4102";
    /// Where the messages service is.
    MessagesAddresses, messages_urls, "LOQUAT_MESSAGES_URLS", "messages",
        "https://messages-1:4103,https://messages-2:4103";
    /// Where the presence service is.
    PresenceAddresses, presence_urls, "LOQUAT_PRESENCE_URLS", "presence", "https://presence:4104";
}
