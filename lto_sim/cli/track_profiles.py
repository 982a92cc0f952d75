"""Which profiles ``lto-sim track`` follows: of the command line, of a contact, picked, or of the scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lto_sim.cli.sources import stored_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.kinetics.fronts import ContactLine, ContactProfile, Profile
    from lto_sim.scenario import Scenario

    AnyProfile = Profile | ContactProfile

__all__ = ["PROFILE_FORM", "Chosen", "ProfileOptions", "choose_profiles", "profile_summary", "read_length"]

PROFILE_FORM: Final = '"x0,y0:x1,y1:width", lengths with units'
_LINE_FORM: Final = '"x,y;x,y;...", two points or more, lengths with units'
_POINT_FORM: Final = '"x,y", lengths with units'
_BY_PIXEL: Final = "pixel/sqrt(12)"


@dataclass(frozen=True)
class ProfileOptions:
    """What the command line says of profiles; None where an option is left out.

    Parameters
    ----------
    profile : Texts of ``--profile``.
    contact : Name of a contact of the scenario.
    contact_line : Text of ``--contact-line``.
    inside : Text of ``--inside``.
    count : Profiles that a contact is divided into.
    length : Text of ``--length``.
    start_std : Text of ``--start-std``.
    pick : Whether profiles are picked with the mouse.
    """

    profile: tuple[str, ...] = ()
    contact: str | None = None
    contact_line: str | None = None
    inside: str | None = None
    count: int | None = None
    length: str | None = None
    start_std: str | None = None
    pick: bool = False


@dataclass(frozen=True)
class Chosen:
    """The profiles, and for each where the deviation of its contact's position comes from."""

    profiles: list[AnyProfile]
    origins: list[str]

    def contact_position(self) -> str:
        """Return a line that says how well the position of the contact is known."""
        told = dict.fromkeys(
            "known exactly (of the scenario)"
            if origin == "scenario"
            else f"{profile.start_std * 1e9:.3g} nm ({origin})"
            for profile, origin in zip(self.profiles, self.origins, strict=True)
        )
        return (
            "standard deviation " + "; ".join(told) if any("nm" in text for text in told) else "; ".join(told)
        )


def choose_profiles(options: ProfileOptions, maps: xr.Dataset) -> Chosen:
    """Return the profiles that the options ask for; without any those of the maps' scenario.

    Raises
    ------
    InputError
        A text that is no profile, a contact that the scenario does not have, no display to pick on, or no
        profile at all.
    """
    _check_belonging(options)
    scenario = stored_scenario(maps)
    by_pixel = _pixel(maps) / 12.0**0.5
    parts: list[tuple[list[AnyProfile], str]] = []
    hand, hand_origin = _start_std(options, by_pixel, _BY_PIXEL)
    exact, exact_origin = _start_std(options, 0.0, "scenario")
    if options.profile:
        parts.append(([_parse(text, hand) for text in options.profile], hand_origin))
    if options.contact is not None:
        contact = _named_contact(options.contact, scenario)
        parts.append((_divided(contact, options, scenario, exact), exact_origin))
    if options.contact_line is not None:
        contact = _given_contact(options.contact_line, options.inside)
        parts.append((_divided(contact, options, scenario, hand), hand_origin))
    if options.pick:
        parts.append((_picked(maps, hand), hand_origin))
    if not parts:
        parts.append((_of_scenario(scenario, exact), exact_origin))
    profiles = [item for part, _ in parts for item in part]
    origins = [origin for part, origin in parts for _ in part]
    return Chosen([_numbered(item, number) for number, item in enumerate(profiles)], origins)


def _check_belonging(options: ProfileOptions) -> None:
    divided = options.contact is not None or options.contact_line is not None
    for name, value in (("--count", options.count), ("--length", options.length)):
        if value is not None and not divided:
            raise InputError(
                name, value, "with --contact or --contact-line", "leave it out, or name a contact"
            )
    if options.inside is not None and options.contact_line is None:
        raise InputError("--inside", options.inside, "with --contact-line", "leave it out")


def _start_std(options: ProfileOptions, default: float, origin: str) -> tuple[float, str]:
    if options.start_std is None:
        return default, origin
    form = 'a length with its unit, such as "10 nm", or 0'
    return read_length(options.start_std, options.start_std, "--start-std", form), "given"


def _pixel(maps: xr.Dataset) -> float:
    """Larger side of a pixel [m]; 0 for maps of one pixel, which tracking refuses."""
    return max(
        (float(abs(maps[axis][1] - maps[axis][0])) for axis in ("x", "y") if maps.sizes.get(axis, 0) > 1),
        default=0.0,
    )


def _numbered(item: AnyProfile, number: int) -> AnyProfile:
    from dataclasses import replace

    return replace(item, name=f"profile {number}")


def _of_scenario(scenario: Scenario | None, start_std: float) -> list[AnyProfile]:
    from lto_sim.kinetics.fronts import numbered_profiles

    specs = () if scenario is None else scenario.profile
    if not specs:
        raise InputError(
            "--profile", None, PROFILE_FORM,
            "the maps' scenario has no [[profile]]: give --profile, --contact, --contact-line or --pick",
        )  # fmt: skip
    return [*numbered_profiles(specs, start_std=start_std)]


def _named_contact(name: str, scenario: Scenario | None) -> ContactLine:
    from lto_sim.kinetics.fronts import scenario_contact

    if scenario is None:
        raise InputError("--contact", name, "maps of a scenario", "give its points by --contact-line")
    try:
        return scenario_contact(scenario, name)
    except InputError as error:
        field = "--contact" if error.field == "contact" else error.field
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def _given_contact(text: str, inside: str | None) -> ContactLine:
    import numpy as np

    from lto_sim.kinetics.fronts import ContactLine

    points = [_point(part, text, "--contact-line", _LINE_FORM) for part in text.split(";") if part.strip()]
    if len(points) < 2:
        raise InputError("--contact-line", text, _LINE_FORM, 'for example "0 nm,0 nm;0 nm,1500 nm"')
    within = None if inside is None else _point(inside, inside, "--inside", _POINT_FORM)
    try:
        return ContactLine((np.array(points),), inside=within)
    except InputError as error:
        raise InputError("--contact-line", text, error.allowed, error.remedy) from None


def _divided(
    contact: ContactLine, options: ProfileOptions, scenario: Scenario | None, start_std: float
) -> list[AnyProfile]:
    from lto_sim.kinetics.fronts import contact_profiles

    if options.length is not None:
        length = read_length(options.length, options.length, "--length", "a length with its unit")
    elif scenario is not None and scenario.profile:
        import math

        length = max(math.dist(line.start, line.end) for line in scenario.profile)
    else:
        raise InputError(
            "--length", None, "a length with its unit", 'say how far from the contact to look: "1 um"'
        )
    count = max(len(contact.lines), 1) if options.count is None else options.count
    try:
        return [*contact_profiles(contact, count, length, start_std=start_std)]
    except InputError as error:
        field = {"profile.count": "--count", "profile.length": "--length"}.get(error.field, error.field)
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def _picked(maps: xr.Dataset, start_std: float) -> list[AnyProfile]:
    from lto_sim.plot.pick_profiles import pick_profiles

    try:
        return [*pick_profiles(maps, start_std=start_std)]
    except InputError as error:
        field = "--pick" if error.field == "pick" else error.field
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def _parse(text: str, start_std: float) -> Profile:
    from lto_sim.kinetics.fronts import Profile

    parts = text.split(":")
    if [len(part.split(",")) for part in parts] != [2, 2, 1]:
        raise InputError("--profile", text, PROFILE_FORM, 'for example "0 nm,750 nm:1200 nm,750 nm:200 nm"')
    start, end = (_point(part, text, "--profile", PROFILE_FORM) for part in parts[:2])
    width = read_length(parts[2].strip(), text, "--profile", PROFILE_FORM)
    return Profile(start, end, width, start_std=start_std)


def _point(cell: str, text: str, option: str, form: str) -> tuple[float, float]:
    """Return a point (x, y) [m]."""
    values = [read_length(part.strip(), text, option, form) for part in cell.split(",")]
    if len(values) != 2:
        raise InputError(option, text, form, "give every point as x,y")
    return values[0], values[1]


def read_length(cell: str, text: str, option: str, form: str) -> float:
    """Return a length [m]; without a unit only 0 is accepted, for 750 is hardly meant as 750 m.

    Parameters
    ----------
    cell : The length.
    text : All of what was given, for errors.
    option : Name of the option.
    form : What it should look like.

    Raises
    ------
    InputError
        No length, or one without its unit.
    """
    from lto_sim.units import to_si

    value = to_si(cell, "length", option)
    if value != 0.0 and not cell.rstrip()[-1].isalpha():
        raise InputError(option, text, form, f'"{cell}" has no unit: write for example "{cell} nm"')
    return value


def profile_summary(chosen: Chosen, front: xr.Dataset) -> list[dict[str, Any]]:
    """Return place, contact's deviation and counts of frames of every profile, for JSON."""
    from lto_sim.kinetics.fronts import count_frames

    return [
        {
            "profile": count.profile,
            "start_m": [float(front[f"profile_start_{axis}"][count.profile]) for axis in "xy"],
            "end_m": [float(front[f"profile_end_{axis}"][count.profile]) for axis in "xy"],
            "width_m": float(front["profile_width"][count.profile]),
            "start_std_m": float(front["profile_start_std"][count.profile]),
            "start_std_origin": origin,
            "frames": count.frames,
            "by_status": count.summary(),
        }
        for count, origin in zip(count_frames(front), chosen.origins, strict=True)
    ]
