"""From lithium maps to front positions over time: profiles, the model of a front, its fit in every frame."""

from lto_sim.kinetics.fronts.contact_line import ContactLine
from lto_sim.kinetics.fronts.contact_profile import ContactProfile, contact_profiles
from lto_sim.kinetics.fronts.contact_sources import labelled_contact, scenario_contact
from lto_sim.kinetics.fronts.profile import Profile, numbered_profiles
from lto_sim.kinetics.fronts.status import FrameCount, count_frames
from lto_sim.kinetics.fronts.track import track_front

__all__ = [
    "ContactLine",
    "ContactProfile",
    "FrameCount",
    "Profile",
    "contact_profiles",
    "count_frames",
    "labelled_contact",
    "numbered_profiles",
    "scenario_contact",
    "track_front",
]
