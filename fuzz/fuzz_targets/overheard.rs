#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| netsweep_worker::fuzz::overheard(data));
