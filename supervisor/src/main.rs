//! The `netsweep` executable.

fn main() -> std::process::ExitCode {
    netsweep::main()
}
