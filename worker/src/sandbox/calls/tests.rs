//! The program is run here, as the kernel would: a call that is let through by mistake does no harm.

use super::*;

const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const NOT_THERE: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// What becomes of a call.
fn answer(call: c_long, arguments: &[u64]) -> u32 {
    answer_of(ARCHITECTURE, call as u32, arguments)
}

fn answer_of(architecture: u32, number: u32, arguments: &[u64]) -> u32 {
    // struct seccomp_data: number, architecture, instruction pointer, six arguments.
    let mut call = vec![number, architecture, 0, 0];
    for argument in (0..6).map(|index| arguments.get(index).copied().unwrap_or_default()) {
        call.extend([argument as u32, (argument >> 32) as u32]);
    }
    let program = program().expect("it compiles");
    let (mut at, mut value) = (0, 0);
    loop {
        let step = &program[at];
        at += 1;
        // Of classic BPF what seccompiler uses.
        let branch = |yes: bool| usize::from(if yes { step.jt } else { step.jf });
        match step.code {
            0x20 => value = call[step.k as usize / 4],
            0x54 => value &= step.k,
            0x05 => at += step.k as usize,
            0x15 => at += branch(value == step.k),
            0x25 => at += branch(value > step.k),
            0x35 => at += branch(value >= step.k),
            0x06 => return step.k,
            other => panic!("instruction {other:#x}"),
        }
    }
}

#[test]
fn what_a_session_needs_is_allowed() {
    for call in [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_connect,
        libc::SYS_sendto,
        libc::SYS_recvfrom,
        libc::SYS_shutdown,
        libc::SYS_socketpair,
        libc::SYS_ppoll,
        libc::SYS_futex,
        libc::SYS_mmap,
        libc::SYS_getrandom,
        libc::SYS_exit_group,
        libc::SYS_bind,
        libc::SYS_prctl,
        libc::SYS_rt_sigaction,
        libc::SYS_close_range,
        libc::SYS_faccessat2,
    ] {
        assert_eq!(answer(call, &[]), ALLOWED, "call {call}");
    }
}

#[test]
fn what_is_listed_is_refused() {
    for call in super::REFUSED.iter().chain(REFUSED_OLD) {
        assert_eq!(answer(*call, &[]), REFUSED, "call {call}");
    }
}

#[test]
fn threads_are_started_and_processes_are_not() {
    let thread =
        libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    assert_eq!(answer(libc::SYS_clone, &[thread as u64]), ALLOWED);
    assert_eq!(answer(libc::SYS_clone, &[libc::SIGCHLD as u64]), REFUSED);
    assert_eq!(answer(libc::SYS_clone, &[(libc::CLONE_VM | libc::CLONE_VFORK) as u64]), REFUSED);
    assert_eq!(answer(libc::SYS_clone3, &[]), NOT_THERE);
}

#[test]
fn files_are_opened_for_reading_alone() {
    let open = |flags: i32| answer(libc::SYS_openat, &[0, 0, flags as u64]);
    assert_eq!(open(libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK), ALLOWED);
    for flags in [
        libc::O_WRONLY,
        libc::O_RDWR | libc::O_CLOEXEC,
        libc::O_RDONLY | libc::O_CREAT,
        libc::O_RDONLY | libc::O_TRUNC,
        libc::O_TMPFILE | libc::O_RDWR,
    ] {
        assert_eq!(open(flags), REFUSED, "flags {flags:#o}");
    }
    assert_eq!(answer(libc::SYS_openat2, &[]), NOT_THERE);
    #[cfg(target_arch = "x86_64")]
    assert_eq!(answer(libc::SYS_open, &[0, libc::O_RDWR as u64]), REFUSED);
}

#[test]
fn sockets_are_those_of_a_network_client() {
    let socket = |family: i32, kind: i32, protocol: i32| {
        answer(libc::SYS_socket, &[family as u64, (kind | libc::SOCK_CLOEXEC) as u64, protocol as u64])
    };
    for family in [libc::AF_INET, libc::AF_INET6] {
        assert_eq!(socket(family, libc::SOCK_STREAM, 0), ALLOWED);
        assert_eq!(socket(family, libc::SOCK_DGRAM, libc::IPPROTO_UDP), ALLOWED);
        assert_eq!(socket(family, libc::SOCK_RAW, libc::IPPROTO_ICMP), REFUSED);
    }
    assert_eq!(socket(libc::AF_UNIX, libc::SOCK_STREAM, 0), ALLOWED);
    assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE), ALLOWED);
    assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_NETFILTER), REFUSED);
    for family in [libc::AF_PACKET, libc::AF_ALG, libc::AF_VSOCK, libc::AF_BLUETOOTH, libc::AF_CAN] {
        assert_eq!(socket(family, libc::SOCK_DGRAM, 0), REFUSED, "family {family}");
    }
}

#[test]
fn only_ourselves_can_be_signalled_and_limited() {
    let ourselves = u64::from(std::process::id());
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        assert_eq!(answer(call, &[ourselves]), ALLOWED);
        for other in [ourselves + 1, 0, -1_i64 as u64] {
            assert_eq!(answer(call, &[other]), REFUSED, "process {other}");
        }
    }
    for (process, expected) in [(0, ALLOWED), (ourselves, ALLOWED), (1, REFUSED)] {
        assert_eq!(answer(libc::SYS_prlimit64, &[process]), expected, "process {process}");
    }
}

#[test]
fn nothing_is_typed_into_terminals() {
    assert_eq!(answer(libc::SYS_ioctl, &[0, libc::FIONBIO]), ALLOWED);
    assert_eq!(answer(libc::SYS_ioctl, &[0, libc::TIOCSTI]), REFUSED);
    // The kernel takes the request from the lower half.
    assert_eq!(answer(libc::SYS_ioctl, &[0, libc::TIOCSTI | 1 << 32]), REFUSED);
}

#[test]
fn younger_calls_do_not_exist() {
    for number in (UNKNOWN..UNKNOWN + 200).chain([u32::MAX]) {
        assert_eq!(answer_of(ARCHITECTURE, number, &[]), NOT_THERE, "call {number}");
    }
}

/// x32 (its bit set in the number) and 32-bit x86 (another architecture) have calls of their own.
#[test]
#[cfg(target_arch = "x86_64")]
fn other_ways_into_the_kernel_are_closed() {
    for number in 0..600 {
        assert_eq!(answer_of(ARCHITECTURE, 0x4000_0000 | number, &[]), NOT_THERE, "x32 call {number}");
    }
    const I386: u32 = 0x4000_0003;
    for number in 0..UNKNOWN {
        assert_ne!(answer_of(I386, number, &[]), ALLOWED, "32-bit call {number}");
    }
}
