"""A place with nothing: no home, a package that cannot be written, only a temporary directory, no network."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import lto_sim

__all__ = ["PACKAGE", "BarePlace", "bare_place"]

PACKAGE = Path(lto_sim.__file__).parent
CLOSED = """
import socket, sys
def refuse(self, address, *more):
    raise AssertionError(f"a connection to {address}")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.getaddrinfo = socket.gethostbyname = lambda *words, **more: refuse(None, words)
"""
"""Run before anything else: whatever opens a connection fails."""

COMMANDS = """
from lto_sim.cli import app
for words in {lines!r}:
    try:
        app(words)
    except SystemExit as end:
        if end.code:
            raise
"""


READ_ONLY = """
for place in {places}; do
    mount --bind "$place" "$place" && mount -o remount,ro,bind "$place" || exit 1
done
exec "$@"
"""
"""Shell script that makes directories read-only for what it starts, in mounts of its own."""


class BarePlace:
    """A directory with work and temporary files in it; package and home are read-only where that can be had.

    A user's rights would not do: they mean nothing to root.
    """

    def __init__(self, folder: Path) -> None:
        self.work, self.temporary = folder / "work", folder / "tmp"
        for part in (folder, self.work, self.temporary):
            part.mkdir(exist_ok=True)
        self.launcher: list[str] = []
        for launcher in _launchers():
            if subprocess.run([*launcher, "true"], capture_output=True, check=False).returncode == 0:
                self.launcher = launcher
                break

    def python(self, code: str, **extra: str) -> str:
        """Run code; what it prints. Nothing may come on stderr, and no temporary file stays."""
        environment = {
            "PATH": os.environ.get("PATH", ""), "TMPDIR": str(self.temporary), "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", **extra,
        }  # fmt: skip
        if "NUMBA_CACHE_DIR" in os.environ:  # where the kernels are compiled already
            environment["NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
        done = subprocess.run(
            [*self.launcher, sys.executable, "-c", CLOSED + code], cwd=self.work, capture_output=True,
            text=True, encoding="utf-8", env=environment, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == "", done.stderr
        left = list(self.temporary.iterdir())
        assert left == [], left
        return done.stdout

    def commands(self, *lines: Sequence[str], **extra: str) -> str:
        """Run command lines in one process, as `python` does."""
        return self.python(COMMANDS.format(lines=[list(line) for line in lines]), **extra)


def _launchers() -> Iterator[list[str]]:
    """Ways to start a program that cannot write to package and home, as root and as another user."""
    unshare = shutil.which("unshare")
    places = {PACKAGE, Path.home()} - {Path("/")}
    script = READ_ONLY.format(places=" ".join(shlex.quote(str(place)) for place in sorted(places)))
    for options in (["-m"], ["-r", "-m"]) if unshare else ():
        yield [str(unshare), *options, "sh", "-c", script, "sh"]


@contextmanager
def bare_place() -> Iterator[BarePlace]:
    """Make one, outside of directories that belong to somebody."""
    folder = Path(tempfile.mkdtemp(prefix="bare_"))
    try:
        yield BarePlace(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
