"""The effects on ln k that particles, profiles and temperatures may have, and which of them data can tell.

Each is one number a group, the same for all points of the group, drawn with one variance:

- ``particle``: the same at all temperatures, of each particle (in one direction);
- ``profile``: the same at all temperatures, of each profile within its particle;
- ``temperature``: common to all particles at one temperature (in one direction): the set point of the holder;
- ``own Ea``: a particle's activation energy less the mean one [eV], times 1/(k_B T).

Beside them stands the residual of each point, one variance for all temperatures. An effect is fitted only if
its covariance, once the lines are taken out, is no combination of those before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.observations import Observations, temperature_groups

__all__ = ["Effect", "chosen_effects", "design_matrix"]

Floats = NDArray[np.float64]

_ALIKE: Final = 1e-8
"""Part of a covariance, squared, that the others must leave for it to be told from them."""


@dataclass(frozen=True, eq=False)
class Effect:
    """One effect.

    Parameters
    ----------
    name : ``particle``, ``profile``, ``temperature`` or ``own Ea``.
    factor : Z, so that Z Z' times the variance is its covariance, shape (n, groups).
    """

    name: str
    factor: Floats


def design_matrix(data: Observations) -> tuple[Floats, float]:
    """Return X with two columns (level, Ea) a line, and the 1/(k_B T) [1/eV] that levels are taken at."""
    centre = float(data.inverse.mean())
    count = int(data.line.max()) + 1
    design = np.zeros((data.kelvin.size, 2 * count))
    rows = np.arange(data.kelvin.size)
    design[rows, 2 * data.line] = 1.0
    design[rows, 2 * data.line + 1] = -(data.inverse - centre)
    return design, centre


def chosen_effects(
    data: Observations, *, setpoint: bool | None, own_Ea: bool, absolute_sigma: bool
) -> tuple[list[Effect], Floats, tuple[str, ...]]:
    """Return the effects that the data can tell, the residual's weights, and in words what they cannot tell.

    The weights are relative variances, shape (n,).

    Parameters
    ----------
    data : The points with their labels.
    setpoint : Fit the effect of a temperature: None where the data can tell it, True always, False never.
    own_Ea : Fit an activation energy of each particle's own.
    absolute_sigma : Deviations are known; else they are the residual's relative weights.

    Raises
    ------
    InputError
        An effect that was asked for and cannot be told.
    """
    design, centre = design_matrix(data)
    residual = _residual_weights(data, absolute_sigma)
    particle, profile = _groups(data)
    candidates = []
    if particle is not None:
        candidates.append(Effect("particle", _indicator(particle)))
    if profile is not None:
        candidates.append(Effect("profile", _indicator(profile)))
    if setpoint is not False:
        groups = _joined(data.line, temperature_groups(data.kelvin))
        candidates.append(Effect("temperature", _indicator(groups)))
    if own_Ea and particle is not None:
        slopes = -(data.inverse - centre)[:, None] * _indicator(particle)
        candidates.append(Effect("own Ea", slopes))
    told = _told(design, residual, candidates)
    missing = [effect.name for effect in candidates if effect.name not in {e.name for e in told}]
    if setpoint is True and "temperature" in missing:
        raise InputError(
            "setpoint", True, "several particles or profiles at three or more temperatures",
            "leave setpoint at None",
        )  # fmt: skip
    if own_Ea and "own Ea" not in {effect.name for effect in told}:
        raise InputError(
            "own_Ea", True, "two or more particles at three or more temperatures", "leave own_Ea out"
        )
    return told, residual, _notes(data, missing, setpoint)


def _residual_weights(data: Observations, absolute_sigma: bool) -> Floats:
    relative = data.relative_std
    if relative is None or absolute_sigma:
        return np.ones(data.kelvin.size)
    return np.asarray(relative**2 / np.mean(relative**2))


def _groups(data: Observations) -> tuple[NDArray[np.intp] | None, NDArray[np.intp] | None]:
    """Number particles within directions, and profiles within particles."""
    particle = None if data.particle is None else _joined(data.line, data.particle)
    if data.profile is None:
        return particle, None
    return particle, _joined(data.line if particle is None else particle, data.profile)


def _joined(outer: NDArray[np.intp], inner: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.asarray(
        np.unique(np.stack([outer, inner]), axis=1, return_inverse=True)[1], dtype=np.intp
    ).ravel()


def _indicator(groups: NDArray[np.intp]) -> Floats:
    return np.asarray(groups[:, None] == np.arange(int(groups.max()) + 1), dtype=np.float64)


def _told(design: Floats, residual: Floats, candidates: list[Effect]) -> list[Effect]:
    """Keep what is independent of the residual and of those kept before, lines taken out.

    Inner products of the covariances M Z Z' M, M the projection that takes lines out, are |Z_j'M Z_k|_F^2; an
    effect stays if what is left of its own after those before is more than round-off.
    """
    lines = np.linalg.qr(design)[0]
    cleared = [effect.factor - lines @ (lines.T @ effect.factor) for effect in candidates]
    products = np.empty((len(candidates) + 1, len(candidates) + 1))
    of_lines = lines.T @ (residual[:, None] * lines)
    products[0, 0] = (residual**2 * (1.0 - 2.0 * (lines**2).sum(axis=1))).sum() + (of_lines**2).sum()
    for j, first in enumerate(cleared, start=1):
        products[0, j] = products[j, 0] = (residual @ first**2).sum()
        for k, second in enumerate(cleared, start=1):
            products[j, k] = ((first.T @ second) ** 2).sum()
    kept = [0]
    for j, effect in enumerate(candidates, start=1):
        size = float(((effect.factor.T @ effect.factor) ** 2).sum())
        among, with_them = products[np.ix_(kept, kept)], products[kept, j]
        left = products[j, j] - with_them @ np.linalg.solve(among, with_them)
        if left > _ALIKE * size:
            kept.append(j)
    return [candidates[j - 1] for j in kept[1:]]


def _notes(data: Observations, missing: list[str], setpoint: bool | None) -> tuple[str, ...]:
    notes = []
    if "particle" in missing:
        notes.append(
            "one particle only (in each direction): the scatter between particles is not known, "
            "k0 and its interval hold for this one"
        )
    if data.particle is not None and data.profile is not None and "profile" in missing:
        notes.append("no particle has two profiles: their scatter is part of that between particles")
    if "temperature" in missing and setpoint is None:
        notes.append(
            "an error of the set point at one temperature cannot be told from the scatter of single points"
        )
    return tuple(notes)
