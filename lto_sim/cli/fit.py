"""``lto-sim fit``: k from maps or fronts, Ea from rate constants or fronts, parameters from whole maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lto_sim.cli.fit_correction import Correct, Target, Uncertain
from lto_sim.cli.fit_maps_options import (
    BoundsOption,
    FrameTimeOption,
    FreeOption,
    KeepRuns,
    MapOptions,
    NoCells,
    PixelOption,
    PriorOption,
    Processes,
    ScenarioOption,
    Spectra,
    StartOption,
    Starts,
    TieOption,
    refuse_others,
)
from lto_sim.cli.options import AsJson, Force, SetValues
from lto_sim.cli.show import print_summary, print_table
from lto_sim.errors import InputError

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "fit"
EXAMPLE: Final = (
    "Example: lto-sim fit particle_front.zarr --picture fit.png; lto-sim fit particle_maps.zarr --correct "
    "particle.toml; lto-sim fit rates.csv --robust; lto-sim fit 30C_front.zarr 60C_front.zarr 90C_front.zarr"
    "; lto-sim fit particle_maps.zarr --scenario particle.toml --free material.D_Li4.at,contacts.lps.k_c"
)
_WINDOWS: Final = ("constant", "regular_solution")


def command(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="MAPS|FRONT|TABLE.csv...",
            help="A front from `lto-sim track`, maps (tracked along their scenario's profiles), or columns "
            '"time [s], xi [nm], xi_std [nm]" give k; "temperature [degC], k [cm2/s], k_std [cm2/s]" with '
            "particle, profile, direction, repeat, dose as they are known give Ea; so do several fronts or "
            "maps of runs at different temperatures. With --free, maps give parameters of their scenarios.",
        ),
    ],
    k_convention: Annotated[
        str, typer.Option("--k-convention", help="2kt for xi^2 = 2 k t, kt for xi^2 = k t.")
    ] = "2kt",
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            help="Read k from this law whatever the verdict: parabolic, linear, mixed; or shell: a shell "
            "first (t^(3/4), tip t^(1/4)), then a parabola.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        str, typer.Option("--window", help='auto averages over late windows; all; or "20 s,300 s".')
    ] = "auto",
    start_time: Annotated[
        str | None,
        typer.Option(
            "--start-time", help='Known start, such as "2 s"; fitted if left out.', show_default=False
        ),
    ] = None,
    start_std: Annotated[
        str | None,
        typer.Option(
            "--start-std",
            help='How well the contact\'s position is known, such as "10 nm"; else as the front says.',
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="Maps: step, shell or auto, as for `lto-sim track`.")
    ] = "step",
    thickness: Annotated[
        str | None,
        typer.Option(
            "--thickness",
            help='With --law shell: active thickness, to split k into bulk and faces, such as "150 nm".',
            show_default=False,
        ),
    ] = None,
    correct: Correct = None,
    target: Target = "planar",
    uncertain: Uncertain = None,
    scale_errors: Annotated[
        bool,
        typer.Option(
            "--scale-errors", help="Ea: take k_std as relative weights, scaled by the scatter about the line."
        ),
    ] = False,
    bars_over_particles: Annotated[
        int | None,
        typer.Option(
            "--bars-over-particles",
            metavar="N",
            min=2,
            help="Ea: each k is a mean over N particles, and k_std their standard deviation.",
            show_default=False,
        ),
    ] = None,
    robust: Annotated[
        bool, typer.Option("--robust", help="Ea, and with --free: bend points or pixels that lie far off.")
    ] = False,
    own_ea: Annotated[
        bool, typer.Option("--own-ea", help="Ea: let every particle have an activation energy of its own.")
    ] = False,
    windows: Annotated[
        str | None,
        typer.Option(
            "--windows",
            metavar="constant|regular_solution",
            help="Ea(D) beside Ea(k), with these gap edges of lithium titanate.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Figure of the fit, a .png.", show_default=False)
    ] = None,
    free: FreeOption = None,
    scenario: ScenarioOption = None,
    start: StartOption = None,
    bounds: BoundsOption = None,
    prior: PriorOption = None,
    tie: TieOption = None,
    set_values: SetValues = None,
    starts: Starts = 1,
    processes: Processes = None,
    no_cells: NoCells = False,
    spectra: Spectra = False,
    keep_runs: KeepRuns = False,
    frame_time: FrameTimeOption = None,
    pixel: PixelOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="JSON file for the summary; with --free a directory, MAPS_fit unless given, where an "
            "interrupted fit is taken up.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit k to maps or a front, Ea to rate constants, or with --free a scenario to whole maps."""
    from lto_sim.cli.fit_maps import fit_map_files
    from lto_sim.cli.fit_maps_lines import fit_lines, parameter_table
    from lto_sim.cli.fit_sources import FrontOptions, fit_sources
    from lto_sim.cli.sources import check_picture
    from lto_sim.files import new_file, prepare_target, write_json
    from lto_sim.provenance import K_DEFINITIONS

    of_maps = MapOptions(
        scenario,
        start,
        bounds,
        prior,
        tie,
        set_values,
        starts,
        processes,
        no_cells,
        spectra,
        keep_runs,
        frame_time,
        pixel,
    )
    of_rates: dict[str, Any] = {
        "absolute_sigma": not scale_errors, "bars_over_particles": bars_over_particles, "robust": robust,
        "own_Ea": own_ea, "windows": windows, "k_convention": k_convention,
    }  # fmt: skip
    of_fronts = FrontOptions(
        k_convention, law, window, start_time, start_std, model, thickness, correct, target,
        tuple(uncertain or ()),
    )  # fmt: skip
    if free:
        refuse_others(of_fronts, of_rates, picture)
        fit, summary = fit_map_files(
            sources, free, of_maps, robust=robust, out=out, force=force, quiet=as_json
        )
        if not as_json:
            print_table(*parameter_table(fit))
        print_summary(summary, as_json, fit_lines(fit, summary))
        return
    of_maps.refuse()
    if k_convention not in K_DEFINITIONS:
        raise InputError(
            "--k-convention", k_convention, " or ".join(K_DEFINITIONS), "state which law defines k"
        )
    if windows is not None and windows not in _WINDOWS:
        raise InputError("--windows", windows, " or ".join(_WINDOWS), "say which edges the gap has")
    if out is not None:
        if out.resolve() in {source.resolve() for source in sources}:
            raise InputError("--out", str(out), "another path than the input's", "choose another path")
        prepare_target(out, force)
    if picture is not None:
        check_picture(picture, force)
        if out is not None and out.resolve() == picture.resolve():
            raise InputError("--picture", str(picture), "another path than --out", "choose another path")
    outcome = fit_sources(sources, of_fronts, of_rates)
    if out is not None:
        write_json(out, outcome.summary, force)
    if picture is not None:
        page = outcome.draw()
        with new_file(picture, force) as temporary:
            page.savefig(temporary, format="png")
        outcome.summary["picture"] = picture
    print_summary(outcome.summary, as_json, outcome.lines)
