"""Files damaged at random: flipped, cut, padded, overwritten with large numbers.

``LTO_SIM_FUZZ=5000`` runs that many examples of every format instead of the few that are quick.
Time and memory are watched by means that POSIX systems have.
"""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path

import pytest
from fuzz_targets import SEEDS, read, watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings(  # RosettaSciIO leaves a TIFF open that it cannot read
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning"
)
EXAMPLES = int(os.environ.get("LTO_SIM_FUZZ", "40"))
_LARGE = [0, 1, -1, 2**15, 2**31 - 1, -(2**31), 2**40, 2**62, -(2**62)]

places = st.one_of(st.floats(0.0, 1.0), st.floats(0.0, 0.1))
"""Share of the file; headers come first and break most."""
large = st.builds(
    lambda form, value: struct.pack(form, value), st.sampled_from(["<q", ">q"]), st.sampled_from(_LARGE)
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), places, st.integers(1, 255).map(lambda bits: bytes([bits]))),
        st.tuples(st.just("overwrite"), places, st.one_of(st.binary(min_size=1, max_size=8), large)),
        st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("delete"), places, st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("cut"), places, st.just(b"")),
    ),
    min_size=1,
    max_size=4,
)


def changed(content: bytes, steps: list[tuple[str, float, bytes]]) -> bytes:
    for kind, place, value in steps:
        at = int(place * max(len(content) - 1, 0))
        before, after = content[:at], content[at:]
        if kind == "flip" and after:
            content = before + bytes([after[0] ^ value[0]]) + after[1:]
        elif kind == "overwrite":
            content = before + value + after[len(value) :]
        elif kind == "insert":
            content = before + value + after
        elif kind == "delete":
            content = before + after[len(value) :]
        elif kind == "cut":
            content = before
    return content


@pytest.mark.parametrize("name", SEEDS)
def test_a_whole_file_is_read(tmp_path: Path, name: str) -> None:
    given_name, make = SEEDS[name]
    make(tmp_path / given_name)
    with watched():
        assert read(tmp_path / given_name)


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    given_name, make = SEEDS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / given_name
        damaged = make(path)
        whole = damaged.read_bytes()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize="LTO_SIM_FUZZ" not in os.environ,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(changes)
        def survives(steps: list[tuple[str, float, bytes]]) -> None:
            damaged.write_bytes(changed(whole, steps))
            with watched():
                read(path)

        survives()
