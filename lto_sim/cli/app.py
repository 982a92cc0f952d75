"""The application: the list of commands, and what every one of them has in common.

Whatever goes wrong ends in one line on stderr and an exit status: 2 for a value or option that cannot be
used, 1 for a failed run or a failed disk, 130 for Ctrl-C. A traceback means a defect of this package.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from types import FrameType
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from lto_sim.cli import (
    acquire,
    compare,
    design,
    electrical,
    explore,
    fit,
    impedance,
    inspect,
    movie,
    plot,
    quantify,
    render,
    report,
    reproduce,
    resume,
    run,
    scenarios,
    schema,
    status,
    sweep,
    track,
    validate,
)
from lto_sim.cli.logs import split_verbosity, telling
from lto_sim.cli.options import Verbose, Version
from lto_sim.cli.usage import usage_error
from lto_sim.errors import InputError, LtoSimError

__all__ = ["OneLineGroup", "app", "main"]

# The package behind typer.BadParameter differs between versions of typer; its base class does not.
_USAGE_ERROR: Final[Any] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
_USER_INPUT, _FAILURE, _INTERRUPTED, _TERMINATED = 2, 1, 130, 143


class OneLineGroup(TyperGroup):
    """Command group whose errors are one line."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C is caught here, before typer turns it into a silent exit."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            _fail(str(error) or "interrupted; nothing unfinished was left behind", _INTERRUPTED)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line and exit with its status."""
        given = args[0] if args else extra.get("args")
        words, verbosity = split_verbosity(sys.argv[1:] if given is None else given)
        if verbosity:
            args, extra = (words, *args[1:]), {key: value for key, value in extra.items() if key != "args"}
        with warnings.catch_warnings(), telling(verbosity):
            warnings.showwarning = _show_warning
            try:
                status = super().main(*args, **{**extra, "standalone_mode": False})
                sys.stdout.flush()
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(_FAILURE)
            except InputError as error:
                _fail(str(error), _USER_INPUT)
            except LtoSimError as error:
                _fail(str(error), _FAILURE)
            except OSError as error:
                where = f": {error.filename}" if error.filename else ""
                _fail(f"{error.strerror or error}{where}", _FAILURE)
            except MemoryError:
                _fail("out of memory; use larger cells, or see --dry-run for the need", _FAILURE)
            except typer.Abort:
                _fail("interrupted; nothing unfinished was left behind", _INTERRUPTED)
            except _USAGE_ERROR as error:
                _fail(str(usage_error(error, words)), _USER_INPUT)
        sys.exit(status if isinstance(status, int) else 0)


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(f"lto-sim: error: {' '.join(text.split())}", err=True)
    sys.exit(status)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"lto-sim: warning: {' '.join(str(message).split())}", err=True)


app = typer.Typer(
    cls=OneLineGroup,
    name="lto-sim",
    help="Phase-boundary kinetics of Li4Ti5O12 seen through operando STEM-EELS.",
    epilog="Example: lto-sim run a.toml; lto-sim render a.zarr; lto-sim track a_maps.zarr",
    add_completion=True,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
"""The command ``lto-sim``."""


@app.callback()
def _start(context: typer.Context, version: Version = False, verbose: Verbose = 0) -> None:
    if version:
        from lto_sim.provenance import package_version

        typer.echo(f"lto-sim {package_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _module in (
    reproduce, scenarios, run, render, acquire, inspect, quantify, track, fit, compare, electrical, impedance,
    sweep, status, resume, plot, explore, design, report, movie, validate, schema,
):  # fmt: skip
    app.command(_module.NAME, epilog=_module.EXAMPLE)(_module.command)


def main() -> None:
    """Entry point of ``lto-sim``."""
    for name in ("SIGTERM", "SIGHUP"):  # SIGHUP: the terminal is gone; Windows has none
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    app()


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(_TERMINATED)  # as an exception, so that temporaries are removed
