"""The labelled dataset of a tracked front: variables, units, profile geometry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.kinetics.fronts.contact_profile import ContactProfile
from lto_sim.kinetics.fronts.status import status_attributes
from lto_sim.provenance import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.contact_line import ContactLine
    from lto_sim.kinetics.fronts.profile import Profile

__all__ = ["FRONT_VARIABLES", "front_dataset"]

FRONT_VARIABLES: Final[dict[str, tuple[str, str]]] = {
    "front_position": ("m", "distance of the front from the start of the profile"),
    "front_position_std": ("m", "standard deviation of the front position"),
    "front_time": ("s", "time at which the pixel at the front was visited"),
    "front_width": ("m", "standard deviation of the Gaussian blur of the front"),
    "front_quality": ("1", "reduced chi-square of the fit"),
    "front_tip": ("m", "distance of the tip of a projected shell from the start of the profile"),
    "shell_length": ("m", "length over which a projected shell falls off"),
}
"""Variable -> unit and long name; dimensions (time, profile)."""


def front_dataset(
    result: dict[str, NDArray[np.float64]],
    status: NDArray[np.int8],
    time: NDArray[np.float64],
    profiles: Sequence[Profile | ContactProfile],
    settings: dict[str, str],
    maps: xr.Dataset,
) -> xr.Dataset:
    """Return the front dataset.

    Parameters
    ----------
    result : The arrays of :data:`FRONT_VARIABLES`, shape (time, profile).
    status : Codes of ``front_status``, shape (time, profile).
    time : Start of the frames [s].
    profiles : The profiles, in order.
    settings : Attributes that say how it was tracked: direction, model.
    maps : Where the fronts come from; its attributes are kept and its history goes on.
    """
    variables: dict[str, Any] = {
        name: (("time", "profile"), result[name], named(units, label))
        for name, (units, label) in FRONT_VARIABLES.items()
    }
    variables["front_status"] = (("time", "profile"), status, status_attributes())
    coordinates = {
        "time": ("time", time, named("s", "start of the frame")),
        "profile": ("profile", np.arange(len(profiles)), named("1", "number of the profile")),
        "profile_width": _of_profiles([item.width for item in profiles], "full width of the profile"),
        "profile_start_std": _of_profiles(
            [item.start_std for item in profiles],
            "standard deviation of where the contact truly is, along the profile",
        ),
        **_ends(profiles),
        **_contacts(profiles),
    }
    attributes = {
        **maps.attrs,
        **provenance.attributes(
            "tracked front", "track_front", seed=maps.attrs.get("seed"), previous=maps.attrs
        ),
        **settings,
        "profile_names": json.dumps([item.name for item in profiles]),
    }
    return xr.Dataset(variables, coords=coordinates, attrs=attributes)


def _of_profiles(values: list[float], label: str) -> tuple[tuple[str], NDArray[np.float64], dict[str, str]]:
    return ("profile",), np.array(values, dtype=np.float64), named("m", label)


def _ends(profiles: Sequence[Profile | ContactProfile]) -> dict[str, Any]:
    """Start and end of every profile; of one along a contact, of the normal in the middle of its stretch."""
    return {
        f"profile_{end}_{axis}": _of_profiles(
            [getattr(item, end)[i] for item in profiles], f"{axis} of the {end} of the profile"
        )
        for end in ("start", "end")
        for i, axis in enumerate("xy")
    }


def _contacts(profiles: Sequence[Profile | ContactProfile]) -> dict[str, Any]:
    """Contacts that profiles stand on: which, from where to where, and their lines; none if straight."""
    along = [item if isinstance(item, ContactProfile) else None for item in profiles]
    contacts: list[ContactLine] = []
    for item in along:
        if item is not None and not any(item.contact is contact for contact in contacts):
            contacts.append(item.contact)
    if not contacts:
        return {}
    number = [-1 if p is None else next(i for i, c in enumerate(contacts) if c is p.contact) for p in along]
    lines = [(owner, line) for owner, contact in enumerate(contacts) for line in contact.lines]
    sizes = [len(line) for _, line in lines]
    points = np.concatenate([line for _, line in lines])
    vertex = ("contact_vertex",)
    return {
        "profile_contact": (
            ("profile",),
            np.array(number, dtype=np.int32),
            named("1", "contact that the profile stands on; -1: a straight profile"),
        ),
        **{
            f"profile_contact_{end}": _of_profiles(
                [np.nan if p is None else p.stretch[i] for p in along],
                f"arc length along the contact at which the profile {verb}",
            )
            for i, (end, verb) in enumerate((("from", "begins"), ("to", "ends")))
        },
        **{
            f"contact_line_{axis}": (vertex, points[:, i], named("m", f"{axis} of the contacts' points"))
            for i, axis in enumerate("xy")
        },
        "contact_line_number": (
            vertex,
            np.repeat(np.arange(len(lines)), sizes).astype(np.int32),
            named("1", "line that a point belongs to"),
        ),
        "contact_line_owner": (
            vertex,
            np.repeat([owner for owner, _ in lines], sizes).astype(np.int32),
            named("1", "contact that a point belongs to"),
        ),
    }
