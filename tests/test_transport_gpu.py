"""Stages on a GPU: the kernels' source in CUDA's simulator, and a device where there is one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import cuda

from lto_sim.errors import InputError
from lto_sim.scenario import NumericsSpec
from lto_sim.specimen import Contact, Mesh, Rectangle, Specimen, Stretch, build_mesh, circle
from lto_sim.transport.engines import make_stepper
from lto_sim.transport.gpu import GpuStepper
from lto_sim.transport.grid import make_grid
from lto_sim.transport.stepper import Conditions, Stepper
from lto_sim.transport.super_time import SuperTimeStepper

CELL = 1e-8


def meshes(size: int) -> dict[str, Mesh]:
    """Cells that are all alike, the same in layers, and a disc whose cut cells are partly lumped."""
    height = size * CELL
    contact = (Contact("lps", Stretch("left", 0.25 * height, 0.75 * height)),)
    radius = 0.44 * height
    return {
        "alike": build_mesh(Specimen(Rectangle(height, height), 1e-7, CELL), contact),
        "layers": build_mesh(Specimen(Rectangle(height, height), 3e-8, CELL, layers=2), contact),
        "disc": build_mesh(
            Specimen(circle((0.0, 0.0), radius), 1e-7, CELL, grid_point=(0.3 * CELL, 0.1 * CELL)),
            (Contact("rim", Stretch("all")),),
        ),
    }


def difference(name: str, size: int, transfer: float, steps: int) -> float:
    """Largest difference of composition, and of uptake over its largest, after a few steps on both."""
    mesh = meshes(size)[name]
    grid = make_grid(mesh)
    faces = grid.contact_cell.size
    fed = Conditions(
        0.05, 0.95, 1e-14, 1e-16, np.full(faces, 0.05), np.full(faces, transfer), np.zeros(faces)
    )
    worst = 0.0
    native, device = (list(_run(s, grid.pad(np.zeros(mesh.shape)), fed, steps))
                      for s in (SuperTimeStepper(grid), GpuStepper(grid)))  # fmt: skip
    for one, other in zip(native, device, strict=True):
        worst = max(worst, float(np.abs(one[0] - other[0]).max()))
        worst = max(worst, float(np.abs(one[1] - other[1]).max() / np.abs(one[1]).max()))
    return worst


def _run(stepper: Stepper, x, fed: Conditions, steps: int):
    for k in range(steps):
        result = stepper.step(x, 0.02 * 4.0**k, fed)
        assert result.settled
        x = result.x
        assert x.max() > 0.0
        yield x, result.uptake


SIMULATED = """
    import test_transport_gpu as here
    from lto_sim.transport import gpu

    gpu._BLOCK = 32  # the simulator starts every thread of a block
    for name, transfer in (("alike", here.math.inf), ("layers", 1e-7), ("disc", here.math.inf)):
        print(name, here.difference(name, 5, transfer, 1 if name == "disc" else 2))
"""


def test_the_kernels_give_the_native_results_in_the_simulator():
    simulated = dict(os.environ, NUMBA_ENABLE_CUDASIM="1", PYTHONPATH=os.path.dirname(__file__))
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SIMULATED)], env=simulated, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = dict(line.split() for line in run.stdout.splitlines())
    assert set(found) == {"alike", "layers", "disc"}
    assert all(float(value) < 1e-12 for value in found.values()), found


@pytest.mark.parametrize("transfer", [math.inf, 1e-7])
@pytest.mark.parametrize("name", ["alike", "layers", "disc"])
def test_a_device_gives_the_native_results(name, transfer):
    if not cuda.is_available():
        pytest.skip("no GPU here")
    assert difference(name, 40, transfer, 5) < 1e-6


def test_no_device_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(cuda, "is_available", lambda: False)
    mesh = meshes(5)["alike"]
    with pytest.raises(
        InputError, match=r"^numerics\.engine: got 'gpu'; allowed: .*lto_sim\[gpu\].*native"
    ) as error:
        make_stepper(NumericsSpec(engine="gpu"), mesh, make_grid(mesh))
    assert "\n" not in str(error.value)


def test_surfaces_are_refused(monkeypatch):
    monkeypatch.setattr(cuda, "is_available", lambda: True)
    body = Specimen(Rectangle(5 * CELL, 4 * CELL), 1e-7, CELL)
    mesh = build_mesh(body, (Contact("lps", Stretch("left")),), perimeter=True)
    with pytest.raises(InputError, match=r"numerics\.engine.*conducting surfaces"):
        GpuStepper(make_grid(mesh))


def test_the_package_does_not_import_cuda():
    code = "import sys, lto_sim, lto_sim.transport.engines; print('numba.cuda' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]
