//! Whole inventories, from text to devices.

use std::path::Path;

use super::{Device, Inventory};
use crate::ssh_config::SshConfig;

// What the SSH config fills in.
mod complete;
// Who is reached through whom.
mod jumps;
// Sections, keys and values.
mod read;

const PLATFORMS: [&str; 2] = ["cisco_ios", "juniper_junos"];

fn load(text: &str) -> Result<Inventory, String> {
    parse(text, Some(&SshConfig::default()))
}

fn rehearse(text: &str) -> Result<Inventory, String> {
    parse(text, None)
}

fn load_with(text: &str, ssh: &str) -> Result<Inventory, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), ssh).expect("written");
    parse(text, Some(&SshConfig::load(file.path()).expect("a good config")))
}

fn parse(text: &str, ssh: Option<&SshConfig>) -> Result<Inventory, String> {
    super::load::parse(Path::new("devices.toml"), text, &PLATFORMS, ssh).map_err(|errors| errors.to_string())
}

impl Inventory {
    fn named(&self, name: &str) -> &Device {
        self.devices.iter().find(|device| &*device.name == name).expect(name)
    }
}

/// `user@address:port` of each jump.
fn way(device: &Device) -> Vec<String> {
    let told = |hop: &super::Hop| format!("{}@{}:{}", hop.credentials.username, hop.address, hop.port);
    device.jumps.iter().map(told).collect()
}
