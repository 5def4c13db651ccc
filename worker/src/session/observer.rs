//! Who is told of a conversation's progress.

use netsweep_shared::outcome::CommandEnd;

/// Told of a conversation's progress, in the order of the methods.
pub trait Observer {
    /// The device has let us in: its first prompt is there.
    fn logged_in(&mut self);

    /// The first command is about to be sent: from here on the device may be changed.
    fn commands_begin(&mut self);

    /// The next piece of the output of the command with this index, at most
    /// [`OUTPUT_CHUNK`](netsweep_shared::protocol::OUTPUT_CHUNK) bytes.
    fn output(&mut self, command: u32, bytes: Vec<u8>);

    /// The command with this index is over.
    fn command_ended(&mut self, command: u32, end: CommandEnd);
}
