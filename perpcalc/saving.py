"""Writing a file: whoever reads it, also after a crash or on a full disk, finds the old one or the new one, whole."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator

from perpcalc.errors import PerpcalcError
from perpcalc.files import descriptor_of, read

PREFIX, SUFFIX = ".perpcalc-", ".tmp"
MOMENT = 0.5
GLANCE = 0.02


def create(path: str, content: bytes) -> None:
    """Write a new file; raises PerpcalcError where its name is taken, or where it cannot be written whole."""
    if path == "-":
        raise PerpcalcError("is standard output", "give the name of a new file").at(path)
    with placed(path):
        if os.path.lexists(path):
            raise _taken()
        folder = os.path.dirname(path) or "."
        with _written(folder, content, 0o666, "give a name that can be written") as temporary:
            _name(temporary, path)
        _settle(folder)


def replace(path: str, content: bytes, old: bytes | None = None) -> None:
    """Put new bytes in the place of a file in one step; its mode, its owner and a link to it stay.

    Raises PerpcalcError, and leaves the file as it was, where it is no longer `old`, where it has other names (hard
    links, which would keep the old bytes), where its owner cannot be kept, or where anything else is in the way.
    """
    with placed(path, "the file is as it was"):
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        try:
            status = os.stat(target)
        except FileNotFoundError:
            raise _changed() from None
        _need_replaceable(target, status)
        with _written(folder, content, 0o600) as temporary:
            _keep_owner(temporary, status)
            _keep_attributes(temporary, target)
            os.chmod(temporary, stat.S_IMODE(status.st_mode))
            if old is not None and not _holds(target, old):
                raise _changed()
            os.replace(temporary, target)
        _settle(folder)


def write_whole(path: str, content: bytes, reading: Iterable[str] = ()) -> None:
    """Write a file that the program makes anew each time, a picture or a venue's rules; one that is there is replaced.

    Raises PerpcalcError, and leaves what is there, where it is one of the files in `reading`, or no regular file: a
    FIFO or a device is not waited for.
    """
    with placed(path):
        if path == "-" or descriptor_of(path) is not None:
            raise PerpcalcError("is no file of its own", "give the name of one, or - for standard output")
        target = os.path.realpath(path)
        if not os.path.exists(target):
            folder = os.path.dirname(target)
            with _written(folder, content, 0o666, "give a name that can be written") as temporary:
                os.replace(temporary, target)
            _settle(folder)
            return
        status = os.stat(target)
        if any(_is(other, status) for other in reading):
            raise PerpcalcError("is a file that is read", "give the new one another name")
    replace(path, content)


@contextlib.contextmanager
def alone_in(folder: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other perpcalc writes in a folder, and keep others waiting; `tell` is told of a wait after a
    moment.

    Without locks on a system, or in a folder, that has none.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            end = time.monotonic() + MOMENT
            while not _locked(handle) and time.monotonic() < end:
                time.sleep(GLANCE)
            if not _locked(handle):
                tell(f"another perpcalc writes in {folder}: waiting for it")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def placed(path: str, remedy: str = "nothing was written") -> Iterator[None]:
    """What goes wrong inside, as an error that names the file."""
    try:
        yield
    except PerpcalcError as error:
        raise error.at(path) from None
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", remedy).at(path) from None
    except ValueError:
        raise PerpcalcError("is not the name of a file", "give one").at(path) from None


def _taken() -> PerpcalcError:
    return PerpcalcError("exists already", "give a new name, or add to it with perpcalc portfolio add")


def _locked(handle: int) -> bool:
    """Whether the lock is ours, now or before."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _written(folder: str, content: bytes, mode: int, remedy: str = "the file is as it was") -> Iterator[str]:
    """A new file in a folder, on the disk with all its bytes; gone afterwards, unless it got another name."""
    temporary = os.path.join(folder, f"{PREFIX}{os.urandom(8).hex()}{SUFFIX}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", remedy) from None
    try:
        try:
            _write(handle, content)
        finally:
            os.close(handle)
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _write(handle: int, content: bytes) -> None:
    """Write all of it through to the disk."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


def _name(temporary: str, path: str) -> None:
    """Give a file its name, which must be free."""
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: the name is taken before the file is there
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            try:
                os.replace(temporary, path)
            except BaseException:
                os.unlink(path)
                raise
    except FileExistsError:
        raise _taken() from None


def _need_replaceable(target: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PerpcalcError("is a directory", "give a file")
    if not stat.S_ISREG(status.st_mode):
        raise PerpcalcError("is not a regular file", "give one")
    if not os.access(target, os.W_OK):
        raise PerpcalcError("is write-protected", "make it writable first")
    if status.st_nlink > 1 and (others := status.st_nlink - 1 - _forget_leftovers(target, status)):
        names = "another name (a hard link)" if others == 1 else f"{others} other names (hard links)"
        raise PerpcalcError(f"has {names}, which would keep the old file", "change a copy, or remove the other names")


def _forget_leftovers(target: str, status: os.stat_result) -> int:
    """Remove the names that a `create` which was killed left beside its file; how many there were."""
    with os.scandir(os.path.dirname(target)) as entries:
        ours = [entry.path for entry in entries if entry.name.startswith(PREFIX) and entry.name.endswith(SUFFIX)]
    same = [path for path in ours if os.path.samestat(os.lstat(path), status)]
    for path in same:
        os.unlink(path)
    return len(same)


def _keep_owner(temporary: str, status: os.stat_result) -> None:
    made = os.stat(temporary)
    if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
        try:
            os.chown(temporary, status.st_uid, status.st_gid)
        except PermissionError:
            raise PerpcalcError(
                "belongs to a user or group that a new file cannot be given to",
                "let its owner write it, or change a copy",
            ) from None


def _keep_attributes(temporary: str, target: str) -> None:
    """Give a file the access list and the other attributes of another, as far as the system has them."""
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                with contextlib.suppress(OSError):
                    os.setxattr(temporary, name, os.getxattr(target, name))


def _changed() -> PerpcalcError:
    return PerpcalcError("was changed by another program in the meantime", "try again")


def _holds(path: str, content: bytes) -> bool:
    try:
        return read(path, own_stdin=False).raw == content
    except PerpcalcError:
        return False


def _is(path: str, status: os.stat_result) -> bool:
    """Whether a file that is read, standard input for `-`, is this one."""
    try:
        return os.path.samestat(os.fstat(0) if path == "-" else os.stat(path), status)
    except (OSError, ValueError):
        return False


def _settle(folder: str) -> None:
    """Have the folder's new entry on the disk too, where the system can; the file itself is there already."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
