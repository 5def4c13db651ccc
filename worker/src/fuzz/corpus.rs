//! The seeds as files, for libFuzzer.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::seeds::{self, Seeds};

#[test]
#[ignore = "writes fuzz/corpus, where libFuzzer begins"]
fn write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    type Target = (&'static str, fn() -> Seeds);
    let targets: [Target; 5] = [
        ("telnet", seeds::telnet),
        ("cleaning", seeds::cleaning),
        ("session", seeds::session),
        ("overheard", seeds::overheard),
        ("frames", seeds::frames),
    ];
    for (target, seeds) in targets {
        let Seeds { inputs, words } = seeds();
        let folder = folder.join(target);
        fs::create_dir_all(&folder).expect("writable");
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), input).expect("writable");
        }
        let mut dictionary = String::new();
        for word in words {
            let digits = word.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
            writeln!(dictionary, "\"{digits}\"").expect("a string takes everything");
        }
        fs::write(folder.with_extension("dict"), dictionary).expect("writable");
    }
}
