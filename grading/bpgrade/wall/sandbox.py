"""The wall itself: Linux namespaces, a file tree of its own, limits, no capabilities, a list of denied system calls.

Plain ctypes on libc and no package beside the standard library, for this runs in processes that hold little else.
`enter` is called once by the process that all kernels are forked from, `confine` by every kernel after its fork.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_NEWCGROUP, CLONE_NEWTIME = 0x02000000, 0x00000080
ALL_NEW = (
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
    | CLONE_NEWCGROUP | CLONE_NEWTIME
)  # fmt: skip
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18, 1 << 21,
)  # fmt: skip
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_DUMPABLE = 1, 24, 38, 22, 4

MEMORY = 3 << 30
TMP_SIZE = 64 << 20
PROCESSES = 64
OPEN_FILES = 256
FIRST_UID = 200_000
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "localtime", "mime.types", "ssl/openssl.cnf")
DEVICES = ("null", "zero", "full", "random", "urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> int:
    """Call a function of libc; raises OSError with its name if it fails."""
    values = [arg if not isinstance(arg, str) else arg.encode() for arg in args]
    result: int = getattr(_libc, name)(*values)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave namespaces shared with others."""
    call("unshare", flags)


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount something."""
    call("mount", source, target, kind, ctypes.c_ulong(flags), data)


def prctl(option: int, value: int = 0) -> None:
    """Change something about this process."""
    call("prctl", option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def enter_user_namespace() -> None:
    """Without root: become root of a user namespace that maps to nobody but oneself."""
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def enter(course: Path, root: Path, folders: list[str], hidden: list[str]) -> None:
    """Take this process into a file tree that holds the system, Python and `course`, all read-only, and nothing else.

    The caller is the first process of new pid, mount, net, ipc and uts namespaces.

    Args:
        course: folder with the sealed edition, seen inside as /course.
        root: an empty folder to build the tree in.
        folders: where Python and its packages lie.
        hidden: folders that must not be seen although they lie in one that is bound.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", str(root), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    for name in ("proc", "tmp", "old"):
        (root / name).mkdir()
    # First of all, for Python may lie below /tmp.
    mount("tmpfs", str(root / "tmp"), "tmpfs", MS_NOSUID | MS_NODEV, "size=8m,mode=700")
    for folder in _bound(folders, hidden):
        _bind(folder, root, hidden)
    _bind_to(str(course), root / "course")
    _make_etc(root)
    _make_dev(root)
    mount("proc", str(root / "proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    call("syscall", _number("pivot_root"), str(root).encode(), str(root / "old").encode())
    os.chdir("/")
    call("umount2", "/old", MNT_DETACH)
    os.rmdir("/old")
    for folder in ("/", *(path for path in hidden if os.path.ismount(path))):
        _make_readonly(folder)


def _bound(folders: list[str], hidden: list[str]) -> list[str]:
    """The system's folders, this environment and its Python, outer ones first; those inside others are seen already."""
    found: list[str] = []
    for folder in sorted(folder for folder in {*SYSTEM, *folders} if os.path.lexists(folder)):
        covered = any(_inside(folder, path) for path in hidden)
        if covered or not any(_inside(folder, other) for other in found):
            found.append(folder)
    return found


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _bind(folder: str, root: Path, hidden: list[str]) -> None:
    target = root / folder.lstrip("/")
    if os.path.islink(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.readlink(folder))
        return
    _bind_to(folder, target)
    for path in hidden:
        if _inside(path, folder) and os.path.isdir(path):
            mount("tmpfs", str(root / path.lstrip("/")), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k")


def _bind_to(source: str, target: Path, device: bool = False) -> None:
    if os.path.isdir(source):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, str(target), None, MS_BIND | MS_REC)
    for inner in _mounts(str(target)):
        _make_readonly(inner, 0 if device else MS_NODEV)


def _mounts(below: str) -> list[str]:
    """Where something is mounted at or below a folder."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = {line.split()[4].replace("\\040", " ") for line in lines}
    return sorted(place for place in places if _inside(place, below))


def _make_readonly(target: str, more: int = MS_NODEV) -> None:
    """Remount read-only; what the original mount already forbids must be asked for again in a user namespace."""
    seen = os.statvfs(target).f_flag
    kept = sum(flag for mark, flag in _KEPT.items() if seen & mark)
    kept |= 0 if seen & os.ST_NOATIME else MS_RELATIME
    mount("none", target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept | more)


_KEPT = {
    os.ST_NODEV: MS_NODEV,
    os.ST_NOEXEC: MS_NOEXEC,
    os.ST_NOATIME: 1024,
    os.ST_NODIRATIME: 2048,
}


def _make_etc(root: Path) -> None:
    etc = root / "etc"
    etc.mkdir(exist_ok=True)
    for name in ETC:
        if os.path.exists(f"/etc/{name}"):
            _bind_to(os.path.realpath(f"/etc/{name}"), etc / name)
    (etc / "passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\nstudent:x:65534:65534:student:/tmp:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\nstudent:x:65534:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")


def _make_dev(root: Path) -> None:
    dev = root / "dev"
    dev.mkdir(exist_ok=True)
    for name in DEVICES:
        _bind_to(f"/dev/{name}", dev / name, device=True)
    (dev / "shm").mkdir()
    (dev / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")


def confine(slot: int, seconds: int) -> None:
    """Shut this freshly forked process, the first of its own pid namespace, off from everything.

    Args:
        slot: a number that no other kernel of this machine has at the same time; it becomes the user id.
        seconds: processor time after which the kernel is killed.
    """
    root = os.getuid() == 0 and not _in_user_namespace()
    uid = FIRST_UID + slot if root else 0
    unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    owner = f"uid={uid},gid={uid},mode=700"
    _private_tmp(f"size={TMP_SIZE},nr_inodes=8k,{owner}")
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"size=8m,nr_inodes=1k,{owner}")
    call("sethostname", "lesson", 6)
    _shield_proc()
    limit(seconds)
    drop_privileges(uid if root else None)
    deny_system_calls()


def _private_tmp(data: str) -> None:
    """A new /tmp, in which only what Python needs, if it lies there, is seen again."""
    held = [(place, os.open(place, os.O_PATH)) for place in _mounts("/tmp") if place != "/tmp"]
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, data)
    for place, descriptor in held:
        os.makedirs(place, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", place, None, MS_BIND)
        _make_readonly(place)
        os.close(descriptor)


def _in_user_namespace() -> bool:
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def _shield_proc() -> None:
    """Make what a root of this namespace could still write to in /proc read-only."""
    for name in ("sys", "sysrq-trigger", "irq", "bus", "fs"):
        if os.path.exists(f"/proc/{name}"):
            mount(f"/proc/{name}", f"/proc/{name}", None, MS_BIND | MS_REC)
            mount("none", f"/proc/{name}", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


def limit(seconds: int) -> None:
    """Limit memory, processes, files and processor time of this process and of those it starts."""
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_FSIZE, TMP_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_MEMLOCK, 1 << 16),
        (resource.RLIMIT_MSGQUEUE, 0),
    )
    for which, most in limits:
        _, hard = resource.getrlimit(which)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (value, value))


def drop_privileges(uid: int | None) -> None:
    """Give up every capability for good, and the user id too if another is given."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno != errno.EINVAL:  # EINVAL: this kernel knows no capability of that number
                raise
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = struct.pack("=Ii", 0x20080522, 0)
    call("capset", header, bytes(24))
    prctl(PR_SET_NO_NEW_PRIVS, 1)


# Denied calls, by their numbers on the two machines that the grader knows.
_CALLS = {
    "x86_64": {
        "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "kexec_load": 246, "kexec_file_load": 320, "bpf": 321,
        "perf_event_open": 298, "keyctl": 250, "add_key": 248, "request_key": 249, "userfaultfd": 323,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_by_handle_at": 304,
        "name_to_handle_at": 303, "init_module": 175, "finit_module": 313, "delete_module": 176, "reboot": 169,
        "swapon": 167, "swapoff": 168, "syslog": 103, "acct": 163, "quotactl": 179, "settimeofday": 164,
        "clock_settime": 227, "adjtimex": 159, "personality": 135, "mknod": 133, "mknodat": 259, "lookup_dcookie": 212,
        "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "move_mount": 429, "open_tree": 428,
        "mount_setattr": 442, "pidfd_getfd": 438, "kcmp": 312, "memfd_secret": 447, "iopl": 172, "ioperm": 173,
        "vhangup": 153, "nfsservctl": 180, "modify_ldt": 154, "clone": 56, "clone3": 435, "socket": 41,
    },
    "aarch64": {
        "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "ptrace": 117,
        "process_vm_readv": 270, "process_vm_writev": 271, "kexec_load": 104, "kexec_file_load": 294, "bpf": 280,
        "perf_event_open": 241, "keyctl": 219, "add_key": 217, "request_key": 218, "userfaultfd": 282,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_by_handle_at": 265,
        "name_to_handle_at": 264, "init_module": 105, "finit_module": 273, "delete_module": 106, "reboot": 142,
        "swapon": 224, "swapoff": 225, "syslog": 116, "acct": 89, "quotactl": 60, "settimeofday": 170,
        "clock_settime": 112, "adjtimex": 171, "personality": 92, "mknodat": 33, "lookup_dcookie": 18,
        "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "move_mount": 429, "open_tree": 428,
        "mount_setattr": 442, "pidfd_getfd": 438, "kcmp": 272, "memfd_secret": 447, "vhangup": 58,
        "nfsservctl": 42, "clone": 220, "clone3": 435, "socket": 198,
    },
}  # fmt: skip
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOWED_FAMILIES = (0, 1, 2, 10)  # none, unix, IPv4, IPv6; the namespace has no interface for the last two
_LOAD, _EQUAL, _SET, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def supported_machine() -> bool:
    """Whether the numbers of this machine's system calls are known."""
    return platform.machine() in _CALLS and sys.platform == "linux"


def _number(name: str) -> int:
    return _CALLS[platform.machine()][name]


def deny_system_calls(denied: dict[str, int] | None = None) -> None:
    """Deny the system calls that a lesson has no use for; cannot be undone, and children inherit it.

    Args:
        denied: names and numbers of calls; by default everything that the table above lists.
    """
    machine = platform.machine()
    calls = dict(_CALLS[machine] if denied is None else denied)
    clone, clone3, open_socket = (calls.pop(name, None) for name in ("clone", "clone3", "socket"))
    refuse = _ERRNO | errno.EPERM
    program = [
        (_LOAD, 0, 0, 4),  # the machine
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # the number of the call
    ]
    if machine == "x86_64":  # the x32 numbers are the same calls by other numbers
        program += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, refuse)]
    for number in calls.values():
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    if clone3 is not None:  # its flags lie in memory, out of reach; without it libc falls back to clone
        program += [(_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    if clone is not None:
        program += [
            (_EQUAL, 0, 4, clone),
            (_LOAD, 0, 0, 16),
            (_SET, 0, 1, ALL_NEW),
            (_RETURN, 0, 0, refuse),
            (_RETURN, 0, 0, _ALLOW),
        ]
    if open_socket is not None:
        families = [(_EQUAL, len(_ALLOWED_FAMILIES) - i, 0, family) for i, family in enumerate(_ALLOWED_FAMILIES)]
        program += [
            (_EQUAL, 0, len(families) + 3, open_socket),
            (_LOAD, 0, 0, 16),
            *families,
            (_RETURN, 0, 0, refuse),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program.append((_RETURN, 0, 0, _ALLOW))
    _install(program)


def _install(program: list[tuple[int, int, int, int]]) -> None:
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code)
    filter_ = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    call("prctl", PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.byref(filter_), ctypes.c_ulong(0), ctypes.c_ulong(0))
