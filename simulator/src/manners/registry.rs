//! Which platform has which manners.

use super::{
    Manners, arista_eos, cisco_asa, cisco_ios, cisco_nxos, cisco_xe, cisco_xr, dell_os10, extreme_exos,
    fortinet_fortios, frr, generic, hp_comware, huawei_vrp, juniper_junos, linux, mikrotik_routeros,
    nokia_sros, paloalto_panos, vyos,
};

/// The manners by the names of the platforms, several where its devices differ. Sorted.
static ALL: [(&str, &[&Manners]); 19] = [
    ("arista_eos", &[&arista_eos::MANNERS]),
    ("cisco_asa", &[&cisco_asa::ALONE, &cisco_asa::ACTIVE]),
    ("cisco_ios", &[&cisco_ios::MANNERS]),
    ("cisco_nxos", &[&cisco_nxos::MANNERS]),
    ("cisco_xe", &[&cisco_xe::MANNERS]),
    ("cisco_xr", &[&cisco_xr::MANNERS]),
    ("dell_os10", &[&dell_os10::MANNERS]),
    ("extreme_exos", &[&extreme_exos::ALONE, &extreme_exos::STACK]),
    ("fortinet_fortios", &[&fortinet_fortios::PLAIN, &fortinet_fortios::BANNER]),
    ("frr", &[&frr::MANNERS]),
    ("generic", &[&generic::MANNERS]),
    ("hp_comware", &[&hp_comware::MANNERS]),
    ("huawei_vrp", &[&huawei_vrp::MANNERS]),
    ("juniper_junos", &[&juniper_junos::MANNERS]),
    ("linux", &[&linux::MANNERS]),
    ("mikrotik_routeros", &[&mikrotik_routeros::KNOWN, &mikrotik_routeros::NEW]),
    ("nokia_sros", &[&nokia_sros::CLASSIC, &nokia_sros::MD]),
    ("paloalto_panos", &[&paloalto_panos::ALONE, &paloalto_panos::PAIR]),
    ("vyos", &[&vyos::MANNERS]),
];

/// The manners of a platform's devices, never none; nothing where the platform is not known.
pub(crate) fn of(platform: &str) -> Option<&'static [&'static Manners]> {
    ALL.iter().find(|(name, _)| *name == platform).map(|(_, manners)| *manners)
}

/// The platforms whose devices can be simulated, by the names that inventories use. Sorted.
pub fn platforms() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}
