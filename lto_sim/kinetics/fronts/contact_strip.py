"""The pixels of a profile along the normal of a contact, by the contact's distance map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts.strip import require_inside, sorted_strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.fronts.contact_line import ContactLine, Nearest
    from lto_sim.kinetics.fronts.contact_profile import ContactProfile
    from lto_sim.kinetics.fronts.map_series import MapSeries
    from lto_sim.kinetics.fronts.strip import Strip

__all__ = ["ContactField", "contact_field", "take_contact_strip"]


@dataclass(frozen=True, eq=False)
class ContactField:
    """A contact as the pixels of an image see it.

    Parameters
    ----------
    contact : The contact; which side of it is the particle is known.
    near : Distance, arc length and normal of every pixel, shape (y, x).
    usable : Whether a pixel lies in the particle and sees the contact, shape (y, x).
    """

    contact: ContactLine
    near: Nearest
    usable: NDArray[np.bool_]


def contact_field(series: MapSeries, contact: ContactLine, reach: float) -> ContactField:
    """Return how every pixel lies to a contact, and find its inside where that is not told.

    Parameters
    ----------
    series : The maps.
    contact : The contact.
    reach : Distance [m] within which pixels with values tell on which side the particle is.

    Raises
    ------
    InputError
        Both sides of the contact have about as many pixels with values.
    """
    xx, yy = np.meshgrid(series.x, series.y)
    near = contact.nearest(xx, yy)
    if not contact.outline and contact.inside is None:
        seen = near.beside & (near.distance <= reach) & np.isfinite(series.values).any(axis=0)
        counts = [int((seen & (near.side == side)).sum()) for side in (-1, 1)]
        if max(counts) < 2 * min(counts) or max(counts) == 0:
            raise InputError(
                f"contact.{contact.name}",
                f"{counts[0]} pixels with values on its left, {counts[1]} on its right",
                "a line at the edge of the particle", "give a point inside the particle, (x, y)",
            )  # fmt: skip
        side = -1 if counts[0] > counts[1] else 1
        at = np.argmax(np.where(seen & (near.side == side), near.distance, -1.0))
        contact = replace(contact, inside=(float(xx.flat[at]), float(yy.flat[at])))
    return ContactField(contact, near, contact.in_particle(xx, yy, near))


def take_contact_strip(series: MapSeries, profile: ContactProfile, field: ContactField) -> Strip:
    """Take the pixels beside the profile's stretch of its contact.

    Parameters
    ----------
    series : The maps.
    profile : The profile; which side of its contact is the particle is known.
    field : What :func:`contact_field` says of the contact.

    Raises
    ------
    InputError
        The profile leaves the frame, or holds fewer than four pixels along it.
    """
    for name, point in (("start", profile.start), ("end", profile.end)):
        require_inside(series, f"profile.{name}", point, profile.name)
    near, part = field.near, profile.contact.part_at(profile.stretch[0])
    low, high = profile.contact.starts[part], profile.contact.starts[part + 1]
    extent = np.maximum(*(size * np.abs(near.normal[..., i]) for i, size in enumerate(series.pixel)))
    tolerance = 1e-9 * min(series.pixel)
    arc = near.arc - profile.stretch[0]
    if profile.contact.is_closed(part):
        arc = np.where(arc < -tolerance, arc + (high - low), arc)
    inside = field.usable & (near.distance <= profile.length + tolerance)
    inside &= (near.arc >= low - tolerance) & (near.arc <= high + tolerance)
    inside &= (arc >= -tolerance) & (arc <= profile.width + tolerance)
    offset = (arc - 0.5 * profile.width)[inside]
    return sorted_strip(series, profile.name, inside, near.distance[inside], offset, extent[inside])
