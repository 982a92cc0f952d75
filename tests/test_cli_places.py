"""Without a home, with a package that is read-only, only TMPDIR to write to, and no network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bare_places import PACKAGE, BarePlace, bare_place
from error_catalogue import SCENARIO

FIGURE = (
    "import lto_sim.plot\nfrom matplotlib.figure import Figure\nFigure().savefig('x.png')\nprint('drawn')\n"
)


@pytest.fixture(scope="module")
def place() -> Iterator[BarePlace]:
    with bare_place() as made:
        (made.work / "a.toml").write_text(SCENARIO, encoding="utf-8")
        yield made


def test_the_way_from_a_scenario_to_a_rate_needs_neither_home_nor_network(place: BarePlace) -> None:
    printed = place.commands(
        ["run", "a.toml", "--dry-run"],
        ["run", "a.toml"],
        ["render", "a.zarr"],
        ["track", "a_maps.zarr"],
        ["fit", "a_front.zarr", "--picture", "fit.png"],
        ["inspect", "a_maps.zarr", "--picture", "maps.png"],
    )
    assert "status           finished" in printed
    made = {path.name for path in place.work.iterdir()}
    assert made >= {"a_specimen.png", "a.zarr", "a_maps.zarr", "a_front.zarr", "fit.png", "maps.png"}
    assert (place.work / "fit.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "settings",
    [{}, {"HOME": "/nonexistent/home"}, {"HOME": "/proc/self"}, {"HOME": "/dev/null"},
     {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/proc/none"}],
)  # fmt: skip
def test_a_figure_needs_no_home(place: BarePlace, settings: dict[str, str]) -> None:
    assert place.python(FIGURE, **settings) == "drawn\n"


def test_a_directory_for_settings_that_is_given_is_taken(place: BarePlace) -> None:
    chosen = place.work / "settings"
    chosen.mkdir()
    assert place.python(
        FIGURE + "import matplotlib; print(matplotlib.get_configdir())", MPLCONFIGDIR=str(chosen)
    )
    assert any(chosen.iterdir())


def test_a_home_that_can_be_written_is_used_as_ever(place: BarePlace) -> None:
    home = place.work / "home"
    home.mkdir()
    code = FIGURE + "import os; print('MPLCONFIGDIR' in os.environ)"
    assert place.python(code, HOME=str(home)).split() == ["drawn", "False"]
    assert (home / ".cache" / "matplotlib").is_dir()


def test_what_is_imported_opens_no_connection(place: BarePlace) -> None:
    code = (
        "import lto_sim\n"
        "for name in lto_sim.__all__: getattr(lto_sim, name)\n"
        "import lto_sim.plot, lto_sim.report, lto_sim.reproduce, lto_sim.validate, lto_sim.cli\n"
        "print('all')"
    )
    assert place.python(code) == "all\n"


def test_the_package_is_read_only_there(place: BarePlace) -> None:
    code = f"import os; print(os.access({str(PACKAGE)!r}, os.W_OK))"
    assert place.python(code) == f"{not place.launcher}\n"
