"""From lithium maps to front positions over time: profiles, the model of a front, its fit in every frame."""

from lto_sim.kinetics.fronts.profile import Profile, numbered_profiles
from lto_sim.kinetics.fronts.track import track_front

__all__ = ["Profile", "numbered_profiles", "track_front"]
