//! What libssh2 calls to read and to write.

use std::ffi::{c_int, c_void};
use std::mem::{self, MaybeUninit};
use std::os::fd::BorrowedFd;
use std::slice;

use libssh2_sys::{LIBSSH2_SESSION, libssh2_socket_t};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use ssh2::Session;

use super::found;

/// What libssh2's callbacks return: a number of bytes, or minus an error's number.
fn answer(result: Result<usize, Errno>) -> isize {
    match result {
        Ok(n) => isize::try_from(n).unwrap_or(isize::MAX),
        Err(Errno::INTR) => answer(Err(Errno::AGAIN)),
        Err(error) => -(error.raw_os_error() as isize),
    }
}

/// Has `session` read and write by [`receive`] and [`transmit`].
#[expect(unsafe_code, reason = "ssh2 has no function for that")]
pub(super) fn set(session: &Session) {
    type Generic = unsafe extern "C" fn();
    unsafe extern "C" {
        // libssh2_session_callback_set2(3).
        fn libssh2_session_callback_set2(
            session: *mut LIBSSH2_SESSION,
            kind: c_int,
            callback: Option<Generic>,
        ) -> Option<Generic>;
    }
    // From libssh2.h.
    const SEND: c_int = 5;
    const RECV: c_int = 6;
    let mut session = session.raw();
    // SAFETY: the session is a live one, and ours for as long as its lock is held; libssh2 casts the functions back to
    // LIBSSH2_SEND_FUNC and LIBSSH2_RECV_FUNC, whose types they have.
    unsafe {
        let transmit = mem::transmute::<Transmit, Generic>(transmit);
        libssh2_session_callback_set2(&raw mut *session, SEND, Some(transmit));
        let receive = mem::transmute::<Receive, Generic>(receive);
        libssh2_session_callback_set2(&raw mut *session, RECV, Some(receive));
    }
}

type Receive = unsafe extern "C" fn(libssh2_socket_t, *mut c_void, usize, c_int, *mut *mut c_void) -> isize;
type Transmit =
    unsafe extern "C" fn(libssh2_socket_t, *const c_void, usize, c_int, *mut *mut c_void) -> isize;

#[expect(unsafe_code, reason = "called by C")]
unsafe extern "C" fn receive(
    socket: libssh2_socket_t,
    buffer: *mut c_void,
    length: usize,
    flags: c_int,
    _abstract: *mut *mut c_void,
) -> isize {
    answer(match found(socket) {
        // SAFETY: a session's buffer, which has so many bytes and was set to zero with the session.
        Some(wire) => wire.read(unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), length) }),
        None => {
            // SAFETY: there are so many bytes, and the socket is open for as long as libssh2 reads from it.
            let (buffer, socket) = unsafe {
                let buffer = slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), length);
                (buffer, BorrowedFd::borrow_raw(socket))
            };
            recv(socket, buffer, RecvFlags::from_bits_retain(flags.cast_unsigned())).map(|(_, n)| n)
        }
    })
}

#[expect(unsafe_code, reason = "called by C")]
unsafe extern "C" fn transmit(
    socket: libssh2_socket_t,
    buffer: *const c_void,
    length: usize,
    flags: c_int,
    _abstract: *mut *mut c_void,
) -> isize {
    // SAFETY: there are so many bytes, and the socket is open for as long as libssh2 writes to it.
    let (bytes, to) =
        unsafe { (slice::from_raw_parts(buffer.cast::<u8>(), length), BorrowedFd::borrow_raw(socket)) };
    answer(match found(socket) {
        Some(wire) => wire.write(bytes),
        None => send(to, bytes, SendFlags::from_bits_retain(flags.cast_unsigned())),
    })
}
