//! The built-in platforms, read from their files.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use netsweep_shared::platform::Platform;

use crate::platform::CompiledPlatform;

/// A platform and its name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) platform: CompiledPlatform,
}

/// All of them, by name.
pub(super) fn all() -> &'static [Named] {
    static ALL: OnceLock<Vec<Named>> = OnceLock::new();
    ALL.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms");
        let files = fs::read_dir(folder).expect("the platforms are there");
        let mut all: Vec<_> = files.map(|file| read(&file.expect("a file").path())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    })
}

/// The one that an input chooses.
pub(super) fn chosen(by: u8) -> &'static Named {
    &all()[usize::from(by) % all().len()]
}

fn read(path: &Path) -> Named {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let text = fs::read_to_string(path).expect("readable");
    let definition: Platform = toml::from_str(&text).expect("a definition");
    Named { name, platform: CompiledPlatform::compile(&definition).expect("its patterns compile") }
}
