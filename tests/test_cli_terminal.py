"""Colours and progress bars belong on a terminal, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pty = pytest.importorskip("pty")

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|38|4[0-7]|48|9[0-7])[0-9;]*m")
PROGRESS = (
    "from lto_sim.cli.show import progress_bar\n"
    "with progress_bar('simulating') as tell:\n"
    "    print('bar' if tell else 'no bar', flush=True)\n"
    "    for part in (0.2, 0.7, 1.0):\n"
    "        tell and tell(part)\n"
)


def on_a_terminal(command: list[str], cwd: Path, **extra: str) -> str:
    """What a command writes to a terminal, stdout and stderr together."""
    parent, child = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR", "CI"}}
    process = subprocess.Popen(
        command, cwd=cwd, stdin=child, stdout=child, stderr=child,
        env={**environment, "TERM": "xterm-256color", **extra},
    )  # fmt: skip
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # Linux ends a terminal so
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait(timeout=120) == 0, shown
    return shown.decode("utf-8")


def through_a_pipe(command: list[str], cwd: Path, **extra: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True,
        env={**os.environ, **extra},
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_bar_moves_on_a_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal([sys.executable, "-c", PROGRESS], tmp_path)
    assert "bar" in shown
    assert "no bar" not in shown
    assert ESCAPE in shown
    assert COLOUR.search(shown)


def test_no_color_leaves_the_bar_and_takes_its_colours(tmp_path: Path) -> None:
    shown = on_a_terminal([sys.executable, "-c", PROGRESS], tmp_path, NO_COLOR="1")
    assert "simulating" in shown
    assert not COLOUR.search(shown)


@pytest.mark.parametrize("extra", [{}, {"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}])
def test_there_is_no_bar_in_a_pipe(tmp_path: Path, extra: dict[str, str]) -> None:
    assert through_a_pipe([sys.executable, "-c", PROGRESS], tmp_path, **extra) == "no bar\n"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["scenarios"], ["scenarios", "gitt"]])
def test_text_is_plain_on_a_terminal_too(words: list[str], tmp_path: Path) -> None:
    assert ESCAPE not in on_a_terminal([sys.executable, "-m", "lto_sim", *words], tmp_path)


def test_a_command_with_a_bar_is_plain_in_a_pipe(tmp_path: Path) -> None:
    np.save(tmp_path / "maps.npy", np.ones((3, 4, 5)))
    command = [sys.executable, "-m", "lto_sim", "inspect", "maps.npy"]
    piped = through_a_pipe(command, tmp_path)
    assert ESCAPE not in piped
    assert "\r" not in piped
    assert piped.split()[:2] == ["axis", "unit"]
    shown = on_a_terminal(command, tmp_path)
    assert ESCAPE in shown  # the bar, which is taken away at the end
    assert "float64" in shown
