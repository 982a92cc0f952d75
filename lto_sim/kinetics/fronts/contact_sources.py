"""Contacts from a scenario or from a labelled image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts.contact_line import ContactLine
from lto_sim.scenario import build_contacts, build_specimen
from lto_sim.specimen import Contact, LabelStretch, Outline, Radial
from lto_sim.specimen.mask import outline_from_mask
from lto_sim.transport.drawings import contact_lines, outline_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.scenario import Scenario

__all__ = ["labelled_contact", "scenario_contact"]


def scenario_contact(scenario: Scenario, name: str) -> ContactLine:
    """Return the stretch of the outline that a contact of a scenario covers.

    Parameters
    ----------
    scenario : The scenario; images that it names are read.
    name : Name of the contact.

    Raises
    ------
    InputError
        No contact of that name, a radial body, or an image that cannot be used.
    """
    contacts = {contact.name: contact for contact in build_contacts(scenario)}
    if name not in contacts:
        raise InputError("contact", name, " or ".join(contacts), "name a contact of the scenario")
    return _of_outline(build_specimen(scenario).outline, contacts[name])


def labelled_contact(
    labels: NDArray[Any], pixel_size: float, *, particle: int = 1, electrolyte: int = 2
) -> ContactLine:
    """Return where two labels of an image touch, on the traced outline of the first.

    Parameters
    ----------
    labels : Label image (rows, columns).
    pixel_size : Size of a pixel [m].
    particle, electrolyte : Labels of the particle and of what it touches.

    Raises
    ------
    InputError
        No particle, several, one that touches the frame, or two labels that do not touch.
    """
    numbers = np.asarray(labels)
    outline = outline_from_mask(numbers == particle, pixel_size, field="labels")
    stretch = LabelStretch(numbers.astype(np.int64), pixel_size, electrolyte)
    return _of_outline(outline, Contact("electrolyte", stretch))


def _of_outline(outline: Outline, contact: Contact) -> ContactLine:
    if isinstance(outline, Radial):
        raise InputError(
            "contact", contact.name, "the contact of a body with an image", "a radial body has no maps"
        )
    rings = tuple(outline_lines(outline))
    return ContactLine(tuple(contact_lines(outline, contact)), rings, name=contact.name)
