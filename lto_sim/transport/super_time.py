"""Super-time-stepping: explicit stages that are stable far beyond the explicit limit, and a flux limiter.

A step of s Runge-Kutta-Legendre stages (`stages`) is stable up to (s^2 + s)/2 explicit steps at first order
(RKL1), (s^2 + s - 2)/4 at second (RKL2), so that the work grows with the square root of the step. The number
of stages follows from the step and the largest diffusivity; no step is unstable. The stages may leave the
bounds of the composition; the mean fluxes of the whole step are then reduced (`flux_limiter`), never the
composition.

RKL2 is the default: 1.4 times the stages of RKL1 for a step, but fewer steps. Insertion through a partial
contact on 150 x 100 cells took 351 steps of RKL1 (62 more were repeated) and 171 of RKL2 (17), whose largest
difference from small steps was a third.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.transport import stages
from lto_sim.transport.coupling import Phases
from lto_sim.transport.flux_limiter import Joints, Store, empty_fluxes, limited, spread
from lto_sim.transport.grid import Grid
from lto_sim.transport.lumped import stage_layout
from lto_sim.transport.stage_passes import Body, Drive, Means, all_stages, total_fluxes
from lto_sim.transport.stepper import Conditions, Stepper, StepResult
from lto_sim.transport.surface_stages import Surfaces, element_fluxes, make_surfaces

__all__ = ["SuperTimeStepper"]

Floats = NDArray[np.float64]

_MOST_STAGES = 20_001
"""A longer step is refused, and with it repeated shorter: round-off grows with the stages."""
_MOST_PASSES = 1000
_SLACK = 1e-7
"""How far beyond the values of cells and contacts [li fraction] a cell may go within [0, 1]: with none the
limiter, which moves a surplus by one face a pass, follows 1e-10 of it along a whole surface."""


class SuperTimeStepper(Stepper):
    """Super-time-stepping on one grid, with its work space.

    In its results, `linear_iterations` counts stages and `newton_iterations` passes of the flux limiter.

    Parameters
    ----------
    grid : The cells, without resisting grain boundaries.
    order : Of the stages in time: 1 (RKL1) or 2 (RKL2).

    Raises
    ------
    InputError
        The specimen has a grain boundary with a resistance.
    """

    def __init__(self, grid: Grid, order: int = 2) -> None:
        if grid.barrier_cell.size:
            raise InputError(
                "numerics.stepper", "super_time_stepping", "a specimen without resisting grain boundaries",
                'use stepper = "implicit"',
            )  # fmt: skip
        super().__init__(grid)
        self.order = order
        self.layout = layout = stage_layout(grid)
        faces, rows, edges = grid.contact_cell.size, layout.fed.cell.size, grid.edge_kind.shape[1]
        self._means = Means(
            np.zeros((2, grid.volume.size)), np.zeros((2, faces)), np.zeros(faces), np.zeros(rows),
            np.zeros(rows),
        )  # fmt: skip
        self._fluxes = empty_fluxes(grid.volume.size, faces, edges)
        self._inside = grid.volume > 0.0
        node = int(grid.network.dims[0, 4])
        self._edge = grid.network.first[:edges] - node, grid.network.second[:edges] - node
        self._joints = Joints(
            layout.lumped.owner, layout.lumped.owner[grid.contact_cell],
            layout.element_cell[self._edge[0]], layout.element_cell[self._edge[1]],
        )  # fmt: skip

    def step(
        self, x: Floats, dt: float, conditions: Conditions, excess: Floats | None = None,
        acts: float | None = None,
    ) -> StepResult:  # fmt: skip
        """Advance padded composition `x` by `dt` [s].

        Not settled, to be repeated shorter: where it would take too many stages, or passes of the limiter, or
        left all bounds, as surfaces over cells of another phase may in steps far beyond those of a front.

        `excess` is that of every element before the step; default: :meth:`start_excess`.
        """
        grid, layout, faces = self.grid, self.layout, self.grid.contact_cell.size
        excess = self.start_excess(x, conditions) if excess is None else excess
        scaled = dt / grid.time_unit(conditions.fastest)
        count = stages.stage_count(scaled / layout.limit, self.order)
        if count > _MOST_STAGES:
            return StepResult(x, excess, np.zeros(faces), False, 0, 0)
        body, drive, phases = self._body(x, scaled), self._drive(x, excess, conditions), _phases(conditions)
        surfaces = make_surfaces(
            grid, layout, body.x, excess, conditions, phases, drive.transfer, drive.w, scaled
        )  # fmt: skip
        coefficients = stages.stage_coefficients(count, self.order)
        u, contact, w, excess_new = self._mean_fluxes(body, surfaces, drive, phases, coefficients)
        fluxes = self._fluxes
        total_fluxes(u, contact, body, layout.fed, layout.lumped, drive, grid.shape, phases, scaled, fluxes)
        if w.size:
            edges = grid.edge_conductance(conditions.surface) / (conditions.fastest * grid.conductance_scale)
            apart = self._joints.first != self._joints.second
            fluxes.edge[:] = scaled * apart * edges * (w[self._edge[0]] - w[self._edge[1]])
        store = Store(body.x, layout.volume, *self._bounds(x, conditions))
        passes = limited(store, fluxes, self._joints, grid.shape, _MOST_PASSES)
        wildest = max(float(np.abs(u).max()), float(np.abs(excess_new).max(initial=0.0)))
        if passes < 0 or not wildest <= 1.0:
            return StepResult(x, excess, np.zeros(faces), False, _MOST_PASSES, count)
        x_new = np.zeros_like(x)
        spread(store, fluxes.net, layout.lumped, x, grid.volume, x_new)
        return StepResult(x_new, excess_new, fluxes.contact * grid.volume_scale, True, passes, count)

    def _mean_fluxes(
        self, body: Body, surfaces: Surfaces, drive: Drive, phases: Phases, coefficients: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Means over the step, of U of cells, F of contact faces, w of elements; and w after it."""
        layout, means = self.layout, self._means
        row = all_stages(
            means, body, layout.fed, surfaces, layout.lumped, drive, self.grid.shape, phases, coefficients
        )
        excess = np.zeros(surfaces.row.size)
        element_fluxes(surfaces, row, means.flux[row], excess)
        return means.u[row], means.flux[row], surfaces.w[row], excess

    def _body(self, x: Floats, dt: float) -> Body:
        grid, layout = self.grid, self.layout
        stored = layout.volume > 0.0
        scale = np.where(stored, dt / np.where(stored, layout.volume, 1.0), 0.0)
        mean, lumped = x, layout.lumped
        if lumped.cell.size:
            stock = x * grid.volume
            np.add.at(stock, lumped.host, stock[lumped.cell])
            mean = x.copy()
            least, most = x.copy(), x.copy()
            np.minimum.at(least, lumped.host, x[lumped.cell])
            np.maximum.at(most, lumped.host, x[lumped.cell])
            mean[lumped.host] = stock[lumped.host] / layout.volume[lumped.host]
            mean = np.clip(mean, least, most)  # a mean of equal numbers is that number to the last bit
        volume, *g = layout.uniform
        uniform = (dt / volume if volume > 0.0 else 0.0, g[0], g[1], g[2])
        return Body(mean, scale, grid.gx, grid.gy, grid.gz, uniform, dt)

    def _drive(self, x: Floats, excess: Floats, conditions: Conditions) -> Drive:
        grid = self.grid
        flux_unit = conditions.fastest * grid.conductance_scale
        transfer, w = self.face_laws(x, excess, conditions)
        return Drive(
            grid.contact_cell, grid.contact_conductance, transfer * grid.contact_area / flux_unit, w,
            conditions.imposed_flux / flux_unit,
        )  # fmt: skip

    def _bounds(self, x: Floats, conditions: Conditions) -> tuple[float, float]:
        """Least and largest composition of cells and contacts, with slack; 0 and 1 if a flux is imposed."""
        if np.any(conditions.imposed_flux != 0.0):
            return 0.0, 1.0
        w, inside = conditions.contact_excess, x[self._inside]
        highest = np.where(w > 0.0, conditions.x_rich, conditions.x_poor) + w
        lowest = np.where(w < 0.0, conditions.x_poor, conditions.x_rich) + w
        low = min(float(inside.min()), float(lowest.min(initial=1.0))) - _SLACK
        high = max(float(inside.max()), float(highest.max(initial=0.0))) + _SLACK
        return max(low, 0.0), min(high, 1.0)


def _phases(conditions: Conditions) -> Phases:
    unit = conditions.fastest
    return Phases(
        conditions.x_poor, conditions.x_rich, conditions.diffusivity_poor / unit,
        conditions.diffusivity_rich / unit,
    )  # fmt: skip
