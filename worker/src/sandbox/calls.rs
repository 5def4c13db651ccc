use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter, sock_filter,
};

/// Refuses what a network client never asks of a kernel.
///
/// A list of what is refused, not of what is allowed: a C library that takes to a new call in an
/// update must not bring every sweep down. The gap that such lists have, calls that are younger than
/// they are, is closed by number: they do not exist for us, as on an older kernel, for which every
/// library is prepared. The others are answered with EPERM. To kill the process instead would turn a
/// stray call of some name-service module into the end of all its sessions, and would hold nobody
/// up who is in the process already.
pub(super) fn give_up() -> Result<String, String> {
    let missing = |error: &dyn std::fmt::Display| format!("seccomp ({error})");
    let filter = program().map_err(|error| missing(&error))?;
    // It is inherited by threads, and never taken back.
    apply_filter(&filter).map_err(|error| missing(&error))?;
    Ok("seccomp".into())
}

fn program() -> Result<BpfProgram, BackendError> {
    let known = SeccompFilter::new(
        rules()?,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let mut program = not_there().to_vec();
    program.extend(BpfProgram::try_from(known)?);
    Ok(program)
}

/// The first number that does not exist for us; from 424 on they are the same on every
/// architecture. The x32 calls of x86-64, which are known calls by other numbers, are above it.
const UNKNOWN: u32 = 452;

/// The beginning of the program: calls that are answered with ENOSYS. `clone3` and `openat2` have
/// their flags in memory, where a filter cannot look; everyone falls back to `clone` and `openat`.
fn not_there() -> [sock_filter; 5] {
    use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    const NUMBER: u32 = 0;
    let step = |code: u32, k, jt, jf| sock_filter { code: code as u16, jt, jf, k };
    [
        step(BPF_LD | BPF_W | BPF_ABS, NUMBER, 0, 0),
        step(BPF_JMP | BPF_JGE | BPF_K, UNKNOWN, 2, 0),
        step(BPF_JMP | BPF_JEQ | BPF_K, libc::SYS_clone3 as u32, 1, 0),
        step(BPF_JMP | BPF_JEQ | BPF_K, libc::SYS_openat2 as u32, 0, 1),
        step(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32, 0, 0),
    ]
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// No rule for a call means whatever its arguments.
fn rules() -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().chain(REFUSED_OLD).map(|call| (*call, vec![])).collect();

    // A process without CLONE_THREAD is a new one.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![all([when(0, Qword, MaskedEq(thread), 0)?])?]);

    // Our own process may end itself, and asks for its own limits.
    let ourselves = rustix::process::getpid().as_raw_pid() as u64;
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, vec![all([when(0, Dword, Ne, ourselves)?])?]);
    }
    rules.insert(libc::SYS_prlimit64, vec![all([when(0, Dword, Ne, 0)?, when(0, Dword, Ne, ourselves)?])?]);

    // Landlock refuses these as well; older kernels have only this.
    rules.insert(libc::SYS_openat, writing(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, writing(1)?);

    rules.insert(libc::SYS_socket, sockets()?);

    // Typing into somebody's terminal.
    let typing = [libc::TIOCSTI, libc::TIOCLINUX].map(|request| all([when(1, Dword, Eq, request)?]));
    rules.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    Ok(rules)
}

/// Opening a file for anything but reading, by the flags in argument `flags`.
fn writing(flags: u8) -> Result<Vec<SeccompRule>, BackendError> {
    let set = |mask: i32, value: i32| all([when(flags, Dword, MaskedEq(mask as u64), value as u64)?]);
    Ok(vec![
        set(libc::O_ACCMODE, libc::O_WRONLY)?,
        set(libc::O_ACCMODE, libc::O_RDWR)?,
        set(libc::O_CREAT, libc::O_CREAT)?,
        set(libc::O_TRUNC, libc::O_TRUNC)?,
    ])
}

/// Sockets other than those of TCP, UDP, UNIX and the kernel's list of addresses, which name
/// resolution reads: most of a kernel's protocols are seldom used and seldom looked at.
fn sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let family = |op, value: i32| when(0, Dword, op, value as u64);
    // The type shares its argument with flags.
    let raw = || when(1, Dword, MaskedEq(0xf), libc::SOCK_RAW as u64);
    Ok(vec![
        all([
            family(Ne, libc::AF_UNIX)?,
            family(Ne, libc::AF_INET)?,
            family(Ne, libc::AF_INET6)?,
            family(Ne, libc::AF_NETLINK)?,
        ])?,
        all([family(Eq, libc::AF_INET)?, raw()?])?,
        all([family(Eq, libc::AF_INET6)?, raw()?])?,
        all([family(Eq, libc::AF_NETLINK)?, when(2, Dword, Ne, libc::NETLINK_ROUTE as u64)?])?,
    ])
}

fn all<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
}

fn when(
    argument: u8,
    length: SeccompCmpArgLen,
    op: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, length, op, value)
}

/// Refused whatever their arguments, on every architecture. `bind` is not among them: name
/// resolution binds a socket of the kernel's list of addresses, and a filter cannot see to what.
#[rustfmt::skip]
const REFUSED: &[c_long] = &[
    // Programs.
    libc::SYS_execve, libc::SYS_execveat,
    // Being connected to.
    libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4,
    // Other processes.
    libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_process_madvise,
    libc::SYS_process_mrelease, libc::SYS_kcmp, libc::SYS_pidfd_open, libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal, libc::SYS_tkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_migrate_pages, libc::SYS_move_pages,
    // Changing what files there are and whose; Landlock has no right for owners, modes and attributes.
    libc::SYS_mkdirat, libc::SYS_mknodat, libc::SYS_unlinkat, libc::SYS_renameat2, libc::SYS_linkat,
    libc::SYS_symlinkat, libc::SYS_truncate, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown,
    libc::SYS_fchownat, libc::SYS_utimensat, libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr,
    libc::SYS_removexattr, libc::SYS_lremovexattr, libc::SYS_fremovexattr, libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Mounts and namespaces.
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_mount_setattr, libc::SYS_move_mount, libc::SYS_open_tree,
    libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick, libc::SYS_pivot_root,
    libc::SYS_chroot, libc::SYS_unshare, libc::SYS_setns,
    // Being somebody else.
    libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid, libc::SYS_setregid, libc::SYS_setresuid,
    libc::SYS_setresgid, libc::SYS_setfsuid, libc::SYS_setfsgid, libc::SYS_setgroups, libc::SYS_capset,
    libc::SYS_personality,
    // Parts of the kernel that are large, and a usual way into it.
    libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter, libc::SYS_io_uring_register, libc::SYS_io_setup, libc::SYS_io_submit,
    libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl, libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark, libc::SYS_vmsplice, libc::SYS_shmget, libc::SYS_semget, libc::SYS_msgget,
    libc::SYS_mq_open,
    // The machine itself.
    libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module,
    libc::SYS_reboot, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_acct, libc::SYS_quotactl,
    libc::SYS_quotactl_fd, libc::SYS_syslog, libc::SYS_sethostname, libc::SYS_setdomainname,
    libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex,
    libc::SYS_vhangup,
];

/// Calls that only older architectures have, with younger ones in their place elsewhere.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const REFUSED_OLD: &[c_long] = &[
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_creat, libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_mknod,
    libc::SYS_unlink, libc::SYS_rename, libc::SYS_renameat, libc::SYS_link, libc::SYS_symlink,
    libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime, libc::SYS_utimes,
    libc::SYS_futimesat, libc::SYS_kexec_file_load, libc::SYS_modify_ldt, libc::SYS_iopl, libc::SYS_ioperm,
    libc::SYS_uselib, libc::SYS_ustat,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OLD: &[c_long] = &[];

#[cfg(test)]
mod tests;
