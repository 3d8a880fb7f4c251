"""Writing the user's portfolio: a new file, or positions appended as text to one whose every byte stays."""

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli_w

from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.files import LARGEST_FILE, read
from perpcalc.portfolio import Portfolio, PositionEntry, parse

Row = Mapping[str, Any]
EXAMPLE = Path(__file__).with_name("example.toml")
RATES = frozenset({"funding_rate", "entry_fee", "exit_fee", "mmr", "closing_fee"})


def create(path: str, content: bytes) -> None:
    """Write a new file; raises PerpcalcError where there is one already, or where it cannot be written whole."""
    if path == "-":
        raise PerpcalcError("is standard output", "give the name of a new file").at(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        raise PerpcalcError("exists already", "give a new name, or add to it with perpcalc portfolio add").at(
            path
        ) from None
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "give a name that can be written").at(path) from None
    try:
        try:
            _write(handle, content)
        finally:
            os.close(handle)
    except OSError as error:
        os.unlink(path)
        raise PerpcalcError(f"{error.strerror}", "nothing was written").at(path) from None
    except BaseException:
        os.unlink(path)
        raise


def append(path: str, compose: Callable[[Portfolio], Sequence[Row]]) -> Portfolio:
    """Append the positions that `compose` makes for the portfolio in a file; returns the portfolio as it is then.

    No existing byte changes. The new text is parsed and compared before it replaces the file, so a file that would not load
    back is never written. Raises PerpcalcError, and leaves the file as it was, where anything is in the way.
    """
    if path == "-":
        raise PerpcalcError("is standard input", "give the name of a portfolio file").at(path)
    if not os.path.exists(path):
        raise PerpcalcError("there is no such file", "create it with perpcalc portfolio init").at(path)
    target = Path(os.path.realpath(path))
    try:
        with _alone_in(target.parent):
            old = read(path).raw
            before = parse(old, path)
            rows = compose(before)
            if not rows:
                return before
            new = appended(old, rows)
            after = _read_back(old, new, rows, path)
            _replace(target, old, new, path)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "the file is as it was").at(path) from None
    return after


def appended(old: bytes, rows: Sequence[Row]) -> bytes:
    """The bytes of a file with positions after them, in the file's own line ends.

    >>> appended(b"[prices]", [{"name": "a", "contracts": 5}]).decode().splitlines()
    ['[prices]', '', '[[positions]]', 'name = "a"', 'contracts = 5']
    """
    end = b"\r\n" if b"\r\n" in old else b"\n"
    blocks = "\n".join(block(row) for row in rows).encode().replace(b"\n", end)
    gap = b"" if not old else end if old.endswith(b"\n") else end * 2
    return old + gap + blocks


def block(row: Row) -> str:
    """A position as the lines of a file; its header is written here, for tomli_w may put short tables into one line."""
    return "[[positions]]\n" + tomli_w.dumps(row)


def entry_of(row: Row) -> PositionEntry:
    """The position that a file with these lines would hold."""
    return PositionEntry.model_validate(tomllib.loads(tomli_w.dumps(row), parse_float=str))


def row_of(values: Mapping[str, Any]) -> Row:
    """Values by key as they are written: numbers plain, rates in percent; absent ones left out.

    >>> row_of({"entry": Decimal("62500.5"), "stop": None, "funding_rate": Decimal("0.0001")})
    {'entry': Decimal('62500.5'), 'funding_rate': '0.01%'}
    """
    row: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Decimal):
            row[key] = _percent(value) if key in RATES else _number(value)
        elif key == "fills" and value:
            row[key] = [{"contracts": _number(fill.contracts), "price": _number(fill.price)} for fill in value]
        elif value:
            row[key] = value
    return row


def _number(value: Decimal) -> int | Decimal | str:
    """A number as TOML writes it without an exponent, which the number grammar does not know."""
    if value == value.to_integral_value():
        return int(value)
    return plain(value) if "E" in str(value) else value


def _percent(rate: Decimal) -> str:
    return f"{plain(rate * 100)}%"


def _read_back(old: bytes, new: bytes, rows: Sequence[Row], path: str) -> Portfolio:
    """The portfolio in the new bytes, once it is certain that they add these positions and change nothing else."""
    if len(new) > LARGEST_FILE:
        raise PerpcalcError("would be larger than 16 MiB", "start another file").at(path)
    expected = dict(_tables(old))
    expected["positions"] = [*expected.get("positions", ()), *rows]
    try:
        found = _tables(new)
    except tomllib.TOMLDecodeError:
        raise PerpcalcError(
            "its positions stand in brackets, to which nothing can be appended", "write each as [[positions]]"
        ).at(path) from None
    if found != expected:
        raise PerpcalcError("the new entry does not read back as it was given", "nothing was written").at(path)
    return parse(new, path)


def _tables(raw: bytes) -> Mapping[str, Any]:
    return tomllib.loads(raw.decode("utf-8-sig"), parse_float=Decimal)


def _replace(target: Path, old: bytes, new: bytes, path: str) -> None:
    """Put new bytes in the place of a file in one step, if it still holds the old ones; its mode and owner stay."""
    if not os.access(target, os.W_OK):
        raise PerpcalcError("is write-protected", "make it writable first").at(path)
    status = os.stat(target)
    handle, temporary = tempfile.mkstemp(prefix=".perpcalc-", suffix=".tmp", dir=target.parent)
    try:
        try:
            _write(handle, new)
        finally:
            os.close(handle)
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, status.st_mode & 0o7777)
        if target.read_bytes() != old:
            raise PerpcalcError("was changed by another program in the meantime", "try again").at(path)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _settle(target.parent)


def _write(handle: int, content: bytes) -> None:
    """Write all of it through to the disk."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other perpcalc writes in a folder, and keep others waiting; without locks on a system that has none."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """Have the folder's new entry on the disk too, where the system can; the file itself is there already."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
