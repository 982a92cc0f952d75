"""What an experiment would tell, before it is made: the expected deviations of k and Ea over its settings.

Nothing is drawn. The chain, one file a link:

1. beam, dwell time, thickness -> expected counts -> deviation of the li fraction of a pixel (``pixels``);
2. a simulated run of the particle, seen at each pixel's own time, under the probe (``shown``);
3. pixels and their deviations -> deviation of the front's position in each frame, as `track_front` reads it,
   and how often it finds one (``front``);
4. positions -> deviation of k, as `fit_rate_constant` reads it in a window that is stated (``rate``);
5. k over temperature -> deviation of Ea, as `fit_arrhenius` states it (``table``);
6. on request, deviations of parameters of whole maps, as `fit_maps` fits them (``whole_maps``).

Measured (400 draws of noise over the maps of nine designs, and through spectra; ``lto_sim.validate``): the
deviation predicted for k is 0.90 to 1.11 of its scatter, that of a pixel 1.00. The deviation that the fit of
a front sharper than its pixels states for itself is longer, up to 1.8 times. In the window that
`fit_rate_constant` finds by itself k scatters 1.2 to 2.1 times as much as in the one that is stated here.

What is not in it: scatter between particles, a contact that lies elsewhere than drawn (but see `start_std`),
drift, damage, a model that does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.execution import run_jobs
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.kinetics.corrections.twin import require_recording
from lto_sim.microscope import Instrument
from lto_sim.quantify import Normalisation
from lto_sim.scenario import Scenario
from lto_sim.study.design.options import given_budget, given_durations, given_start_std, require_choice
from lto_sim.study.design.pixels import require_probe
from lto_sim.study.design.plan import Budget, Planner
from lto_sim.study.design.rate import RateInformation
from lto_sim.study.design.recording import BudgetFor, OverBudget
from lto_sim.study.design.settings import read_varied, settings_of, temperatures_of
from lto_sim.study.design.table import design_table
from lto_sim.study.design.whole_maps import NUISANCES, map_deviations
from lto_sim.study.design.work import Reading, jobs_of, run_job
from lto_sim.study.sweeps.axes import Axis
from lto_sim.units import to_si

__all__ = ["design_experiment"]

_PRESET: Final = "jem_arm300f2_continuum_k3"
_LAWS: Final = ("parabolic", "mixed")


def design_experiment(
    scenario: Scenario,
    instrument: Instrument | str = _PRESET,
    vary: Mapping[str, Sequence[Any] | Axis] | None = None,
    *,
    temperatures: Sequence[Any] | None = None,
    dose_budget: str | float | None = None,
    budget_for: BudgetFor = "recording",
    over_budget: OverBudget = "fewer_frames",
    duration: str | float | Sequence[Any] | None = None,
    normalise: Normalisation = "pixel",
    law: str = "parabolic",
    start_time: str | float | None = None,
    start_std: str | float = 0.0,
    free: Sequence[str] | None = None,
    nuisances: Sequence[str] = NUISANCES,
    processes: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Expected standard deviations of k and Ea over the settings of an experiment, within a dose budget.

    Parameters
    ----------
    scenario : The particle, its first potential, scan and profiles.
    instrument : Instrument, preset or TOML file.
    vary : Path -> values, text with units or SI, or a range (`Axis`); every combination is a setting. Paths
        are those of the scenario and, with ``instrument.`` before them, of the instrument;
        ``scan.pixel_size`` is the side of a pixel.
    temperatures : Temperatures at which k is recorded; default the scenario's own. Ea takes three or more.
    dose_budget : Largest dose [electrons m-2], or text in e/A^2. Default that of the instrument.
    budget_for : ``recording``: every temperature has the budget, on an area of its own; ``series``: all of
        them share it, on one area.
    over_budget : ``fewer_frames``: as many as the budget allows, evenly over the same time, the beam blanked
        between; ``refuse``: such settings are marked and not feasible.
    duration : How long is recorded [s], one time or one for each temperature; default until a planar front
        has crossed the longest profile.
    normalise : As of `quantify_lithium`.
    law : Law from which k is read, ``parabolic`` or ``mixed``.
    start_time : Known start of the front [s]; None: fitted.
    start_std : Standard deviation of where the contact of a profile is [m], an error that all its frames
        share.
    free : Parameters of the scenario whose deviations from whole maps are asked for, as of `fit_maps`, such
        as ``["surface.faces.at", "material.D_Li7.at"]``; what is not named is taken as known.
    nuisances : Numbers of the maps that are free in every recording beside them.
    processes : Worker processes; None takes the available cores. The result does not depend on it.
    progress : Told the part done, 0 to 1.

    Returns
    -------
    Dataset
        One dimension a path, and ``temperature``: ``k_std`` [m2 s-1] and ``k_std_relative``, with the k read
        without noise and its bias from a planar front's; ``Ea_eV_std``; ``dose``, ``frames``,
        ``li_fraction_std`` of a pixel, ``front_position_std``, the window of the fit; ``status`` says what is
        feasible. With `free`, ``PATH_std`` for each of its paths, from whole maps of all temperatures.

    Raises
    ------
    InputError
        A scenario without scan or profile, a drive that begins with no hold, a slit, a path that cannot be
        varied, or a value outside its range.
    """
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", scenario, "a Scenario", "Scenario.from_toml(path) reads a file")
    instrument = Instrument.load(instrument)
    require_probe(instrument)
    require_recording(scenario)
    if not scenario.profile:
        raise InputError("profile", 0, "one profile or more", "add [[profile]] with start, end and width")
    for field, value, allowed in (
        ("budget_for", budget_for, get_args(BudgetFor)), ("over_budget", over_budget, get_args(OverBudget)),
        ("law", law, _LAWS), ("normalise", normalise, get_args(Normalisation)),
    ):  # fmt: skip
        require_choice(field, value, allowed)
    varied = read_varied(vary or {}, scenario, instrument)
    settings = settings_of(varied, scenario, instrument)
    kelvin = temperatures_of(temperatures, scenario)
    budget = Budget(given_budget(dose_budget, instrument), budget_for, over_budget)
    planner = Planner(settings, kelvin, given_durations(duration, kelvin.size), budget, normalise)
    plans = [planner.plan(setting) for setting in settings]
    tasks = [
        planner.task(n, t, planned)
        for n, row in enumerate(plans) for t, planned in enumerate(row) if planned.recording.frames > 0
    ]  # fmt: skip
    start = None if start_time is None else to_si(start_time, "time", "start_time")
    reading = Reading(front_direction(scenario), law, start, given_start_std(start_std))
    found: dict[tuple[int, int], RateInformation] = {}
    jobs = jobs_of(tasks, reading)
    for done, (_, results) in enumerate(run_jobs(run_job, jobs, processes), 1):
        found |= dict(results)
        if progress is not None:
            progress(done / len(jobs))
    of_maps = [] if free is None else map_deviations(planner, plans, free, nuisances, processes)
    return design_table(varied, planner, plans, found, reading, of_maps)
