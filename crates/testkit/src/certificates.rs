//! Certificates by which our processes know each other, made for one house.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// An authority, and a certificate for whoever is named.
pub struct Certificates {
    folder: PathBuf,
    authority: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Certificates").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Makes an authority, whose files lie in a folder.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn found(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "Loquat test authority");
        let key = KeyPair::generate()?;
        fs::write(folder.join("authority.pem"), params.self_signed(&key)?.pem())?;
        Ok(Self { folder: folder.to_owned(), authority: Issuer::new(params, key) })
    }

    /// Makes a certificate, and returns the variables by which a process is given it.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn issue(&self, name: &str) -> anyhow::Result<[(String, String); 3]> {
        let files = self.files(name);
        if !files[1].exists() {
            let mut params = CertificateParams::new(vec![name.to_owned()])?;
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let key = KeyPair::generate()?;
            fs::write(&files[2], key.serialize_pem())?;
            fs::write(&files[1], params.signed_by(&key, &self.authority)?.pem())?;
        }
        let text = |path: &Path| path.to_str().map(str::to_owned).context("the scratch folder's name is not UTF-8");
        Ok([
            ("LOQUAT_TLS_AUTHORITY".into(), text(&files[0])?),
            ("LOQUAT_TLS_CERTIFICATE".into(), text(&files[1])?),
            ("LOQUAT_TLS_KEY".into(), text(&files[2])?),
        ])
    }

    /// Returns how a client of that name reaches a service.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written or read.
    pub fn client(&self, name: &str, service: &str) -> anyhow::Result<ClientTlsConfig> {
        self.issue(name)?;
        let [_, certificate, key] = self.files(name);
        Ok(self.anonymous(service)?.identity(Identity::from_pem(fs::read(certificate)?, fs::read(key)?)))
    }

    /// Returns how a client without a certificate would reach a service.
    ///
    /// # Errors
    ///
    /// Where the authority's file cannot be read.
    pub fn anonymous(&self, service: &str) -> anyhow::Result<ClientTlsConfig> {
        let authority = Certificate::from_pem(fs::read(self.folder.join("authority.pem"))?);
        Ok(ClientTlsConfig::new().ca_certificate(authority).domain_name(service))
    }

    fn files(&self, name: &str) -> [PathBuf; 3] {
        let file = |end: &str| self.folder.join(format!("{name}.{end}.pem"));
        [self.folder.join("authority.pem"), file("certificate"), file("key")]
    }
}
