//! What comes through a pipe.

use netsweep_shared::frame::FrameReader;
use netsweep_shared::protocol::{FromWorker, Hello, ToWorker};

/// Most memory beyond the input's own size. serde prepares up to 1 MiB for a sequence before it has
/// seen its elements, and a message may hold several.
const MEMORY: u64 = 8 << 20;

/// Frames of either side, one after the other, until one is broken or the pipe ends: reading them
/// takes little more memory than they are long, whatever lengths they claim.
pub fn frames(data: &[u8]) {
    // Few changes leave a length in order; so what follows the first one is a body as well.
    let body = data.get(4..).unwrap_or_default();
    let whole = [&(body.len() as u32).to_le_bytes(), body].concat();
    let memory = allocation_counter::measure(|| {
        for data in [data, &whole] {
            read_all(data, |reader| matches!(reader.read::<Hello>(), Ok(Some(_))));
            read_all(data, |reader| matches!(reader.read::<FromWorker>(), Ok(Some(_))));
            read_all(data, |reader| matches!(reader.read::<ToWorker>(), Ok(Some(_))));
        }
    });
    let allowed = MEMORY + 32 * data.len() as u64;
    assert!(memory.bytes_max <= allowed, "{} bytes of memory for {}", memory.bytes_max, data.len());
}

/// Reads as long as there is a message.
fn read_all(data: &[u8], read: impl Fn(&mut FrameReader<&[u8]>) -> bool) {
    let mut reader = FrameReader::new(data);
    let mut frames = 0;
    while read(&mut reader) {
        frames += 1;
        assert!(frames * 4 <= data.len(), "frames out of nothing");
    }
}
