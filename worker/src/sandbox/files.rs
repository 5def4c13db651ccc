use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// Files that the C library reads when it looks a name up; of a link, what it points to.
const NAME_SERVICE: [&str; 8] = [
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    // resolved writes the resolv.conf that is linked here anew when the network changes.
    "/run/systemd/resolve",
];

/// Modules of the name service, which are loaded when the first name is looked up.
const LIBRARIES: [&str; 5] = ["/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/// How many cores there are: the C library asks when many threads allocate, and gives each fewer
/// arenas when it is not told.
const CORES: &str = "/sys/devices/system/cpu/online";

/// Where daemons answer for the name service (resolved is above): the C library's own cache, mDNS,
/// LDAP, SSSD.
const DAEMONS: [&str; 5] =
    ["/run/nscd", "/run/avahi-daemon", "/run/nslcd", "/var/lib/sss/pipes/nss", "/var/lib/sss/mc"];

/// Leaves of the file system what name resolution reads and the sockets of `agents`; takes away all
/// TCP ports to bind to, and signals to other processes. Devices' ports can be any, so connections
/// are not limited.
pub(super) fn give_up(agents: &[String]) -> Result<String, String> {
    let status = restrict(agents).map_err(|error| format!("Landlock ({})", error))?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. } if status.ruleset != RulesetStatus::NotEnforced => {
            Ok(format!("Landlock ABI {} ({})", effective_abi as i32, covered(effective_abi).join(", ")))
        }
        LandlockStatus::NotImplemented => {
            Err("Landlock (the kernel does not have it, or keeps it from us)".into())
        }
        _ => Err("Landlock (not enabled when the kernel was started)".into()),
    }
}

/// Older kernels take less away.
fn restrict(agents: &[String]) -> Result<RestrictionStatus, RulesetError> {
    let daemons = AccessFs::ReadFile | AccessFs::ResolveUnix;
    Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V9))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(NAME_SERVICE, daemons))?
        .add_rules(path_beneath_rules(DAEMONS, daemons))?
        .add_rules(path_beneath_rules(LIBRARIES, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules([CORES], AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(agents, AccessFs::ResolveUnix))?
        .restrict_self()
}

fn covered(abi: ABI) -> Vec<&'static str> {
    let since = [(ABI::V1, "files"), (ABI::V4, "TCP ports"), (ABI::V6, "signals"), (ABI::V9, "UNIX sockets")];
    since.into_iter().filter(|(first, _)| abi >= *first).map(|(_, what)| what).collect()
}
