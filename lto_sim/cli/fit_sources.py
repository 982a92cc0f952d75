"""What ``lto-sim fit`` does with its inputs: one front or table, or several fronts to one Ea."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lto_sim.cli.fit_correction import correct_front
from lto_sim.cli.fit_lines import rate_lines, shell_lines
from lto_sim.cli.fit_rates import fit_rates, rate_fits
from lto_sim.cli.sources import stored_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from lto_sim.kinetics import RateConstantFit, RateData
    from lto_sim.kinetics.corrections import CorrectedRate

__all__ = ["FrontOptions", "Outcome", "fit_sources"]


@dataclass(frozen=True)
class FrontOptions:
    """Options of the command that concern fronts, as given."""

    k_convention: str
    law: str | None
    window: str
    start_time: str | None
    start_std: str | None
    model: str
    thickness: str | None
    correct: Path | None
    target: str
    uncertain: tuple[str, ...]

    def refuse(self, names: Sequence[str], source: str) -> None:
        """Refuse options that have no meaning for what `source` is."""
        defaults = {"window": "auto", "model": "step", "target": "planar", "uncertain": ()}
        for name in names:
            value = getattr(self, name)
            if value is not None and value != defaults.get(name):
                option = f"--{name.replace('_', '-')}"
                raise InputError(option, value, f"left out for {source}", "leave the option out")


@dataclass(frozen=True)
class Outcome:
    """Summary for JSON, lines for people, and how the figure is drawn."""

    summary: dict[str, Any]
    lines: dict[str, str]
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class _Front:
    """Points of one input, what it was made from, and lines about the tracking of maps."""

    data: RateData
    dataset: xr.Dataset | None


_OF_MAPS: Final = frozenset(
    {".zarr", ".nc", ".hspy", ".zspy", ".tif", ".tiff", ".npy", ".dm3", ".dm4", ".emd", ".msa"}
)
"""Endings of what holds maps or fronts; anything else is read as a table."""

_OF_FRONTS: Final = (
    "law",
    "window",
    "start_time",
    "start_std",
    "model",
    "thickness",
    "correct",
    "target",
    "uncertain",
)


def fit_sources(sources: Sequence[Path], of_fronts: FrontOptions, of_rates: dict[str, Any]) -> Outcome:
    """Fit what the inputs hold.

    Raises
    ------
    InputError
        An input that holds none of it, an option that does not belong to it, or what the fits refuse.
    """
    if len(sources) > 1:
        return _several(sources, of_fronts, of_rates)
    (source,) = sources
    table = _table(source)
    if table is not None and table.layout == "rates":
        of_fronts.refuse(_OF_FRONTS, "rate constants")
        summary, lines = fit_rates(table.columns, table.labels, **of_rates)
        return Outcome(
            summary, lines, lambda: _draw_rates(table.columns, table.labels, of_rates, source.name)
        )
    _refuse_rates(of_rates, "one front")
    outcome = _one_front(_read_front(source, of_fronts), of_fronts, source.name)
    outcome.summary["source"] = str(source)
    return outcome


def _table(source: Path) -> Any:
    from lto_sim.files import is_store, read_table

    if is_store(source) or source.is_dir() or source.suffix.lower() in _OF_MAPS:
        return None
    table = read_table(source)
    if table.layout not in {"front", "rates"}:
        raise InputError(
            "table", str(source), "front positions or rate constants",
            "an electrical series comes from `lto-sim electrical`, which fits what there is to fit",
        )  # fmt: skip
    return table


def _refuse_rates(of_rates: dict[str, Any], source: str) -> None:
    given = {
        "--scale-errors": not of_rates["absolute_sigma"],
        "--bars-over-particles": of_rates["bars_over_particles"],
        "--robust": of_rates["robust"],
        "--own-ea": of_rates["own_Ea"],
        "--windows": of_rates["windows"],
    }
    for option, value in given.items():
        if value:
            raise InputError(option, value, f"left out for {source}", "it belongs to rate constants")


def _read_front(source: Path, options: FrontOptions) -> _Front:
    """Points of a front, of a table, or of maps that are tracked here."""
    from dataclasses import replace

    from lto_sim.files import is_store, read_dataset, read_maps
    from lto_sim.kinetics import RateData

    table = _table(source)
    if table is not None:
        columns = table.columns
        if table.layout != "front":
            raise InputError(str(source), "rate constants", "fronts or maps", "fit the table by itself")
        data = RateData(
            columns["time"], columns["xi"], columns["xi_std"], columns.get("profile"),
            columns.get("start_std", 0.0),
        )  # fmt: skip
        options.refuse(("model",), "a table")
        front = None
    else:
        dataset = read_dataset(source) if is_store(source) or source.is_dir() else read_maps(source)
        if "front_position" not in dataset.variables:
            dataset = _tracked(dataset, options)
        elif options.model != "step":
            raise InputError("--model", options.model, "left out for a front", "give it to `lto-sim track`")
        data, front = RateData.from_front(dataset), dataset
    if options.start_std is not None:
        from lto_sim.cli.track_profiles import read_length

        form = 'a length with its unit, such as "10 nm", or 0'
        data = replace(data, start_std=read_length(options.start_std, options.start_std, "--start-std", form))
    return _Front(data, front)


def _tracked(maps: xr.Dataset, options: FrontOptions) -> xr.Dataset:
    from lto_sim.cli.track_profiles import ProfileOptions, choose_profiles
    from lto_sim.kinetics import track_front

    chosen = choose_profiles(ProfileOptions(start_std=options.start_std), maps)
    return track_front(maps, chosen.profiles, model=options.model)


def _seconds(text: str, option: str) -> float:
    from lto_sim.cli.sources import read_time

    return read_time(text, option)


def _window(text: str) -> str | tuple[float, float]:
    if text in {"auto", "all"}:
        return text
    parts = text.split(",")
    if len(parts) != 2:
        raise InputError("--window", text, 'auto, all, or "first,last"', 'for example "20 s,300 s"')
    first, last = (_seconds(part.strip(), "--window") for part in parts)
    return first, last


def _fit(front: _Front, options: FrontOptions) -> RateConstantFit:
    from lto_sim.kinetics import fit_rate_constant

    start = None if options.start_time is None else _seconds(options.start_time, "--start-time")
    return fit_rate_constant(
        front.data, k_convention=options.k_convention, window=_window(options.window), start_time=start,
        law=None if options.law == "shell" else options.law,
    )  # fmt: skip


def _one_front(front: _Front, options: FrontOptions, title: str) -> Outcome:
    from lto_sim.kinetics import fit_shell
    from lto_sim.provenance import K_DEFINITIONS, package_version

    if options.law != "shell":
        options.refuse(("thickness",), "other laws than shell")
    fit = _fit(front, options)
    summary: dict[str, Any] = {"fit": "rate constant", **fit.summary()}
    lines = rate_lines(fit)
    if options.law == "shell":
        start = None if options.start_time is None else _seconds(options.start_time, "--start-time")
        found, shown = shell_lines(
            fit_shell(front.data, "mean", start), options.k_convention, options.thickness
        )
        summary["shell"], lines = found, lines | shown
    corrected: CorrectedRate | None = None
    if options.correct is not None:
        measured = front.data if front.dataset is None else front.dataset
        extra, more, corrected = correct_front(
            measured, options.correct, target=options.target, uncertain=options.uncertain,
            k_convention=options.k_convention,
        )  # fmt: skip
        summary, lines = summary | extra, lines | more
    else:
        options.refuse(("target", "uncertain"), "a fit without --correct")
    summary |= {"k_definition": K_DEFINITIONS[options.k_convention], "version": package_version()}
    summary |= _origin(front, options)

    def draw() -> Figure:
        from lto_sim.plot import plot_rate_fit

        return plot_rate_fit(front.data, fit, corrected=corrected, title=title)

    return Outcome(summary, lines, draw)


def _origin(front: _Front, options: FrontOptions) -> dict[str, Any]:
    """What the fit was made from and how, so that a report can name and draw it."""
    from dataclasses import asdict

    from lto_sim.constants import ZERO_CELSIUS

    given = {name: None if value is None else str(value) for name, value in asdict(options).items()}
    origin: dict[str, Any] = {"options": given | {"uncertain": list(options.uncertain)}}
    if front.dataset is None:
        return origin
    scenario = stored_scenario(front.dataset)
    origin["direction"] = str(front.dataset.attrs.get("direction", ""))
    if scenario is not None:
        origin["configuration_sha256"] = front.dataset.attrs.get("configuration_sha256")
        origin["temperature_K"] = scenario.temperature
        origin["temperature_degC"] = round(scenario.temperature - ZERO_CELSIUS, 6)
    return origin


def _several(sources: Sequence[Path], options: FrontOptions, of_rates: dict[str, Any]) -> Outcome:
    """Fit every front, then the activation energy of those whose k is resolved."""
    import numpy as np

    options.refuse(("correct", "thickness", "uncertain"), "several inputs")
    if options.law == "shell":
        raise InputError("--law", "shell", "left out for several inputs", "fit them one by one")
    runs: list[dict[str, Any]] = []
    lines: dict[str, str] = {}
    for source in sources:
        run: dict[str, Any] = {"source": source}
        try:
            front = _read_front(source, options)
            run |= _conditions(front, source)
            fit = _fit(front, options)
        except InputError as error:
            run["error"], lines[source.name] = str(error), f"left out: {error}"
        else:
            run |= fit.summary()
            lines[source.name] = (
                f"{run['temperature_degC']:g} degC, {run['direction']}, {fit.verdict}: "
                f"k {fit.k * 1e4:.4g} +- {fit.k_std * 1e4:.2g} cm2/s"
            )
        runs.append(run)
    used = [run for run in runs if run.get("k_m2_s") and run.get("k_std_m2_s")]
    if not used:
        reasons = "; ".join(f"{run['source']}: {run.get('error', 'k is not resolved')}" for run in runs)
        raise InputError("sources", reasons, "fronts whose k can be fitted", "fit them one by one")
    summary: dict[str, Any] = {"fit": "activation energy of several fronts", "runs": runs}
    try:
        columns = {
            "temperature": np.array([run["temperature_K"] for run in used]),
            "k": np.array([run["k_m2_s"] for run in used]),
            "k_std": np.array([run["k_std_m2_s"] for run in used]),
        }
        labels = {"direction": [run["direction"] for run in used]}
        found, shown = fit_rates(columns, labels, **of_rates)
    except InputError as error:
        summary["error"], lines["Ea"] = str(error), f"none: {error}"
    else:
        summary |= {"Ea": found}
        lines |= shown

    return Outcome(summary, lines, lambda: _draw_rates(columns, labels, of_rates, "Ea of several fronts"))


def _conditions(front: _Front, source: Path) -> dict[str, Any]:
    from lto_sim.constants import ZERO_CELSIUS

    scenario = None if front.dataset is None else stored_scenario(front.dataset)
    if front.dataset is None or scenario is None:
        raise InputError(
            str(source), "temperature unknown", "a front that comes from a run",
            "fit it by itself, and put temperature and k into a table",
        )  # fmt: skip
    return {
        "temperature_K": scenario.temperature,
        "temperature_degC": round(scenario.temperature - ZERO_CELSIUS, 6),
        "direction": str(front.dataset.attrs.get("direction", "")),
    }


def _draw_rates(columns: Any, labels: Any, of_rates: dict[str, Any], title: str) -> Figure:
    from lto_sim.plot import plot_activation

    given = {key: of_rates[key] for key in ("absolute_sigma", "bars_over_particles", "robust", "own_Ea")}
    fits, difference = rate_fits(columns, labels, **given)
    names = sorted({str(name).strip() for name in labels.get("particle", ())}) or None
    return plot_activation(
        fits, difference=difference, particles=None if of_rates["bars_over_particles"] else names,
        k_convention=of_rates["k_convention"], title=title,
    )  # fmt: skip
