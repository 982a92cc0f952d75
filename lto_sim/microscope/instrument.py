"""The instrument: beam, spectrometer, detector, scan or slit, images, dose; as TOML or one of the presets.

Every key has a unit, a default and a range; its path in fits, sweeps and ``--set`` begins with
``instrument.`` (``instrument.beam.current``).

Source: the files of the presets say, value by value, what the paper of an instrument states (Yamamoto et al.
2014 for the slit) and what is assumed.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from lto_sim.errors import InputError
from lto_sim.microscope.detector import CcdSpec, CountingSpec
from lto_sim.microscope.quantities import (
    Annulus,
    Aperture,
    Current,
    Dispersion,
    Displacement,
    DoseRate,
    DriftPair,
    HalfAngle,
    MeanFreePath,
    Offset,
    Scale,
    Spread,
    Voltage,
)
from lto_sim.microscope.references import EDGES, REFERENCES
from lto_sim.scenario.parse import plain, read_toml, set_paths, to_toml, validated
from lto_sim.scenario.quantities import (
    Coordinate,
    Dose,
    Length,
    LengthOrZero,
    Number,
    ProbeWidth,
    Time,
    TimeOrZero,
)
from lto_sim.scenario.section import Section, by_name

__all__ = ["PRESETS", "Instrument", "preset_text"]

PRESETS: Final = ("jem_arm300f2_continuum_k3", "hf3300_gif_quantum")
"""Names that :meth:`Instrument.preset` knows."""


def preset_text(name: str) -> str:
    """TOML text, with comments, of the instrument `name` that comes with the package.

    Raises
    ------
    InputError
        Unknown name.
    """
    if name not in PRESETS:
        known = " or ".join(PRESETS) + " or a TOML file"
        near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "`lto-sim scenarios` lists them"
        raise InputError("instrument", name, known, hint)
    file = resources.files("lto_sim.microscope") / "presets" / f"{name}.toml"
    return file.read_text(encoding="utf-8")


class BeamSpec(Section):
    """Electrons before the specimen."""

    voltage: Voltage = Field(default=300e3, description="Accelerating voltage [V]", examples=["300 kV"])
    current: Current = Field(
        default=71e-12, description="Probe current; of sr_tem through the slit [A]", examples=["71 pA"]
    )
    convergence: HalfAngle = Field(
        default=25e-3, description="Convergence half-angle [rad]", examples=["25 mrad"]
    )
    probe_fwhm: ProbeWidth = Field(
        default=1e-9, description="Full width at half maximum of the probe [m]", examples=["1 nm"]
    )
    broadening: bool = Field(default=True, description="Whether the probe widens within the specimen")
    energy_spread: Spread = Field(
        default=0.5, description="FWHM of the zero loss without tails [eV]", examples=["0.5 eV"]
    )


class SpectrometerSpec(Section):
    """What is recorded of the losses."""

    collection: Aperture = Field(
        default=50e-3, description="Collection half-angle [rad]", examples=["50 mrad"]
    )
    offset: Offset = Field(default=-5.0, description="Energy loss of the first channel's centre [eV]")
    dispersion: Dispersion = Field(default=0.1, description="Width of a channel [eV]")
    channels: int = Field(default=1024, ge=8, le=65536, description="Number of channels")


class FramesSpec(Section):
    """Scan of the probe where the run has recorded none; a recorded scan is used as it is."""

    frame_time: Time | None = Field(
        default=None,
        description="Time for one frame [s]; default the interval of saved states",
        examples=["1.5 s"],
    )
    pixels: tuple[int, int] | None = Field(
        default=None, description="Pixels (x, y); default the cells", examples=[[64, 48]]
    )
    order: Literal["rows", "columns"] = Field(default="rows", description="Fast axis: along rows or columns")
    flyback: TimeOrZero = Field(
        default=0.0, description="Dead time at each line's end [s]", examples=["1 ms"]
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.pixels is not None and not all(1 <= n <= 4096 for n in self.pixels):
            raise InputError("pixels", self.pixels, "1 to 4096 a side", "give pixels = [64, 48]")
        if self.frame_time is not None and self.flyback >= self.frame_time:
            raise InputError("flyback", self.flyback, f"< {self.frame_time:g} s", "shorten it")
        return self


class DriftSpec(Section):
    """How the specimen moves in the image while it is scanned."""

    velocity: DriftPair = Field(
        default=(0.0, 0.0), description="Velocity (x, y) [m/s]", examples=[["0.1 nm/s", "0 nm/s"]]
    )
    start: Displacement = Field(
        default=(0.0, 0.0),
        description="Displacement (x, y) at the start of the run [m]",
        examples=[["0 nm", "0 nm"]],
    )


class SlitSpec(Section):
    """Slit of sr_tem: positions along one axis at once, summed along the other."""

    axis: Literal["x", "y"] = Field(default="x", description="Axis of the particle along the slit")
    rows: int = Field(default=330, ge=1, le=65536, description="Rows of pixels along the slit")
    row: Length = Field(
        default=5.7e-9, description="Length of a row on the specimen [m]", examples=["5.7 nm"]
    )
    exposure: Time = Field(default=30.0, description="Exposure of a frame [s]", examples=["30 s"])
    start: Coordinate = Field(default=0.0, description="Where the first row begins [m]")
    centre: Coordinate | None = Field(
        default=None,
        description="Position across the slit [m]; default the particle's middle",
        examples=["0.5 um"],
    )
    width: Length | None = Field(
        default=None, description="Width of the slit [m]; default all of it", examples=["100 nm"]
    )
    blur: LengthOrZero = Field(
        default=0.0, description="FWHM of the image along the slit [m]", examples=["10 nm"]
    )


class ImagesSpec(Section):
    """Annular detectors."""

    adf: Annulus = Field(
        default=(60e-3, 200e-3),
        description="Inner and outer half-angle of the dark field [rad]",
        examples=[["60 mrad", "200 mrad"]],
    )
    abf: Annulus = Field(
        default=(12e-3, 24e-3),
        description="Inner and outer half-angle of the annular bright field [rad]",
        examples=[["12 mrad", "24 mrad"]],
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("adf", "abf"):
            low, high = getattr(self, name)
            if not low < high:
                raise InputError(name, (low, high), "inner < outer", "exchange the angles")
        return self


class LithiumLossSpec(Section):
    """Lithium that the beam removes: exp(-dose / D1), D1 = dose (rate / dose_rate)^-exponent."""

    dose: Dose = Field(description="Dose after which 1/e is left [electrons m-2]; text in e/A^2")
    dose_rate: DoseRate | None = Field(
        default=None, description="Dose rate at which that holds [electrons m-2 s-1]; only with exponent"
    )
    exponent: Number = Field(
        default=0.0, description="How much faster a dose acts at a higher rate; 0: not", examples=[0.5]
    )

    @model_validator(mode="after")
    def _rate_given(self) -> Self:
        if self.exponent != 0.0 and self.dose_rate is None:
            raise InputError("dose_rate", None, "a dose rate where exponent is not 0", "give dose_rate")
        return self


class SpectrumSpec(Section):
    """How the specimen scatters."""

    reference: Literal["lto", "lasgtp"] = Field(
        default="lto", description="Reference spectra: " + " or ".join(REFERENCES)
    )
    edges: tuple[str, ...] = Field(
        default=("Ti-M2,3", "Ti-M1", "Li-K"), description="Edges: " + ", ".join(EDGES)
    )
    mean_free_path: MeanFreePath = Field(
        default="iakoubovskii", description="Inelastic mean free path [m], or the formula that gives it"
    )
    cross_section_scale: dict[str, Scale] = Field(
        default_factory=dict, description="Edge -> factor on its cross-section"
    )
    files: dict[str, str] = Field(
        default_factory=dict,
        description='Own spectra: "Li-K Li4" and the like (single scattering without background, nowhere '
        "negative; scaled to the model's cross-section, which also goes on beyond their end), or plasmon "
        "(from 0 eV or above); of a spectrum image the mean. Zero loss and tails are laid over them",
    )

    @model_validator(mode="after")
    def _known_edges(self) -> Self:
        for edge in self.edges:
            if edge not in EDGES:
                raise InputError("edges", edge, ", ".join(EDGES), "name these")
        for edge in self.cross_section_scale:
            if edge not in self.edges:
                raise InputError("cross_section_scale", edge, ", ".join(self.edges), "add it to edges")
        if len(set(self.edges)) != len(self.edges):
            raise InputError("edges", self.edges, "every edge once", "remove the second")
        known = {"plasmon"} | {f"{edge} {phase}" for edge in EDGES for phase in ("Li4", "Li7")}
        for name in self.files:
            if name not in known:
                raise InputError("files", name, 'plasmon, or edge and phase as "Li-K Li4"', "rename it")
            if name != "plasmon" and name.rpartition(" ")[0] not in self.edges:
                raise InputError("files", name, "edges that are modelled", "add it to edges")
        return self


Detector = Annotated[CountingSpec | CcdSpec, by_name("kind", (CountingSpec, CcdSpec), 'kind = "counting"')]


class Instrument(Section):
    """Everything about the microscope.

    Its sections are beam, spectrometer, detector, scan, drift, slit, images, lithium_loss and spectrum. Made
    by :meth:`preset`, :meth:`from_toml` or :meth:`from_dict`, changed by :meth:`with_values`;
    ``lto-sim schema --instrument`` lists every key with unit, default and range.

    Raises
    ------
    InputError
        A value outside its range, an unknown key, a slit without sr_tem.
    """

    title: str = Field(default="", description="What instrument this is")
    mode: Literal["stem", "sr_tem"] = Field(default="stem", description="Scanned probe, or slit")
    beam: BeamSpec = Field(default_factory=BeamSpec, description="Electrons before the specimen")
    spectrometer: SpectrometerSpec = Field(default_factory=SpectrometerSpec, description="Losses recorded")
    detector: Detector = Field(default_factory=CountingSpec, description="Detector")
    scan: FramesSpec = Field(default_factory=FramesSpec, description="Scan without a recorded one")
    drift: DriftSpec = Field(default_factory=DriftSpec, description="Movement of the specimen")
    slit: SlitSpec | None = Field(default=None, description="Slit of sr_tem")
    images: ImagesSpec = Field(default_factory=ImagesSpec, description="Annular detectors")
    dose_budget: Dose | None = Field(
        default=None, description="Dose [electrons m-2] above which there is a warning; text in e/A^2"
    )
    lithium_loss: LithiumLossSpec | None = Field(default=None, description="Lithium removed by the beam")
    spectrum: SpectrumSpec = Field(default_factory=SpectrumSpec, description="How the specimen scatters")

    @model_validator(mode="after")
    def _mode_fits(self) -> Self:
        if self.mode == "stem" and self.slit is not None:
            raise InputError("slit", "a slit", 'absent with mode = "stem"', 'remove it, or mode = "sr_tem"')
        if self.mode == "sr_tem" and any((*self.drift.velocity, *self.drift.start)):
            raise InputError("drift", self.drift.velocity, 'absent with mode = "sr_tem"', "move slit.start")
        last = self.spectrometer.offset + (self.spectrometer.channels - 1) * self.spectrometer.dispersion
        if last <= 0.0:
            raise InputError(
                "spectrometer.offset", self.spectrometer.offset, "some channels above 0 eV", "raise it"
            )
        return self

    @classmethod
    def from_dict(cls, mapping: dict[str, Any]) -> Instrument:
        """Validate a `mapping` of the keys, nested as in the TOML file.

        Raises
        ------
        InputError
            An unknown key, or a value outside its range; the field is its path.
        """
        try:
            return validated(cls, mapping)
        except InputError as error:
            remedy = error.remedy.replace("`lto-sim schema", "`lto-sim schema --instrument")
            raise InputError(f"instrument.{error.field}", error.value, error.allowed, remedy) from None

    def __hash__(self) -> int:
        return hash(self.to_toml())

    @classmethod
    def from_toml(cls, path: Path | str) -> Instrument:
        """Read the TOML file `path`; files that it names are found beside it.

        Raises
        ------
        InputError
            No such file, not TOML, or see the class.
        """
        path = Path(path)
        try:
            mapping = read_toml(path)
        except InputError as error:
            raise InputError("instrument", error.value, error.allowed, error.remedy) from None
        spectra = mapping.get("spectrum", {})
        files = spectra.get("files", {}) if isinstance(spectra, dict) else {}
        if isinstance(files, dict):
            for key, name in files.items():
                if isinstance(name, str):
                    files[key] = str(path.resolve().parent / name)
        return cls.from_dict(mapping)

    @classmethod
    def preset(cls, name: str) -> Instrument:
        """Instrument that comes with the package; `name` is one of :data:`PRESETS`.

        Raises
        ------
        InputError
            Unknown name.
        """
        return cls.from_dict(tomllib.loads(preset_text(name)))

    @classmethod
    def load(cls, source: str | Path | Instrument) -> Instrument:
        """Preset by name, TOML file by path, or an instrument as it is, whatever `source` is.

        Raises
        ------
        InputError
            Neither.
        """
        if isinstance(source, Instrument):
            return source
        if str(source).endswith(".toml"):
            return cls.from_toml(source)
        return cls.preset(str(source))

    def with_values(self, values: dict[str, Any]) -> Instrument:
        """Return a copy with `values` at paths such as ``beam.current``, in SI or text with a unit.

        Raises
        ------
        InputError
            An unknown path, or a value outside its range.
        """
        try:
            whole = self.model_dump(exclude_none=True)
            if values.get("detector.kind", self.detector.kind) != self.detector.kind:
                whole["detector"] = {}  # the keys of another kind mean nothing to this one
            mapping = set_paths(whole, values)
        except InputError as error:
            remedy = "see `lto-sim schema --instrument`"
            raise InputError(f"instrument.{error.field}", error.value, error.allowed, remedy) from None
        return type(self).from_dict(mapping)

    def to_toml(self) -> str:
        """TOML text of every key, in SI and eV."""
        return to_toml(plain(self.model_dump()))

    @property
    def energy_loss(self) -> list[float]:
        """Centres of the channels [eV]."""
        part = self.spectrometer
        return [part.offset + i * part.dispersion for i in range(part.channels)]

    @property
    def last_loss(self) -> float:
        """Centre of the last channel [eV]."""
        part = self.spectrometer
        return math.fsum((part.offset, (part.channels - 1) * part.dispersion))
