//! Passwords and keys: where they are, and reading them: once each, before anything is started.

// The forms that a secret can have in the inventory.
mod source;
// Private keys: is it one, is it encrypted, with what.
mod key;
// The logins of all devices and jump hosts.
mod logins;

pub use key::KeySource;
pub use logins::LoginReader;
pub use source::SecretSource;
