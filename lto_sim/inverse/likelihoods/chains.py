"""A chain on disk in the format of emcee, with the emulator that it was made with.

HDF5 files do not survive a process that is killed while it writes. Every save therefore writes a copy under
another name and renames it: what lies under the given name is whole at any time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files.atomic import new_file
from lto_sim.inverse.likelihoods.emulator import Emulator
from lto_sim.inverse.likelihoods.polynomial import QuadraticForm, Region
from lto_sim.inverse.result import MapFit
from lto_sim.provenance import package_version

__all__ = ["ChainFile", "StoredChain", "identity"]

Floats = NDArray[np.float64]

_GROUP: Final = "mcmc"
_ARRAYS: Final = ("centre", "axes", "powers", "linear", "square", "low", "high")


@dataclass(frozen=True, eq=False)
class StoredChain:
    """A chain and the state of its random numbers.

    Parameters
    ----------
    chain : Of what is fitted, (steps, walkers, parameters).
    log_prob : (steps, walkers).
    accepted : Accepted steps of every walker.
    random_state : As `numpy.random.RandomState` gives it.
    """

    chain: Floats
    log_prob: Floats
    accepted: Floats
    random_state: tuple[Any, ...]


def identity(fit: MapFit, walkers: int, seed: int, emulated: bool) -> str:
    """Hash of all that a chain depends on.

    Parameters
    ----------
    fit : The fit.
    walkers, seed, emulated : As of the sampling.
    """
    plain = [fit.names, walkers, seed, emulated, fit.loss, float(fit.scale).hex(), package_version()]
    digest = hashlib.sha256(json.dumps(plain).encode())
    low, high = fit.parameters.bounds
    for values in (fit.minimum.theta, fit.minimum.residuals, low, high):
        digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()


class ChainFile:
    """The file of a chain.

    Parameters
    ----------
    path : Where.
    backend : emcee's ``HDFBackend``, which makes its groups.
    identity : Of what is sampled.
    walkers, count : Walkers and parameters.

    Raises
    ------
    InputError
        A file that is there and is not the chain of this fit with these walkers and this seed.
    """

    def __init__(self, path: Path, backend: Any, identity: str, walkers: int, count: int) -> None:
        self.path, self.backend, self.identity = path, backend, identity
        self.walkers, self.count = walkers, count
        if not path.exists():
            return
        try:
            with h5py.File(path, "r") as file:
                known = str(file.attrs.get("identity", ""))
        except OSError:
            known = ""
        if known != identity:
            raise InputError(
                "out", str(path), "a new file or the chain of this very fit, walkers and seed",
                "choose another name, or remove the file",
            )  # fmt: skip

    def begin(self, emulator: Emulator | None, names: list[str]) -> None:
        """Make the file, without a step yet.

        Parameters
        ----------
        emulator : What is sampled; None: the objective itself.
        names : Parameters.
        """
        with new_file(self.path) as temporary:
            self.backend(str(temporary), name=_GROUP).reset(self.walkers, self.count)
            with h5py.File(temporary, "a") as file:
                file.attrs["identity"] = self.identity
                file.attrs["parameters"] = names
                if emulator is not None:
                    _write_emulator(file.create_group("emulator"), emulator)

    def emulator(self) -> Emulator | None:
        """The emulator that the chain was begun with."""
        with h5py.File(self.path, "r") as file:
            return _read_emulator(file["emulator"]) if "emulator" in file else None

    def read(self) -> StoredChain | None:
        """What is there of the chain; None where no step is."""
        stored = self.backend(str(self.path), name=_GROUP, read_only=True)
        if stored.iteration == 0:
            return None
        state = tuple(stored.random_state)
        return StoredChain(stored.get_chain(), stored.get_log_prob(), stored.accepted, state)

    def append(
        self, chain: Floats, log_prob: Floats, accepted: Floats, random_state: tuple[Any, ...]
    ) -> None:
        """Add steps.

        Parameters
        ----------
        chain, log_prob : The new steps.
        accepted : Accepted steps of every walker from the first step on.
        random_state : After the last step.
        """
        with new_file(self.path, force=True) as temporary:
            shutil.copyfile(self.path, temporary)
            with h5py.File(temporary, "a") as file:
                group = file[_GROUP]
                first = int(group.attrs["iteration"])
                last = first + chain.shape[0]
                for name, values in (("chain", chain), ("log_prob", log_prob)):
                    group[name].resize(last, axis=0)
                    group[name][first:last] = values
                group["accepted"][:] = accepted
                for number, part in enumerate(random_state):
                    group.attrs[f"random_state_{number}"] = part
                group.attrs["iteration"] = last


def _write_emulator(group: Any, emulator: Emulator) -> None:
    form = emulator.form
    arrays = (
        form.region.centre,
        form.region.axes,
        form.powers,
        form.linear,
        form.square,
        emulator.low,
        emulator.high,
    )
    for name, values in zip(_ARRAYS, arrays, strict=True):
        group[name] = values
    group.attrs.update(
        reach=form.region.reach, degree=emulator.degree, error=emulator.error, fresh=emulator.fresh,
        runs=emulator.runs,
    )  # fmt: skip


def _read_emulator(group: Any) -> Emulator:
    centre, axes, powers, linear, square, low, high = (group[name][...] for name in _ARRAYS)
    at = group.attrs
    form = QuadraticForm(Region(centre, axes, float(at["reach"])), powers, linear, square)
    return Emulator(form, int(at["degree"]), float(at["error"]), int(at["fresh"]), int(at["runs"]), low, high)
