//! The worker as an executable of its own, for `--worker-binary`.

fn main() -> std::process::ExitCode {
    netsweep_worker::main()
}
