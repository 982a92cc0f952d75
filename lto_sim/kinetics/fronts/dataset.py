"""The labelled dataset of a tracked front: variables, units, profile geometry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np
import xarray as xr

from lto_sim import provenance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.strip import MapSeries
    from lto_sim.kinetics.fronts.profile import Profile

__all__ = ["FRONT_VARIABLES", "front_dataset"]

FRONT_VARIABLES: Final[dict[str, tuple[str, str]]] = {
    "front_position": ("m", "distance of the front from the start of the profile"),
    "front_position_std": ("m", "standard deviation of the front position"),
    "front_time": ("s", "time at which the pixel at the front was visited"),
    "front_width": ("m", "standard deviation of the Gaussian blur of the front"),
    "front_quality": ("1", "reduced chi-square of the fit"),
}
"""Variable -> unit and long name; dimensions (time, profile)."""


def front_dataset(
    result: dict[str, NDArray[np.float64]],
    series: MapSeries,
    profiles: list[Profile],
    direction: str,
    maps: xr.Dataset,
) -> xr.Dataset:
    """Return the front dataset.

    Parameters
    ----------
    result : The arrays of :data:`FRONT_VARIABLES`, shape (time, profile).
    series, maps : Where they come from; the attributes of `maps` are kept and its history goes on.
    profiles : The profiles, in order.
    direction : ``"extraction"`` or ``"insertion"``.
    """
    variables = {
        name: (("time", "profile"), result[name], {"units": units, "long_name": label})
        for name, (units, label) in FRONT_VARIABLES.items()
    }
    ends = {
        f"profile_{end}_{axis}": (
            ("profile",),
            np.array([getattr(item, end)[i] for item in profiles]),
            {"units": "m", "long_name": f"{axis} of the {end} of the profile"},
        )
        for end in ("start", "end")
        for i, axis in enumerate("xy")
    }
    coordinates = {
        "time": ("time", series.time, {"units": "s", "long_name": "start of the frame"}),
        "profile": (
            "profile",
            np.arange(len(profiles)),
            {"units": "1", "long_name": "number of the profile"},
        ),
        "profile_width": (
            ("profile",),
            np.array([item.width for item in profiles]),
            {"units": "m", "long_name": "full width of the profile"},
        ),
        **ends,
    }
    seed = maps.attrs.get("seed")
    attributes = {
        **maps.attrs,
        **provenance.attributes("tracked front", "track_front", seed=seed, previous=maps.attrs),
        "direction": direction,
        "profile_names": json.dumps([item.name for item in profiles]),
    }
    return xr.Dataset(variables, coords=coordinates, attrs=attributes)
