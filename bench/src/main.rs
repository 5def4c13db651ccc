//! netsweep beside a bare client and its peers.

fn main() {}
