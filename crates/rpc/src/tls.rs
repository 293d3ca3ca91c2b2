//! Mutual TLS between our processes. A certificate's first DNS name is the service that its holder is.

use std::{io, path::Path, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use x509_parser::{extensions::GeneralName, prelude::FromDer as _};

use crate::ServiceName;

/// The certificates of a process: its own, and the authority that ours all come from.
#[derive(Clone)]
pub struct PeerTls {
    authority: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
    server: Arc<ServerConfig>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("reading {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{what} is not valid PEM for TLS: {detail}")]
    Invalid {
        /// Which file, by what it should hold.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl std::fmt::Debug for PeerTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PeerTls").finish_non_exhaustive()
    }
}

impl PeerTls {
    /// Reads the authority, the certificate chain and the key from PEM files.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read or used.
    pub fn read(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Self::from_pem(file(authority)?, file(certificate)?, file(key)?)
    }

    /// Takes the authority, the certificate chain and the key as PEM.
    ///
    /// # Errors
    ///
    /// Says which of them cannot be used.
    pub fn from_pem(authority: Vec<u8>, certificate: Vec<u8>, key: Vec<u8>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for root in certificates("the authority", &authority)? {
            roots.add(root).map_err(|error| invalid("the authority", &error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| invalid("the authority", &error))?;
        let private = PrivateKeyDer::from_pem_slice(&key).map_err(|error| invalid("the key", &error))?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("the certificate", &error))?
            .with_client_cert_verifier(clients)
            .with_single_cert(certificates("the certificate", &certificate)?, private)
            .map_err(|error| invalid("the certificate", &error))?;
        server.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { authority, certificate, key, server: Arc::new(server) })
    }

    /// Returns how a server takes connections: only from holders of a certificate of ours.
    #[must_use]
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    pub(crate) fn client(&self, service: &str) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.authority))
            .identity(Identity::from_pem(&self.certificate, &self.key))
            .domain_name(service)
    }
}

/// Returns which service holds a certificate that the handshake has accepted.
pub(crate) fn holder(certificate: &CertificateDer<'_>) -> Option<ServiceName> {
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) => Some(ServiceName::from_certificate(name)),
        _ => None,
    })
}

fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.display().to_string(), source })
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| invalid(what, &error))?;
    if found.is_empty() { Err(invalid(what, &"it holds no certificate")) } else { Ok(found) }
}

fn invalid(what: &'static str, detail: &dyn ToString) -> TlsError {
    TlsError::Invalid { what, detail: detail.to_string() }
}
