//! Which keys are RSA keys: the only ones that sign by more than one algorithm (RFC 8332).

use base64ct::{Base64, Encoding};

/// How every public RSA key begins (RFC 4253, 6.6).
const NAME: &[u8] = b"\0\0\0\x07ssh-rsa";

/// The object identifier `rsaEncryption` (RFC 8017, A.1).
const IDENTIFIER: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Whether `blob`, a public key, is one.
pub(super) fn is_public(blob: &[u8]) -> bool {
    blob.starts_with(NAME)
}

/// Whether `pem`, a private key, is one, as far as that can be seen: an encrypted key of PKCS #8 does
/// not say.
pub(super) fn is_private(pem: &str) -> bool {
    if pem.contains("BEGIN RSA PRIVATE KEY") {
        return true;
    }
    let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with('-')).collect();
    // Both stand in front of what is secret.
    let front = &body.as_bytes()[..body.len().min(256)];
    let whole = &front[..front.len() / 4 * 4];
    let Ok(text) = std::str::from_utf8(whole) else { return false };
    Base64::decode_vec(text).is_ok_and(|bytes| {
        let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        holds(NAME) || holds(IDENTIFIER)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_are_told_from_others() {
        // The fronts of keys made by ssh-keygen: OpenSSH's form, plain and encrypted, and PKCS #8.
        for (front, is_rsa) in [
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", true),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\n\
                 b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn\n\
                 NhAAAAAwEAAQAAAQEAtWzckheQPSrm0Yq9yzOwnawzlSf8M3qFeDAMyHnNVY0R5vAholVL\n",
                true,
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\r\n\
                 b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDlNOZgvZ\r\n\
                 4G7b8Tc2175usEAAAAEAAAAAEAAAEXAAAAB3NzaC1yc2EAAAADAQABAAABAQDfTJoKwBza\r\n",
                true,
            ),
            (
                "-----BEGIN PRIVATE KEY-----\n\
                 MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDH+HQQt19RitC1\n",
                true,
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\n\
                 b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
                 QyNTUxOQAAACCdXPo28YkyJ15DlLt1G0qMPzq7bIhcxIDOyp1lXAWf0wAAAIggsldFILJX\n",
                false,
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
                 MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgO5UD5XoaAiAICCAAw\n",
                false,
            ),
            ("-----BEGIN PRIVATE KEY-----\nno base64 ü\n", false),
            ("", false),
        ] {
            assert_eq!(is_private(front), is_rsa, "{front}");
        }
        assert!(is_public(b"\0\0\0\x07ssh-rsa\0\0"));
        assert!(!is_public(b"\0\0\0\x0bssh-ed25519"));
    }
}
