"""Every section of the validation, and the run of some of them in worker processes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Final, cast

from lto_sim.errors import InputError, LtoSimError
from lto_sim.execution import run_jobs
from lto_sim.validate.arrhenius_checks import arrhenius_checks
from lto_sim.validate.bias_checks import bias_checks
from lto_sim.validate.correction_checks import correction_checks
from lto_sim.validate.design_checks import design_checks
from lto_sim.validate.electro_checks import electrochemistry_checks
from lto_sim.validate.engine_checks import engine_checks
from lto_sim.validate.extreme_checks import extreme_checks
from lto_sim.validate.front_checks import (
    core_checks,
    law_checks,
    line_source_checks,
    order_checks,
    planar_checks,
)
from lto_sim.validate.interval_checks import interval_checks, verdict_checks
from lto_sim.validate.invariance_checks import (
    balance_checks,
    restart_checks,
    step_checks,
    symmetry_checks,
)
from lto_sim.validate.inverse_checks import inverse_checks, map_interval_checks
from lto_sim.validate.programme import programme_checks
from lto_sim.validate.quantify_checks import quantify_checks
from lto_sim.validate.recovery import recovery_checks
from lto_sim.validate.regime_checks import regime_checks
from lto_sim.validate.scan_checks import scan_checks
from lto_sim.validate.section import Check, Section
from lto_sim.validate.spectrum_checks import spectrum_checks
from lto_sim.validate.surface_checks import lamella_checks, outline_checks, ripple_checks, shell_checks
from lto_sim.validate.table import Row

__all__ = ["SECTIONS", "choose_sections", "run_sections"]

SECTIONS: Final = (
    Section("planar", "Wagner's planar front, one and two phases, both directions", planar_checks),
    Section("order", "order of the error of a planar front", order_checks),
    Section("line-source", "cylinder around a line source", line_source_checks),
    Section("shrinking-core", "cylinder and sphere from outside in", core_checks),
    Section("linear-parabolic", "interface reaction, then diffusion", law_checks),
    Section("shell", "shell under a surface that conducts", shell_checks),
    Section("lamella", "thin lamella and wedge with conducting faces", lamella_checks),
    Section(
        "regimes",
        "closure of a lamella's mid-plane, k and exponents, as regime maps read them",
        regime_checks,
    ),
    Section("outline", "circle as polygon and as mask, ellipse, walls that bend", outline_checks),
    Section("ripple", "decay of a ripple on a front", ripple_checks),
    Section("balance", "lithium balance, and 0 <= x <= 1", balance_checks),
    Section("symmetry", "reflection and rotation of the mesh", symmetry_checks),
    Section("steps", "independence of the size of the steps", step_checks),
    Section("restart", "continued runs, bit by bit", restart_checks),
    Section("extremes", "diffusivities of 1e-22 and 1e-8 m2/s, cells of 1 nm and 1 um", extreme_checks),
    Section("electrochemistry", "currents, potentials, impedance, GITT, ledger", electrochemistry_checks),
    Section("engines", "beside FiPy and super-time-stepping", engine_checks),
    Section("spectra", "synthetic EELS: dose, edges, plural scattering, counting, sources", spectrum_checks),
    Section("scans", "synthetic recordings: shear, drift, rendering, the slit", scan_checks),
    Section("quantify", "spectra at the paper's dose back to li fractions", quantify_checks),
    Section("verdict", "what limits a front: diffusion, interface, both; 100 fronts each", verdict_checks),
    Section("arrhenius", "Ea over particles and profiles, 400 experiments; published data", arrhenius_checks),
    Section("inverse", "parameters from whole maps, from late k over thickness", inverse_checks),
    Section("design", "deviations that a design expects, beside 400 drawn experiments", design_checks, True),
    Section("map-intervals", "95 % intervals of whole maps, 40 experiments", map_interval_checks, True, True),
    Section("intervals", "95 % intervals of k over 400 experiments", interval_checks, True, True),
    Section("corrections", "k corrected by a simulation of the same specimen", correction_checks, True),
    Section("bias", "bias of k from maps, planar and curved, at 30, 75, 105 degC", bias_checks, True),
    Section("recovery", "simulated maps back to k and Ea, 20 seeds", recovery_checks, True, True),
    Section("programme", "the paper's programme: k at 90 degC and its repeat", programme_checks, True),
)
"""In the order of the table."""


def choose_sections(names: Sequence[str] | None = None) -> tuple[Section, ...]:
    """Return the sections of these `names`, in the order of the table; by default those not on request.

    Raises
    ------
    InputError
        A name that no section has.
    """
    if not names:
        return tuple(section for section in SECTIONS if not section.on_request)
    known = {section.name: section for section in SECTIONS}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`lto-sim validate --list` says what they check"
            raise InputError("--only", name, ", ".join(known), hint)
    return tuple(section for section in SECTIONS if section.name in names)


def run_sections(
    sections: Sequence[Section], *, quick: bool = False, processes: int | None = None
) -> Generator[tuple[Section, list[Row]]]:
    """Run checks side by side; yield rows in the order of the table, each as soon as those before are known.

    A check that could not be finished is a row that misses and says why.

    Parameters
    ----------
    sections : What to run.
    quick : Fewer cases, the same limits.
    processes : Worker processes; default: the available cores.

    Yields
    ------
    tuple of Section and list of Row
        The sections in order, with their rows.
    """
    pairs = [(s, check) for s in sections if not s.alone for check in s.checks(quick)]
    known: dict[int, list[Row]] = {}
    printed = 0
    jobs = run_jobs(_rows_of, [check for _, check in pairs], processes)
    with closing(cast("Generator[tuple[int, list[Row]]]", jobs)) as results:  # workers end when nobody reads
        for number, rows in results:
            known[number] = rows
            while printed in known:
                yield pairs[printed][0], known.pop(printed)
                printed += 1
    for section in sections:
        for check in section.checks(quick) if section.alone else ():
            yield section, check(processes=processes)


def _rows_of(check: Check) -> list[Row]:
    try:
        return check()
    except LtoSimError as error:
        return [Row(f"not finished: {error}", math.nan, math.nan, math.nan, 0.0)]
