//! Private keys.

use std::path::Path;

use anyhow::{Context, Result, bail};
use netsweep_shared::login::PrivateKey;
use netsweep_shared::secret::Secret;
use ssh_key::LineEnding;

use super::source::SecretSource;

/// What a key in OpenSSH's own form begins with.
const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// Where a private key is, and what decrypts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    /// The key in PEM.
    pub pem: SecretSource,
    /// Its passphrase; asked for where the key is encrypted and there is none.
    pub passphrase: Option<SecretSource>,
}

impl KeySource {
    /// Reads and, in OpenSSH's form, decrypts the key; relative paths are relative to `folder`.
    ///
    /// # Errors
    /// When it cannot be read, is no private key, or cannot be decrypted.
    pub(super) fn read(&self, folder: &Path) -> Result<PrivateKey> {
        let name = self.pem.name();
        let pem = self.pem.read_whole(folder, "private key")?;
        let text = pem.expose().trim_start();
        if !(text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----")) {
            bail!("{name}: no private key in PEM, which begins with -----BEGIN … PRIVATE KEY-----");
        }
        if !text.starts_with(OPENSSH) {
            let encrypted = text.contains("ENCRYPTED");
            let passphrase = if encrypted { Some(self.passphrase(folder, &name)?) } else { None };
            return Ok(PrivateKey { name, pem, passphrase });
        }
        let key =
            ssh_key::PrivateKey::from_openssh(text).with_context(|| format!("{name}: cannot be read"))?;
        if !key.is_encrypted() {
            return Ok(PrivateKey { name, pem, passphrase: None });
        }
        let passphrase = self.passphrase(folder, &name)?;
        let Ok(key) = key.decrypt(passphrase.expose()) else {
            bail!("{name}: the passphrase does not decrypt it");
        };
        let pem = key.to_openssh(LineEnding::LF).with_context(|| format!("{name}: cannot be decrypted"))?;
        Ok(PrivateKey { name, pem: Secret::new(pem.as_str()), passphrase: None })
    }

    fn passphrase(&self, folder: &Path, name: &str) -> Result<Secret> {
        let source = self.passphrase.as_ref().unwrap_or(&SecretSource::Prompt);
        source
            .read(folder, &format!("passphrase of {name}"))
            .with_context(|| format!("the passphrase of {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test by `ssh-keygen -t ed25519 -a 1 -N open-sesame`; it opens nothing.
    const ENCRYPTED: &str = include_str!("encrypted_test_key");

    fn read(pem: &str, passphrase: &str) -> Result<PrivateKey, String> {
        let source = KeySource {
            pem: SecretSource::Plain(Secret::new(pem)),
            passphrase: Some(SecretSource::Plain(Secret::new(passphrase))),
        };
        source.read(Path::new("")).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_encrypted_key_is_decrypted_once_and_for_all() {
        let key = read(ENCRYPTED, "open-sesame").expect("it opens");
        assert!(key.passphrase.is_none());
        let decrypted = ssh_key::PrivateKey::from_openssh(key.pem.expose()).expect("a key");
        assert!(!decrypted.is_encrypted());
        let error = read(ENCRYPTED, "wrong").expect_err("it does not");
        assert!(error.ends_with("the passphrase does not decrypt it"), "{error}");
    }

    #[test]
    fn keys_of_openssl_s_are_handed_on_as_they_are() {
        let pem =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n…\n-----END RSA PRIVATE KEY-----\n";
        let key = read(pem, "open-sesame").expect("it may be one");
        assert_eq!(
            (key.pem.expose(), key.passphrase.as_ref().map(Secret::expose)),
            (pem, Some("open-sesame"))
        );
        let plain = read("-----BEGIN PRIVATE KEY-----\n…", "x").expect("it may be one");
        assert!(plain.passphrase.is_none(), "not needed, so not handed on");
    }

    #[test]
    fn what_is_no_key_is_told_and_not_shown() {
        for pem in
            ["hunter2", "-----BEGIN PUBLIC KEY-----\nhunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2"]
        {
            let error = read(pem, "x").expect_err("it is none");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
