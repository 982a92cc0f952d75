"""The stages of super-time-stepping on a GPU, through CUDA: the functions of `stages`, a thread a cell.

The mesh stays on the device; of a step, the composition goes there, and U of every cell and F of every
contact face come back, that is, the mean flux through every face. Stages do not leave the device. The flux
limiter works on the host, as without a GPU (`super_time`).

numba takes CUDA from the package numba-cuda (the extra ``gpu``) or from its own older copy. With
``NUMBA_ENABLE_CUDASIM=1`` in the environment it runs the kernels in Python, for tests.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numba.core.errors import NumbaPerformanceWarning
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.transport import stages
from lto_sim.transport.coupling import Phases
from lto_sim.transport.grid import Grid
from lto_sim.transport.stage_passes import FIRST_SWEEPS, SWEEPS, Body, Drive
from lto_sim.transport.super_time import SuperTimeStepper
from lto_sim.transport.surface_stages import Surfaces

try:
    from numba import cuda
except ImportError as missing:  # a numba without CUDA of its own, and no extra
    raise InputError(
        "numerics.engine",
        "gpu",
        "an installation with CUDA",
        "install 'lto_sim[gpu]', or use engine = \"native\"",
    ) from missing

__all__ = ["GpuStepper"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BLOCK = 128

_kirchhoff = cuda.jit(device=True)(stages.kirchhoff)
_net_inflow = cuda.jit(device=True)(stages.net_inflow)
_inflow = cuda.jit(device=True)(stages.inflow)
_recombined = cuda.jit(device=True)(stages.recombined)
_contact_flux = cuda.jit(device=True)(stages.contact_flux)
_contact_coefficient = cuda.jit(device=True)(stages.contact_coefficient)


@cuda.jit
def _stage(  # type: ignore[no-untyped-def]
    u, before, x_start, inverse, gx, gy, gz, row, pointer, face, g, transfer, w, imposed, flux, flux_before,
    flux_start, shape, uniform, phases, dt, weights,
):  # fmt: skip
    """Turn U of two stages ago into the next: one cell a thread, its contact faces with it."""
    nz, ny, nx = shape
    plane = ny * nx
    c = cuda.grid(1) + plane
    if c >= plane * (nz + 1) or inverse[c] == 0.0:
        return
    x_poor, x_rich, d_poor, d_rich = phases
    mu, nu, rate, first = weights
    here, x = u[c], x_start[c]
    if uniform[0] > 0.0:
        i, j, k = c % nx, c // nx % ny, c // plane
        along, across, through = uniform[1], uniform[2], uniform[3]
        net = _net_inflow(along if i + 1 < nx else 0.0, u[c + 1], along if i > 0 else 0.0, u[c - 1], here)
        net += _net_inflow(
            across if j + 1 < ny else 0.0, u[c + nx], across if j > 0 else 0.0, u[c - nx], here
        )
        if nz > 1:
            net += _net_inflow(
                through if k < nz else 0.0, u[c + plane], through if k > 1 else 0.0, u[c - plane], here
            )
    else:
        net = _inflow(u, gx, gy, gz, c, nx, plane)
    own = row[c]
    if own >= 0:
        for n in range(pointer[own], pointer[own + 1]):
            net += flux[face[n]]
    u_now = _kirchhoff(x + dt * inverse[c] * net, x_poor, x_rich, d_poor, d_rich)
    u_start = _kirchhoff(x, x_poor, x_rich, d_poor, d_rich)
    before[c] = _recombined(here, before[c], u_now, u_start, mu, nu, rate, first)
    if own >= 0:
        for n in range(pointer[own], pointer[own + 1]):
            f = face[n]
            let_in = _contact_flux(
                transfer[0, f], transfer[1, f], w[0, f], w[1, f], g[f], u_now, 1.0, d_poor, d_rich, imposed[f]
            )
            if rate == 0.0:
                flux_start[f] = let_in
            flux_before[f] = _recombined(flux[f], flux_before[f], let_in, flux_start[f], mu, nu, rate, first)


@cuda.jit
def _carry_over(u, before, cell, growth):  # type: ignore[no-untyped-def]
    """First guess of U of the cells without a stock: that of the stage before, grown like its share."""
    k = cuda.grid(1)
    if k < cell.size:
        before[cell[k]] = growth * u[cell[k]]


@cuda.jit
def _follow(  # type: ignore[no-untyped-def]
    u, gx, gy, gz, cell, conductance, row, begin, end, pointer, face, g, transfer, w, imposed, shape, phases,
    share,
):  # fmt: skip
    """Give the cells of one colour without a stock the U at which nothing stays in them."""
    k = cuda.grid(1) + begin
    if k >= end:
        return
    _, ny, nx = shape
    _, _, d_poor, d_rich = phases
    c, own = cell[k], row[k]
    net, total = _inflow(u, gx, gy, gz, c, nx, ny * nx), conductance[k]
    if own >= 0:
        for n in range(pointer[own], pointer[own + 1]):
            f = face[n]
            net += _contact_flux(
                transfer[0, f],
                transfer[1, f],
                w[0, f],
                w[1, f],
                g[f],
                u[c],
                share,
                d_poor,
                d_rich,
                imposed[f],
            )
            if transfer[0, f] * w[0, f] * share + g[f] * u[c] < 0.0:
                total += _contact_coefficient(transfer[0, f], d_poor, g[f])
            else:
                total += _contact_coefficient(transfer[1, f], d_rich, g[f])
    u[c] += net / total


class GpuStepper(SuperTimeStepper):
    """Super-time-stepping whose stages run on a CUDA device; results as those of `SuperTimeStepper`.

    Parameters
    ----------
    grid : The cells; neither conducting surfaces nor grain boundaries.
    order : Of the stages in time: 1 (RKL1) or 2 (RKL2).

    Raises
    ------
    InputError
        No device, or a specimen with conducting surfaces or grain boundaries.
    """

    def __init__(self, grid: Grid, order: int = 2) -> None:
        if not cuda.is_available():
            raise InputError(
                "numerics.engine", "gpu", "a machine with a CUDA device",
                "install 'lto_sim[gpu]' and a driver, or use engine = \"native\"",
            )  # fmt: skip
        if grid.elements or grid.barrier_cell.size:
            raise InputError(
                "numerics.engine", "gpu", "a specimen without conducting surfaces and grain boundaries",
                'use engine = "native"',
            )  # fmt: skip
        super().__init__(grid, order)
        fed, lumped, volume = self.layout.fed, self.layout.lumped, self.layout.volume
        inverse = np.where(volume > 0.0, 1.0 / np.where(volume > 0.0, volume, 1.0), 0.0)
        row = np.full(volume.size, -1, dtype=np.int32)
        row[fed.cell] = np.arange(fed.cell.size)
        put = cuda.to_device
        self._mesh: tuple[Any, ...] = tuple(put(a) for a in (inverse, grid.gx, grid.gy, grid.gz, row))
        self._faces = put(fed.pointer), put(_some(fed.face))
        self._lumped = put(_some(lumped.cell)), put(_some(lumped.conductance)), put(_some(lumped.fed))
        shape = volume.size, max(grid.contact_cell.size, 1)
        self._u = tuple(cuda.device_array(shape[0]) for _ in range(2))
        self._flux = tuple(cuda.device_array(shape[1]) for _ in range(3))
        self._nothing = np.zeros(shape[0]), np.zeros(shape[1])

    def _mean_fluxes(
        self, body: Body, surfaces: Surfaces, drive: Drive, phases: Phases, coefficients: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NumbaPerformanceWarning)  # a small specimen does not fill a GPU
            u, flux = self._on_device(body, drive, phases, coefficients)
        return u, flux, np.empty(0), np.empty(0)

    def _on_device(
        self, body: Body, drive: Drive, phases: Phases, coefficients: Floats
    ) -> tuple[Floats, Floats]:
        """Do all stages there; return U and F."""
        grid, lumped, shape = self.grid, self.layout.lumped, self.grid.shape
        contact = tuple(
            cuda.to_device(np.ascontiguousarray(a)) for a in (drive.g, drive.transfer, drive.w, drive.imposed)
        )
        x, dt, scaled = cuda.to_device(body.x), body.dt, tuple(float(p) for p in phases)
        cells = grid.interior.stop - grid.interior.start
        uniform = self.layout.uniform
        for array in self._u:
            array.copy_to_device(self._nothing[0])
        for array in self._flux:
            array.copy_to_device(self._nothing[1])
        u, before = self._u
        flux, flux_before, flux_start = self._flux
        last_share = 0.0
        rows = [(0.0, 0.0, 0.0, 0.0, 0.0), *(tuple(float(v) for v in r) for r in coefficients)]
        for mu, nu, rate, first, share in rows:
            _stage[_blocks(cells), _BLOCK](
                u, before, x, *self._mesh, *self._faces, *contact, flux, flux_before, flux_start, shape,
                uniform, scaled, dt, (mu, nu, rate, first),
            )  # fmt: skip
            if lumped.cell.size and share > 0.0:
                growth = share / last_share if last_share > 0.0 else 0.0
                _carry_over[_blocks(lumped.cell.size), _BLOCK](u, before, self._lumped[0], growth)
                for half in range(2 * (SWEEPS if last_share > 0.0 else FIRST_SWEEPS)):
                    part = (0, lumped.second) if half % 2 == 0 else (lumped.second, lumped.cell.size)
                    if part[1] > part[0]:
                        _follow[_blocks(part[1] - part[0]), _BLOCK](
                            before, *self._mesh[1:4], *self._lumped, *part, *self._faces, *contact, shape,
                            scaled, share,
                        )  # fmt: skip
            u, before, flux, flux_before = before, u, flux_before, flux
            last_share = share
        return u.copy_to_host(), flux.copy_to_host()[: grid.contact_cell.size]


def _blocks(threads: int) -> int:
    return -(-threads // _BLOCK)


def _some(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of at least one entry, for devices do not take empty ones."""
    return array if array.size else np.zeros(1, dtype=array.dtype)
