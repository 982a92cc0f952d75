"""Stores that grow frame by frame: what exceptions, Ctrl-C and kill -9 leave, and how it is resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files import FrameLayout, frame_store, is_store, partial_path, read_dataset, write_frames
from lto_sim.microscope import Instrument, plan_acquisition, record_to_store
from lto_sim.validate.scan_checks import front_maps

COUNT: Final = 6
LAYOUTS: Final = {
    "counts": FrameLayout(
        ("time", "x", "energy_loss"), (COUNT, 4, 5), np.dtype(np.uint32), {"units": "electrons"}
    ),
    "adf": FrameLayout(("time", "x"), (COUNT, 4), np.dtype(np.float32), {"units": "electrons"}),
}
Frame = Mapping[str, np.ndarray]


def template() -> xr.Dataset:
    return xr.Dataset(
        {"thickness": ("x", np.zeros(4), {"units": "m"})},
        {"time": ("time", 1.5 * np.arange(COUNT), {"units": "s"})},
        {"title": "frames of a test", "seed": 3},
    )


def frame(number: int) -> Frame:
    values = np.arange(20).reshape(4, 5) + 100 * number
    return {"counts": values.astype(np.uint32), "adf": values[:, 0].astype(np.float32) + 0.5}


def write(path: Path, made: Callable[[int], Frame] = frame, identity: str = "a", **options: Any) -> int:
    return write_frames(path, template(), LAYOUTS, made, identity, **options)


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store."""
    files = (entry for entry in store.rglob("*") if entry.is_file())
    return {str(entry.relative_to(store)): entry.read_bytes() for entry in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a store holds that was written at one go."""
    store = tmp_path_factory.mktemp("whole") / "a.zarr"
    assert write(store) == 0
    return contents(store)


def stopping(number: int, error: type[BaseException] = RuntimeError) -> Callable[[int], Frame]:
    def made(asked: int) -> Frame:
        if asked == number:
            raise error
        return frame(asked)

    return made


def refused(words: str, *arguments: Any, **options: Any) -> None:
    with pytest.raises(InputError, match=words) as caught:
        write(*arguments, **options)
    assert "\n" not in str(caught.value)


def test_a_finished_store_reads_as_a_dataset(tmp_path: Path) -> None:
    parts: list[float] = []
    assert write(tmp_path / "a.zarr", progress=parts.append) == 0
    assert parts == pytest.approx(np.arange(1, COUNT + 1) / COUNT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]
    dataset = read_dataset(tmp_path / "a.zarr")
    for name, layout in LAYOUTS.items():
        assert dataset[name].dims == layout.dims
        assert dataset[name].dtype == layout.dtype
        assert dataset[name].attrs == layout.attrs
        np.testing.assert_array_equal(dataset[name], [frame(n)[name] for n in range(COUNT)])
    xr.testing.assert_identical(dataset.drop_vars(LAYOUTS), template())


@pytest.mark.parametrize("number", [0, 1, 4, COUNT - 1])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_store_goes_on_where_it_was(
    tmp_path: Path, whole: dict[str, bytes], number: int, error: type[BaseException]
) -> None:
    target = tmp_path / "a.zarr"
    with pytest.raises(error):
        write(target, stopping(number, error))
    assert [entry.name for entry in tmp_path.iterdir()] == [partial_path(target).name]
    asked: list[int] = []
    parts: list[float] = []

    def made(n: int) -> Frame:
        asked.append(n)
        return frame(n)

    assert write(target, made, progress=parts.append) == number
    assert asked == list(range(number, COUNT))
    assert parts == pytest.approx(np.arange(number + 1, COUNT + 1) / COUNT)
    assert contents(target) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_a_store_may_be_interrupted_again_and_again(tmp_path: Path, whole: dict[str, bytes]) -> None:
    target = tmp_path / "a.zarr"
    for number in (1, 3, 3, 5):
        with pytest.raises(KeyboardInterrupt):
            write(target, stopping(number, KeyboardInterrupt))
    assert write(target) == 5
    assert contents(target) == whole


def test_an_unfinished_store_does_not_pass_for_a_result(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        write(tmp_path / "a.zarr", stopping(2))
    assert not (tmp_path / "a.zarr").exists()
    with pytest.raises(InputError, match="existing Zarr store"):
        read_dataset(tmp_path / "a.zarr")


def test_another_content_is_not_gone_on_with(tmp_path: Path, whole: dict[str, bytes]) -> None:
    target = tmp_path / "a.zarr"
    with pytest.raises(RuntimeError):
        write(target, stopping(4), identity="another")
    before = contents(partial_path(target))
    refused("another run, instrument or seed.*--force", target)
    assert contents(partial_path(target)) == before
    assert write(target, force=True) == 0
    assert contents(target) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_a_recording_of_smaller_pixels_is_another_content(tmp_path: Path) -> None:
    def stop(part: float) -> None:
        raise KeyboardInterrupt

    maps = front_maps(0.0, 0.0, 1.5, 2, (8, 4))
    few = Instrument.from_dict({"spectrometer": {"channels": 20, "dispersion": 2.0}})
    with pytest.raises(KeyboardInterrupt):
        record_to_store(plan_acquisition(maps, few), maps, tmp_path / "a.zarr", 1, progress=stop)
    smaller = maps.assign_coords(x=0.5 * maps["x"], y=0.5 * maps["y"])  # four times the dose
    with pytest.raises(InputError, match="another run"):
        record_to_store(plan_acquisition(smaller, few), smaller, tmp_path / "a.zarr", 1)


def test_force_goes_on_with_the_same_content(tmp_path: Path, whole: dict[str, bytes]) -> None:
    with pytest.raises(RuntimeError):
        write(tmp_path / "a.zarr", stopping(4))
    assert write(tmp_path / "a.zarr", force=True) == 4
    assert contents(tmp_path / "a.zarr") == whole


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"identity": "a"}', '{"identity": "a", "done": 3}'])
def test_an_unreadable_list_of_frames_is_no_licence_to_guess(
    tmp_path: Path, whole: dict[str, bytes], text: str | None
) -> None:
    target = tmp_path / "a.zarr"
    with pytest.raises(RuntimeError):
        write(target, stopping(4))
    noted = next(entry for entry in partial_path(target).iterdir() if entry.name.startswith("frames_done"))
    noted.unlink()
    if text is not None:
        noted.write_text(text)
    refused("--force", target)
    assert write(target, force=True) == 0
    assert contents(target) == whole


def test_an_existing_target_is_refused_before_any_work(tmp_path: Path) -> None:
    target = tmp_path / "a.zarr"
    write(target)
    before = contents(target)
    refused("--force", target, stopping(0))
    assert contents(target) == before
    refused("existing directory", tmp_path / "nowhere" / "a.zarr", stopping(0))


def test_a_store_that_is_being_written_is_left_alone(tmp_path: Path, whole: dict[str, bytes]) -> None:
    target = tmp_path / "a.zarr"

    def made(number: int) -> Frame:
        for force in (False, True):
            refused("no other process", target, force=force)
        return frame(number)

    assert write(target, made) == 0
    assert contents(target) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_the_old_result_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.zarr"
    write(target)
    before = contents(target)
    with pytest.raises(RuntimeError):
        write(target, stopping(3), identity="b", force=True)
    assert contents(target) == before

    def doubled(number: int) -> Frame:
        assert contents(target) == before
        return {name: 2 * values for name, values in frame(number).items()}

    assert write(target, doubled, identity="c", force=True) == 0
    assert read_dataset(target)["adf"].values[-1, 0] == 1001.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_frames_of_zeros_are_stored_and_count(tmp_path: Path) -> None:
    def empty(number: int) -> Frame:
        return {name: np.zeros_like(values) for name, values in frame(number).items()}

    write(tmp_path / "a.zarr", empty)
    assert read_dataset(tmp_path / "a.zarr")["counts"].values.sum() == 0
    chunks = [entry for entry in (tmp_path / "a.zarr" / "counts" / "c").rglob("*") if entry.is_file()]
    assert len(chunks) == COUNT
    chunks[2].unlink()
    with pytest.raises(InputError, match="counts are missing"):
        read_dataset(tmp_path / "a.zarr")


def test_an_interruption_while_the_name_is_given_is_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(temporary: Path, target: Path) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "a.zarr"
    with monkeypatch.context() as patched:
        patched.setattr(frame_store, "take_name", stop)
        with pytest.raises(KeyboardInterrupt):
            write(target)
    assert write(target, stopping(0)) == COUNT  # nothing is made again
    assert contents(target) == whole


KILL: Final = """
import os, signal, sys
from pathlib import Path
import test_files_frame_store as tests
from lto_sim.files import frame_store

moment, target = sys.argv[1], Path(sys.argv[2])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

class Half(dict):
    def items(self):
        yield "counts", self["counts"]
        die()

def frame(number):
    if number == 3 and moment == "computing":
        die()
    if number == 3 and moment == "half of the variables":
        return Half(tests.frame(number))
    if number == 3 and moment == "within a chunk":
        Path.replace = die
    if number == 3 and moment == "within the list":
        frame_store.json.dumps = lambda content: '{"identity": "a", "do'
        note = frame_store._note
        def stop(store, *rest):
            Path.replace = die
            note(store, *rest)
        frame_store._note = stop
    if number == 3 and moment == "before the list":
        frame_store._note = die
    return tests.frame(number)

tests.write(target, frame)
"""


def start(moment: str, target: Path) -> subprocess.CompletedProcess[str]:
    """Write `target` in a process of its own, which is killed as it makes frame 3."""
    return subprocess.run(
        [sys.executable, "-c", KILL, moment, str(target)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(
    "moment",
    ["computing", "half of the variables", "within a chunk", "before the list", "within the list"],
)
def test_a_killed_process_leaves_what_can_be_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], moment: str
) -> None:
    target = tmp_path / "a.zarr"
    killed = start(moment, target)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert partial_path(target).is_dir()
    assert not target.exists()
    asked: list[int] = []

    def made(number: int) -> Frame:
        asked.append(number)
        return frame(number)

    assert write(target, made) == 3
    assert asked == [3, 4, 5]
    assert contents(target) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def test_a_half_written_frame_is_made_again(tmp_path: Path, whole: dict[str, bytes]) -> None:
    target = tmp_path / "a.zarr"
    with pytest.raises(RuntimeError):
        write(target, stopping(3))
    chunks = partial_path(target) / "counts" / "c"
    torn = chunks / "3" / "0" / "0"
    torn.parent.mkdir(parents=True)
    torn.write_bytes((chunks / "2" / "0" / "0").read_bytes()[:7])
    assert write(target) == 3
    assert contents(target) == whole


def test_an_interruption_of_the_beginning_leaves_nothing_in_the_way(
    tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "a.zarr"
    with monkeypatch.context() as patched:
        patched.setattr(frame_store, "_note", stop)
        with pytest.raises(KeyboardInterrupt):
            write(target)
    assert not is_store(target)
    assert write(target) == 0
    assert contents(target) == whole
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]
