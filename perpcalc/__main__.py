"""The program's entry: the only place that prints an error and picks an exit status."""

import decimal
import os
import sys
from collections.abc import Sequence
from typing import Any

from perpcalc.decimals import CONTEXT
from perpcalc.errors import PerpcalcError


def main() -> None:
    """Run the command line and leave with 0 (done), 1 (the answer is no), 2 (could not answer) or 130 (interrupted)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            status = run(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # perpcalc ... | head
        _forget_output()
        status = 0
    except OSError as error:  # a full disk
        _forget_output()
        _complain(f"standard output: {error.strerror}: the answer is not complete")
        status = 2
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """The exit status of one call; every error that a user can cause has been printed."""
    from typer import Exit, TyperException

    from perpcalc.cli.app import program

    decimal.setcontext(CONTEXT)
    try:
        if list(arguments) == ["--version"]:
            return _version()
        group = program()
        with group.make_context("perpcalc", list(arguments)) as context:
            status: Any = group.invoke(context)
        return int(status or 0)
    except PerpcalcError as error:
        return _complain(str(error))
    except Exit as leaving:
        return leaving.exit_code
    except TyperException as error:
        return _complain(_usage(error))


def _usage(error: Any) -> str:
    """A usage error in the shape of all others: `where: what: what to do`."""
    message = error.format_message().rstrip(".")
    where = error.ctx.command_path.removeprefix("perpcalc").strip() if getattr(error, "ctx", None) else ""
    known = f"see perpcalc {where} --help" if where else "see perpcalc --help"
    return f"{where}: {message}: {known}" if where else f"{message}: {known}"


def _version() -> int:
    from importlib.metadata import version

    print(version("perpcalc"))
    return 0


def _complain(message: str) -> int:
    from perpcalc.render.text import printable

    print(f"perpcalc: {printable(message)}", file=sys.stderr)
    return 2


def _forget_output() -> None:
    """Send what is left in the buffers nowhere, so that the interpreter's own flush at exit is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
