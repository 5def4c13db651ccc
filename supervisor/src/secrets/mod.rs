//! Where secrets are, and reading them: once each, before anything is started.

// Passwords, or any text; private keys.
mod key;
mod source;
// What each device logs in with.
mod logins;

pub use key::KeySource;
pub use logins::{Credentials, LoginReader};
pub use source::SecretSource;
