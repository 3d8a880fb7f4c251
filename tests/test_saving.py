"""Writing a file: whole or not at all, whatever happens meanwhile; and what a file is besides its bytes stays."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perpcalc import saving
from perpcalc.errors import PerpcalcError
from perpcalc.saving import alone_in, create, replace, write_whole

OLD, NEW = b"old\n" * 1000, b"new\n" * 1500

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing unfinished may be left."""
    folder = tmp_path / "folder"
    folder.mkdir()
    yield folder
    assert [name for name in os.listdir(folder) if name.startswith(".perpcalc")] == []


@pytest.fixture
def book(folder: Path) -> Path:
    """A file that is there already."""
    path = folder / "book"
    path.write_bytes(OLD)
    return path


Write = Callable[[str, bytes], None]
EVERY_WAY = pytest.mark.parametrize("write", [replace, write_whole])


def refusal(write: Callable[..., None], path: object, *more: Any) -> str:
    """What is said where a file is not written, without its name."""
    with pytest.raises(PerpcalcError) as caught:
        write(str(path), NEW, *more)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def failing(function: str, patched: pytest.MonkeyPatch, number: int = errno.ENOSPC) -> None:
    """Have a function of the system fail, as on a full disk."""

    def fail(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    patched.setattr(os, function, fail)


def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written through to the disk, and what gets its name, in order."""
    seen: list[str] = []
    fsync, rename, link = os.fsync, os.replace, os.link

    def fsynced(handle: int) -> None:
        mode = os.fstat(handle).st_mode
        seen.append("folder" if stat.S_ISDIR(mode) else f"file of {os.fstat(handle).st_size}")
        fsync(handle)

    def renamed(*names: Any) -> None:
        seen.append("renamed")
        rename(*names)

    def linked(*names: Any) -> None:
        seen.append("linked")
        link(*names)

    for name, function in (("fsync", fsynced), ("replace", renamed), ("link", linked)):
        monkeypatch.setattr(os, name, function)
    return seen


class TestANewFile:
    @pytest.mark.parametrize("write", [create, write_whole])
    def test_has_the_bytes_and_the_mode_that_new_files_have(self, write: Write, folder: Path) -> None:
        old = os.umask(0o026)
        try:
            write(str(folder / "new"), NEW)
        finally:
            os.umask(old)
        assert (folder / "new").read_bytes() == NEW
        assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o640
        assert (folder / "new").stat().st_nlink == 1

    def test_may_be_named_without_a_folder(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        create("new", NEW)
        write_whole("newer", NEW)
        assert set(os.listdir(folder)) == {"new", "newer"}

    @pytest.mark.parametrize(("write", "named"), [(create, "linked"), (write_whole, "renamed")])
    def test_gets_its_name_when_it_is_on_the_disk_and_the_name_goes_there_too(
        self, write: Write, named: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = synced(monkeypatch)
        write(str(folder / "new"), NEW)
        assert seen == [f"file of {len(NEW)}", named, "folder"]

    @pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere"), os.mkfifo])
    def test_never_takes_a_name_that_is_taken(self, folder: Path, make: Callable[[Path], None]) -> None:
        path = folder / "new"
        make(path)
        before = os.lstat(path)
        assert refusal(create, path) == ("exists already: give a new name, or add to it with perpcalc portfolio add")
        assert os.lstat(path) == before

    def test_nor_one_that_is_taken_at_the_last_moment(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        link = os.link

        def late(*names: Any) -> None:
            (folder / "new").write_bytes(b"another's")
            link(*names)

        monkeypatch.setattr(os, "link", late)
        assert refusal(create, folder / "new").startswith("exists already")
        assert (folder / "new").read_bytes() == b"another's"

    def test_is_written_where_there_are_no_hard_links(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        failing("link", monkeypatch, errno.EPERM)
        create(str(folder / "new"), NEW)
        assert (folder / "new").read_bytes() == NEW
        assert refusal(create, folder / "new").startswith("exists already")
        failing("replace", monkeypatch)
        assert refusal(create, folder / "newer") == "No space left on device: nothing was written"
        assert os.listdir(folder) == ["new"]

    @pytest.mark.parametrize("write", [create, write_whole])
    def test_needs_its_folder(self, write: Write, folder: Path) -> None:
        path = folder / "nowhere" / "new"
        assert refusal(write, path) == "No such file or directory: give a name that can be written"

    @pytest.mark.parametrize(
        ("write", "what"), [(create, "is standard output"), (write_whole, "is no file of its own")]
    )
    def test_is_no_stream(self, write: Write, what: str) -> None:
        assert refusal(write, "-").startswith(what)

    @pytest.mark.parametrize("function", ["write", "fsync"])
    @pytest.mark.parametrize("write", [create, write_whole])
    def test_is_not_there_at_all_on_a_full_disk(
        self, write: Write, function: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            failing(function, patched)
            assert refusal(write, folder / "new") == "No space left on device: nothing was written"
        assert os.listdir(folder) == []


class TestAFileThatIsThere:
    @EVERY_WAY
    def test_gets_the_new_bytes_in_one_step(self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: set[bytes] = set()
        put = os.write

        def slowly(handle: int, content: bytes) -> int:
            seen.add(book.read_bytes())
            return put(handle, content[:99])

        monkeypatch.setattr(os, "write", slowly)
        write(str(book), NEW)
        assert seen == {OLD}
        assert book.read_bytes() == NEW

    @EVERY_WAY
    def test_is_on_the_disk_before_it_takes_the_place(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = synced(monkeypatch)
        write(str(book), NEW)
        assert seen == [f"file of {len(NEW)}", "renamed", "folder"]

    @EVERY_WAY
    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o4755])
    def test_keeps_its_mode(self, write: Write, book: Path, mode: int) -> None:
        book.chmod(mode)
        write(str(book), NEW)
        assert stat.S_IMODE(book.stat().st_mode) == mode

    @EVERY_WAY
    def test_is_never_readable_by_more_people_than_before(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = set[int]()
        fsync = os.fsync

        def look(handle: int) -> None:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                seen.add(stat.S_IMODE(os.fstat(handle).st_mode))
            fsync(handle)

        monkeypatch.setattr(os, "fsync", look)
        book.chmod(0o600)
        write(str(book), NEW)
        assert seen == {0o600}

    @as_root
    @EVERY_WAY
    def test_keeps_its_owner_and_its_group(self, write: Write, book: Path) -> None:
        book.chmod(0o640)
        os.chown(book, 12345, 23456)
        write(str(book), NEW)
        assert (book.stat().st_uid, book.stat().st_gid) == (12345, 23456)
        assert stat.S_IMODE(book.stat().st_mode) == 0o640

    @EVERY_WAY
    def test_is_refused_where_the_owner_cannot_be_kept(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look = os.stat

        def of_another(path: Any, **more: Any) -> os.stat_result:
            found = list(look(path, **more))
            if Path(path) == book:
                found[stat.ST_GID] += 1
            return os.stat_result(found)

        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", of_another)
            failing("chown", patched, errno.EPERM)
            message = refusal(write, book)
        assert message == (
            "belongs to a user or group that a new file cannot be given to: let its owner write it, or change a copy"
        )
        assert book.read_bytes() == OLD

    @EVERY_WAY
    def test_keeps_its_attributes(self, write: Write, book: Path) -> None:
        try:
            os.setxattr(book, "user.note", b"mine")
        except (OSError, AttributeError):
            pytest.skip("the system has no attributes here")
        write(str(book), NEW)
        assert os.getxattr(book, "user.note") == b"mine"

    @EVERY_WAY
    def test_its_other_attributes_are_copied_and_those_that_cannot_be_are_left(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept: dict[str, bytes] = {}

        def keep(path: str, name: str, value: bytes) -> None:
            if name == "security.x":
                raise OSError(errno.EPERM, "")
            kept[name] = value
            assert Path(path).name.startswith(".perpcalc-")

        monkeypatch.setattr(os, "listxattr", lambda path: ["security.x", "system.posix_acl_access"], raising=False)
        monkeypatch.setattr(os, "getxattr", lambda path, name: f"{name} of {path}".encode(), raising=False)
        monkeypatch.setattr(os, "setxattr", keep, raising=False)
        write(str(book), NEW)
        assert kept == {"system.posix_acl_access": f"system.posix_acl_access of {book}".encode()}
        assert book.read_bytes() == NEW

    @EVERY_WAY
    def test_a_link_to_it_stays_a_link(self, write: Write, book: Path, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(Path("folder") / "book")
        write(str(link), NEW)
        assert link.is_symlink()
        assert not book.is_symlink()
        assert book.read_bytes() == NEW
        assert set(os.listdir(tmp_path)) == {"folder", "link"}

    @EVERY_WAY
    def test_with_another_name_is_refused_for_that_would_keep_the_old_bytes(self, write: Write, book: Path) -> None:
        os.link(book, book.with_name("other"))
        assert refusal(write, book) == (
            "has another name (a hard link), which would keep the old file: change a copy, or remove the other names"
        )
        os.link(book, book.with_name(".perpcalc-mine"))
        os.link(book, book.with_name("mine.tmp"))
        assert refusal(write, book).startswith("has 3 other names (hard links), which would keep the old file")
        assert len(os.listdir(book.parent)) == 4
        book.with_name(".perpcalc-mine").unlink()
        assert book.read_bytes() == OLD

    @EVERY_WAY
    def test_whose_other_name_is_what_a_killed_create_left_is_written(self, write: Write, book: Path) -> None:
        os.link(book, book.with_name(".perpcalc-0123.tmp"))
        stranger = book.with_name(".perpcalc-4567.tmp")
        stranger.write_bytes(b"another's, unfinished")
        write(str(book), NEW)
        assert book.read_bytes() == NEW
        assert stranger.read_bytes() == b"another's, unfinished"
        stranger.unlink()

    @EVERY_WAY
    def test_that_is_write_protected_is_refused(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        book.chmod(0o444)
        if os.geteuid() == 0:  # who may write everything
            monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
        assert refusal(write, book) == "is write-protected: make it writable first"

    @as_user
    @EVERY_WAY
    def test_in_a_folder_that_is_write_protected_is_refused(self, write: Write, book: Path) -> None:
        book.parent.chmod(0o555)
        try:
            assert refusal(write, book) == "Permission denied: the file is as it was"
        finally:
            book.parent.chmod(0o755)

    @EVERY_WAY
    @pytest.mark.parametrize("function", ["write", "fsync", "replace", "chmod"])
    def test_is_as_it_was_on_a_full_disk(
        self, write: Write, function: str, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            failing(function, patched)
            assert refusal(write, book) == "No space left on device: the file is as it was"
        assert book.read_bytes() == OLD
        assert os.listdir(book.parent) == [book.name]

    @EVERY_WAY
    def test_is_as_it_was_after_an_interruption(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(handle: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(str(book), NEW)
        assert book.read_bytes() == OLD

    @EVERY_WAY
    def test_on_a_system_without_owners_and_attributes_is_written(
        self, write: Write, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("chown", "listxattr", "O_NONBLOCK"):
            monkeypatch.delattr(os, name, raising=False)
        write(str(book), NEW)
        assert book.read_bytes() == NEW


class TestWhatOthersDoMeanwhile:
    """`replace` knows the bytes that were read."""

    def test_a_file_that_is_as_it_was_read_is_replaced(self, book: Path) -> None:
        replace(str(book), NEW, OLD)
        assert book.read_bytes() == NEW

    @pytest.mark.parametrize("now", [OLD + b"# saved by an editor\n", OLD[:-1], b""])
    def test_what_an_editor_saved_is_not_lost(self, book: Path, now: bytes) -> None:
        book.write_bytes(now)
        assert refusal(replace, book, OLD) == "was changed by another program in the meantime: try again"
        assert book.read_bytes() == now

    def test_nor_what_it_saves_while_the_new_file_is_written(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        chmod = os.chmod

        def late(*arguments: Any) -> None:
            chmod(*arguments)
            book.write_bytes(b"saved by an editor")

        monkeypatch.setattr(os, "chmod", late)
        assert refusal(replace, book, OLD).startswith("was changed by another program")
        assert book.read_bytes() == b"saved by an editor"

    @pytest.mark.parametrize(
        "become",
        [Path.unlink, lambda path: (path.unlink(), path.mkdir()), lambda path: (path.unlink(), os.mkfifo(path))],
    )
    def test_what_is_no_file_any_more_is_not_replaced(self, book: Path, become: Callable[[Path], object]) -> None:
        become(book)
        before = os.listdir(book.parent)
        assert refusal(replace, book, OLD)
        assert os.listdir(book.parent) == before

    @pytest.mark.parametrize("become", [Path.unlink, lambda path: (path.unlink(), os.mkfifo(path))])
    def test_nor_what_stops_to_be_one_while_the_new_file_is_written(
        self, book: Path, become: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chmod = os.chmod

        def late(*arguments: Any) -> None:
            chmod(*arguments)
            become(book)

        monkeypatch.setattr(os, "chmod", late)
        assert refusal(replace, book, OLD) == "was changed by another program in the meantime: try again"
        assert not book.is_file()


class TestAPicture:
    def test_does_not_replace_what_is_read(self, book: Path, tmp_path: Path) -> None:
        for other in (book, book.parent / "." / "book", tmp_path / "link"):
            if other.name == "link":
                other.symlink_to(book)
            for target in (book, other):
                assert refusal(write_whole, target, ["-", str(other), "nowhere", "a\0"]) == (
                    "is a file that is read: give the new one another name"
                )
        assert book.read_bytes() == OLD
        write_whole(str(book), NEW, [str(book.parent), "nowhere"])
        assert book.read_bytes() == NEW

    def test_nor_what_is_read_from_standard_input(self, book: Path) -> None:
        program = "import sys; from perpcalc.saving import write_whole; write_whole(sys.argv[1], b'new', ['-'])"
        with book.open("rb") as stdin:
            done = subprocess.run(
                [sys.executable, "-c", program, str(book)], stdin=stdin, capture_output=True, text=True, check=False
            )
        assert "is a file that is read: give the new one another name" in done.stderr
        assert book.read_bytes() == OLD

    @pytest.mark.parametrize("path", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/2"])
    def test_is_no_stream(self, path: str) -> None:
        assert refusal(write_whole, path) == ("is no file of its own: give the name of one, or - for standard output")

    def test_does_not_wait_for_a_fifo_or_a_device(self, folder: Path) -> None:
        os.mkfifo(folder / "fifo")
        assert refusal(write_whole, folder / "fifo") == "is not a regular file: give one"
        assert stat.S_ISFIFO(os.stat(folder / "fifo").st_mode)
        assert refusal(write_whole, "/dev/null") == "is not a regular file: give one"
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
        assert refusal(write_whole, folder) == "is a directory: give a file"

    def test_through_a_link_to_nothing_is_written_where_it_points(self, folder: Path) -> None:
        (folder / "link").symlink_to("new")
        write_whole(str(folder / "link"), NEW)
        assert (folder / "link").is_symlink()
        assert (folder / "new").read_bytes() == NEW

    @pytest.mark.parametrize("path", ["a\0b", "\udcff\ud800"])
    def test_needs_a_name_that_a_file_can_have(self, path: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        for write in (write_whole, create, replace):
            assert refusal(write, path) == "is not the name of a file: give one"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="the system shows no descriptors")
def test_no_file_stays_open(book: Path) -> None:
    before = os.listdir("/proc/self/fd")
    create(str(book.with_name("new")), NEW)
    replace(str(book), NEW, OLD)
    write_whole(str(book.with_name("newer")), NEW)
    with alone_in(str(book.parent), pytest.fail):
        pass
    assert os.listdir("/proc/self/fd") == before


KILLED = """
import os, signal, sys
from perpcalc import saving

way, function, path = sys.argv[1:]
real = getattr(os, function)
def kill(*arguments, **more):
    if function == "write":
        real(arguments[0], arguments[1][:99])
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, function, kill)
getattr(saving, way)(path, b"new\\n" * 1500)
"""


@pytest.mark.parametrize(
    ("way", "function"),
    [
        ("create", "write"), ("create", "fsync"), ("create", "link"), ("create", "unlink"),
        ("replace", "write"), ("replace", "chmod"), ("replace", "replace"),
    ],
)  # fmt: skip
def test_kill_9_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path, way: str, function: str) -> None:
    path = tmp_path / "book"
    if way == "replace":
        path.write_bytes(OLD)
    done = subprocess.run([sys.executable, "-c", KILLED, way, function, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    held = path.read_bytes() if path.exists() else None
    assert held == (NEW if function == "unlink" else OLD if way == "replace" else None)
    if held is None:
        create(str(path), NEW)
    else:
        replace(str(path), NEW, held)
    assert path.read_bytes() == NEW


class TestOneAtATime:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(saving, "MOMENT", 0.05)

    def test_a_free_folder_is_had_without_a_word(self, folder: Path) -> None:
        said: list[str] = []
        other = os.open(folder, os.O_RDONLY)
        with alone_in(str(folder), said.append), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        assert said == []

    def test_another_that_writes_is_waited_for_and_said_after_a_moment(self, folder: Path) -> None:
        other = os.open(folder, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        said: list[str] = []

        def tell(message: str) -> None:
            said.append(message)
            os.close(other)

        with alone_in(str(folder), tell):
            assert said == [f"another perpcalc writes in {folder}: waiting for it"]

    def test_however_long_it_takes_the_other_is_waited_for(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        other = os.open(folder, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr(saving, "MOMENT", 0)
        said, entered = threading.Event(), threading.Event()

        def write() -> None:
            with alone_in(str(folder), lambda text: said.set()):
                entered.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert said.wait(30)
        assert not entered.wait(0.1)
        os.close(other)
        writer.join(30)
        assert entered.is_set()

    def test_a_short_wait_is_not_said(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        other = os.open(folder, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        said: list[str] = []
        monkeypatch.setattr(saving, "MOMENT", 30)
        monkeypatch.setattr(saving.time, "sleep", lambda seconds: os.close(other))
        with alone_in(str(folder), said.append):
            assert said == []

    def test_where_there_are_no_locks_nobody_waits(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(*arguments: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        with monkeypatch.context() as patched:
            patched.setattr(fcntl, "flock", none)
            with alone_in(str(folder), pytest.fail):
                pass
        monkeypatch.setitem(sys.modules, "fcntl", None)
        with alone_in(str(folder), pytest.fail):
            pass
