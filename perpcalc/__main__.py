"""The program's entry: the only place that prints an error and picks an exit status."""

import gc
import os

gc.disable()  # what is imported stays: searching it for garbage would cost a short call a tenth of its time
INTERRUPTED = 130
try:
    import signal
except KeyboardInterrupt:
    os._exit(INTERRUPTED)
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # in an import an interrupt would leave a traceback, or be lost; what clears up behind itself asks for an exception
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))

import decimal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

from perpcalc.decimals import CONTEXT  # noqa: E402
from perpcalc.errors import PerpcalcError  # noqa: E402
from perpcalc.render.text import say  # noqa: E402


def main() -> None:
    """Run the command line and leave with 0 (done), 1 (the answer is no), 2 (could not answer) or 130 (interrupted)."""
    _open_streams()
    status = 0
    try:
        status = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # perpcalc ... | head: whoever reads has read enough
        pass
    except OSError as error:  # a full disk
        status = complain(f"{error.filename or 'standard output'}: {error.strerror}: the answer is not complete")
    except KeyboardInterrupt:
        status = INTERRUPTED
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End here: all output is flushed, and taking the interpreter down tidily would cost a short call a tenth of its
    time.
    """
    os._exit(status)


def run(arguments: Sequence[str]) -> int:
    """The exit status of one call; every error that a user can cause has been printed."""
    from perpcalc.cli.calls import read_plainly
    from perpcalc.cli.door import carry_out

    decimal.setcontext(CONTEXT)
    if list(arguments) == ["--version"]:
        return _version()
    try:
        call = read_plainly(arguments)
        return _run_by_typer(arguments) if call is None else carry_out(*call)
    except PerpcalcError as error:
        return complain(error.line(flags=True))


def _run_by_typer(arguments: Sequence[str]) -> int:
    """The same of a call that is not plain, such as one for help or one with a mistake."""
    from typer import Exit, TyperException

    from perpcalc.cli.app import program

    if arguments[:1] == ["help"]:  # perpcalc help solve margin
        arguments = [*(word for word in arguments if word != "help"), "--help"]
    try:
        group = program()
        with group.make_context("perpcalc", list(arguments)) as context:
            status: Any = group.invoke(context)
        return int(status)
    except Exit as leaving:
        return leaving.exit_code
    except TyperException as error:
        return complain(_usage(error, arguments))


def _usage(error: Any, arguments: Sequence[str]) -> str:
    """A usage error in the shape of all others: `where: what: what to do`."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path.removeprefix("perpcalc").strip() if context else arguments[0] if arguments else ""
    return f"{path or 'usage'}: {message}: see {f'perpcalc {path}'.strip()} --help"


def _version() -> int:
    from importlib.metadata import version

    print(version("perpcalc"))
    return 0


def complain(message: str) -> int:
    """Say what went wrong, where there is somebody to hear it; the exit status for it."""
    say(message)
    return 2


def _open_streams() -> None:
    """Streams that can be written to, whatever the shell did to them and whatever their encoding cannot show."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # perpcalc ... >&-: the status still answers
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
