"""``lto-sim design``: what an experiment would tell of k and Ea, over its settings, within a dose budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from lto_sim.cli.design_options import (
    Budget,
    BudgetFor,
    Duration,
    Free,
    Goal,
    InstrumentName,
    Law,
    Normalise,
    OverBudget,
    Picture,
    Processes,
    SetBoth,
    StartStd,
    Temperatures,
    Vary,
    as_option,
    read_temperatures,
    read_vary,
    split_values,
)
from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.show import print_lines, print_summary, print_table, progress_bar
from lto_sim.cli.sources import assignments, check_picture, choose_target
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.microscope import Instrument
    from lto_sim.scenario import Scenario

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "design"
EXAMPLE: Final = (
    'Example: lto-sim design particle.toml --vary "instrument.beam.current=71,200,529 pA" '
    '--vary "scan.frame_time=0.5,1.5,3 s" --dose "5e3 e/A^2" --temperatures "30,45,60,75 degC" '
    "--picture design.png"
)
_DEFAULT: Final = "jem_arm300f2_continuum_k3"
_INSTRUMENT: Final = "instrument."
_FOR_EA: Final = 3
"""Temperatures that an activation energy takes."""


def command(
    scenario_file: Annotated[
        Path, typer.Argument(metavar="SCENARIO.toml", help="The particle, with [scan] and [[profile]].")
    ],
    vary: Vary,
    instrument: InstrumentName = _DEFAULT,
    temperatures: Temperatures = None,
    dose: Budget = None,
    dose_for: BudgetFor = "recording",
    over_budget: OverBudget = "fewer_frames",
    duration: Duration = None,
    law: Law = "parabolic",
    start_std: StartStd = "0 nm",
    normalise: Normalise = "pixel",
    free: Free = None,
    goal: Goal = None,
    set_values: SetBoth = None,
    out: Out = None,
    force: Force = False,
    picture: Picture = None,
    processes: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Say how well k and Ea would be known, for every combination of settings; nothing is drawn at random.

    The chain: counts in a pixel, deviation of its li fraction, of the front in each frame, of k, of Ea.
    --out NAME.zarr keeps the table.
    """
    if out is not None and out.suffix != ".zarr":
        raise InputError("--out", str(out), "a name that ends in .zarr", "change the ending")
    target = None if out is None else choose_target(out, scenario_file, ".zarr", force)
    if picture is not None:
        check_picture(picture, force)
        picture = picture.resolve()
    varied = read_vary(vary)
    _check_goal(goal, free, temperatures)
    scenario, chosen = _sources(scenario_file, instrument, set_values)
    times = None if duration is None else split_values(duration, "--duration")
    from lto_sim.study.design import design_experiment, design_lines
    from lto_sim.study.design.choices import goal_of

    with _naming_options(), progress_bar("simulating") as progress:
        design = design_experiment(
            scenario, chosen, varied, temperatures=read_temperatures(temperatures), dose_budget=dose,
            budget_for=cast("Any", dose_for), over_budget=cast("Any", over_budget),
            duration=times[0] if times is not None and len(times) == 1 else times,
            normalise=cast("Any", normalise), law=law, start_std=start_std, free=free, processes=processes,
            progress=progress,
        )  # fmt: skip
    with _naming_options():
        goal = goal_of(design, goal)
        lines = design_lines(design, goal)
    _keep(design, target, picture, goal, force)
    _show(design, goal, lines, target, picture, as_json)


def _check_goal(goal: str | None, free: list[str] | None, temperatures: str | None) -> None:
    """Refuse a goal that the design will not tell, before anything is simulated."""
    count = 1 if temperatures is None else len(temperatures.split(","))
    known = [*(["Ea"] if count >= _FOR_EA else []), "k", *(free or ())]
    if goal is not None and goal not in known:
        remedy = "choose one of them, or name it by --free"
        if goal == "Ea":
            remedy = "Ea takes three usable temperatures: give --temperatures"
        raise InputError("--goal", goal, ", ".join(known), remedy)


@contextmanager
def _naming_options() -> Iterator[None]:
    """Errors of arguments name the options that gave them."""
    try:
        yield
    except InputError as error:
        raise as_option(error) from None


def _sources(path: Path, name: str, set_values: list[str] | None) -> tuple[Scenario, Instrument]:
    """Scenario and instrument with the values of ``--set``."""
    from lto_sim.microscope import Instrument
    from lto_sim.scenario import Scenario, read_toml, set_paths

    values = assignments(set_values)
    own = {key: value for key, value in values.items() if not key.startswith(_INSTRUMENT)}
    of_instrument = {key.removeprefix(_INSTRUMENT): value for key, value in values.items() if key not in own}
    chosen = Instrument.load(name)
    return (
        Scenario.from_dict(set_paths(read_toml(path), own)),
        chosen.with_values(of_instrument) if of_instrument else chosen,
    )


def _keep(design: xr.Dataset, target: Path | None, picture: Path | None, goal: str, force: bool) -> None:
    if target is not None:
        from lto_sim.files import write_dataset

        write_dataset(design, target, force)
    if picture is not None:
        from lto_sim.files import new_file
        from lto_sim.plot.design import plot_design

        page = plot_design(design, goal)
        with new_file(picture, force) as temporary:
            page.savefig(temporary, format="png")


def _show(
    design: xr.Dataset, goal: str, lines: list[str], target: Path | None, picture: Path | None, as_json: bool
) -> None:
    from lto_sim.cli.design_summary import design_summary, design_table_rows

    written = {"out": target, "picture": picture}
    if as_json:
        print_summary(design_summary(design, goal, lines) | written, True, {})
        return
    print_table(*design_table_rows(design, goal))
    typer.echo("")
    for line in lines:
        typer.echo(line)
    print_lines({name: str(path) for name, path in written.items() if path is not None})
