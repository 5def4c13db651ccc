//! Private keys: recognised, and decrypted where that takes long.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use netsweep_shared::login::PrivateKey;
use netsweep_shared::secret::Secret;
use ssh_key::{Algorithm, Cipher, LineEnding};
use zeroize::Zeroizing;

use super::source::SecretSource;

/// Where a private key is, and where its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    /// The key itself.
    pub pem: SecretSource,
    /// What decrypts it. Without it the user is asked, where the key is encrypted.
    pub passphrase: Option<SecretSource>,
}

impl KeySource {
    /// Reads the key. One in OpenSSH's form is handed on decrypted, see [`PrivateKey::passphrase`].
    pub(super) fn read(&self, folder: &Path) -> Result<PrivateKey> {
        let name = self.pem.at(folder);
        let text = self.pem.read_text(folder, "")?;
        let (label, pem) = find(&text).with_context(|| name.clone())?;
        let (pem, passphrase) = if label == OPENSSH {
            (self.openssh(pem, &name, folder)?, None)
        } else {
            let encrypted = label.contains("ENCRYPTED") || pem.contains("Proc-Type: 4,ENCRYPTED");
            let passphrase = encrypted.then(|| self.passphrase(&name, folder)).transpose()?;
            (Secret::new(pem), passphrase)
        };
        Ok(PrivateKey { name, pem, passphrase })
    }

    fn openssh(&self, pem: &str, name: &str, folder: &Path) -> Result<Secret> {
        let unsound = |error| anyhow!("{name} is no sound private key of OpenSSH's: {error}");
        let key = ssh_key::PrivateKey::from_openssh(&*rewrapped(pem)).map_err(unsound)?;
        if let Algorithm::SkEcdsaSha2NistP256 | Algorithm::SkEd25519 = key.algorithm() {
            bail!(
                "{name} is a key that never leaves its security token: add it to an agent and say agent = true"
            );
        }
        if !key.is_encrypted() {
            return Ok(Secret::new(pem));
        }
        ensure!(
            key.cipher() != Cipher::TdesCbc,
            "{name} is encrypted with 3DES, which is not supported: ssh-keygen -p -f KEY takes another cipher"
        );
        let passphrase = self.passphrase(name, folder)?;
        let key =
            key.decrypt(passphrase.expose()).map_err(|_| anyhow!("the passphrase does not fit {name}"))?;
        let pem = key.to_openssh(LineEnding::LF).map_err(unsound)?;
        Ok(Secret::new(pem.as_str()))
    }

    fn passphrase(&self, name: &str, folder: &Path) -> Result<Secret> {
        let question = format!("passphrase of {name}");
        match &self.passphrase {
            Some(source) => source.read(folder, &question).with_context(|| question),
            None => SecretSource::Prompt.read(folder, &question).with_context(|| {
                format!(
                    "{name} is encrypted: say agent = true where an agent has it, or name its passphrase, \
                     private_key = {{ file = \"…\", passphrase = {{ env = \"…\" }} }}"
                )
            }),
        }
    }
}

const OPENSSH: &str = "OPENSSH PRIVATE KEY";

/// The label and the whole of the private key in `text` (RFC 7468, 2). There may be other things
/// around it: OpenSSL puts an elliptic curve's parameters first.
fn find(text: &str) -> Result<(&str, &str)> {
    const BEGIN: &str = "-----BEGIN ";
    let mut from = 0;
    while let Some(begin) = text[from..].find(BEGIN).map(|at| from + at) {
        from = begin + BEGIN.len();
        let Some((label, _)) = text[from..].split_once("-----") else { break };
        if !label.ends_with("PRIVATE KEY") || label.contains('\n') {
            continue;
        }
        let end = format!("-----END {label}-----");
        let length = text[begin..].find(&end).context("is cut short: its last line is missing")? + end.len();
        return Ok((label, &text[begin..begin + length]));
    }
    ensure!(
        !text.starts_with("PuTTY-User-Key-File"),
        "is in PuTTY's form: convert it with puttygen KEY -O private-openssh"
    );
    let public =
        ["ssh-", "ecdsa-", "sk-"].iter().any(|start| text.starts_with(start)) || text.contains("PUBLIC KEY");
    ensure!(!public, "is a public key: name the private one");
    bail!("is no private key in PEM: it has no line -----BEGIN … PRIVATE KEY-----")
}

/// In lines of 70 characters, as OpenSSH writes them: the decoder wants no others.
fn rewrapped(pem: &str) -> Zeroizing<String> {
    let lines: Vec<&str> = pem.lines().map(str::trim).collect();
    let [first, body @ .., last] = lines.as_slice() else { return Zeroizing::new(pem.to_owned()) };
    // Never grown, so that no copy is left behind.
    let mut result = Zeroizing::new(String::with_capacity(pem.len() * 2));
    result.push_str(first);
    for (place, character) in body.iter().flat_map(|line| line.chars()).enumerate() {
        if place % 70 == 0 {
            result.push('\n');
        }
        result.push(character);
    }
    result.push('\n');
    result.push_str(last);
    result.push('\n');
    result
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ssh_key::Kdf;
    use ssh_key::private::{Ed25519Keypair, KeypairData};

    use super::*;

    fn key() -> ssh_key::PrivateKey {
        ssh_key::PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[7; 32])), "test")
            .expect("a key")
    }

    fn encrypted() -> String {
        let kdf = Kdf::Bcrypt { salt: vec![1; 16], rounds: 1 };
        let key = key().encrypt_with(Cipher::Aes256Ctr, kdf, 1, "open sesame").expect("encrypts");
        key.to_openssh(LineEnding::LF).expect("encodes").to_string()
    }

    fn read(pem: &str, passphrase: Option<&str>) -> Result<PrivateKey, String> {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(folder.path().join("id"), pem).expect("written");
        let passphrase = passphrase.map(|text| SecretSource::Plain(Secret::new(text)));
        let source = KeySource { pem: SecretSource::File("id".into()), passphrase };
        let place = folder.path().display().to_string();
        source.read(folder.path()).map_err(|error| format!("{error:#}").replace(&place, "dir"))
    }

    #[test]
    fn an_openssh_key_is_handed_on_decrypted() {
        let read = read(&encrypted(), Some("open sesame")).expect("it is good");
        assert_eq!(read.passphrase, None);
        let handed_on = ssh_key::PrivateKey::from_openssh(read.pem.expose()).expect("it is a key");
        assert!(!handed_on.is_encrypted());
        assert_eq!(handed_on.key_data(), key().key_data());
        assert!(read.name.ends_with("/id"), "{}", read.name);
    }

    #[test]
    fn a_key_without_passphrase_is_handed_on_as_it_is() {
        let pem = key().to_openssh(LineEnding::CRLF).expect("encodes");
        let handed_on = read(&pem, Some("not needed")).expect("it is good");
        assert_eq!((handed_on.pem.expose(), &handed_on.passphrase), (pem.trim_end(), &None));
        // Other programs wrap at 64, and editors put things around.
        let lines: Vec<&str> = pem.lines().collect();
        let body: Vec<char> = lines[1..lines.len() - 1].concat().chars().collect();
        let wrapped: Vec<String> = body.chunks(64).map(|line| line.iter().collect()).collect();
        let pem = format!("# mine\n{}\n{}\n{}\n\n", lines[0], wrapped.join("\n"), lines[lines.len() - 1]);
        read(&pem, None).expect("it is good");
    }

    #[test]
    fn a_key_of_openssl_keeps_its_passphrase() {
        let plain = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n\
                     -----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n";
        let handed_on = read(plain, Some("not needed")).expect("it is good");
        assert!(handed_on.pem.expose().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
        assert_eq!(handed_on.passphrase, None);
        for encrypted in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIC\n\
             -----END RSA PRIVATE KEY-----\n",
        ] {
            assert_eq!(read(encrypted, Some("x")).expect("it is good").passphrase, Some(Secret::new("x")));
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_its_content() {
        let cases = [
            ("hunter2\n", "the file dir/id: is no private key in PEM"),
            ("ssh-ed25519 AAAAhunter2 me\n", "is a public key"),
            ("-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----\n", "is a public key"),
            ("PuTTY-User-Key-File-3: hunter2", "puttygen"),
            ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n", "is cut short"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n",
                "is no sound private key of OpenSSH's",
            ),
        ];
        for (text, said) in cases {
            let error = read(text, None).expect_err(text);
            assert!(error.contains(said) && error.contains("dir/id"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_passphrase_that_does_not_fit() {
        assert_eq!(
            read(&encrypted(), Some("hunter2")).expect_err("wrong"),
            "the passphrase does not fit the file dir/id"
        );
    }
}
