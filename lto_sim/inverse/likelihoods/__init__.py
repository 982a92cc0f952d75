"""The likelihood around a fit: profiles, an emulator of the maps, posterior samples."""

from lto_sim.inverse.likelihoods.posterior import PosteriorProgress, sample_posterior
from lto_sim.inverse.likelihoods.profiles import Profile, Profiles, profile_likelihood
from lto_sim.inverse.likelihoods.samples import Posterior

__all__ = ["Posterior", "PosteriorProgress", "Profile", "Profiles", "profile_likelihood", "sample_posterior"]
