"""Particle populations as they are drawn: distributions, and what a size does to a scenario."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from populations import CONTACT, NM, UM, near, scenario
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.scenario import build_contacts, build_specimen
from lto_sim.specimen import build_mesh, resolve_stretch
from lto_sim.study.population import Discrete, LogNormal, Normal, Uniform, draw_population
from lto_sim.study.population.scaling import plan_lengths
from lto_sim.transport.model import build_model

Dist = LogNormal | Normal | Uniform | Discrete

MIDDLES: Final = (np.arange(200_000) + 0.5) / 200_000


def moments(distribution: Dist) -> tuple[float, float]:
    """Mean and deviation from the quantile function alone."""
    values = distribution.quantile(MIDDLES)
    return float(values.mean()), float(values.std())


@pytest.mark.parametrize(
    "distribution",
    [
        LogNormal(0.8, 0.3),
        LogNormal(0.8, 0.5, low=0.4, high=1.6),
        LogNormal(0.8, 1.2, low=0.7),
        LogNormal(0.8, 0.2, high=0.5),
        Normal(2.0, 0.3),
        Normal(2.0, 1.0, low=0.5, high=2.5),
        Normal(-1.0, 2.0, low=0.0),
        Uniform(-1.0, 3.0),
        Discrete([3.0, 1.0, 2.0], [1.0, 2.0, 5.0]),
        Discrete([0.5, 0.7, 4.0]),
    ],
    ids=repr,
)
def test_moments_are_those_of_the_quantiles(distribution: Dist) -> None:
    mean, std = moments(distribution)
    assert distribution.mean == near(mean, rel=2e-3)
    assert distribution.std == near(std, rel=5e-3)
    assert np.all(np.diff(distribution.quantile(MIDDLES)) >= 0.0)


def test_quantiles_of_known_distributions() -> None:
    part = np.array([0.01, 0.2, 0.5, 0.9])
    np.testing.assert_allclose(
        LogNormal(0.8, 0.3).quantile(part), stats.lognorm(0.3, scale=0.8).ppf(part), rtol=1e-12
    )
    cut = stats.truncnorm(-1.5, 0.5, loc=2.0, scale=1.0)
    np.testing.assert_allclose(Normal(2.0, 1.0, low=0.5, high=2.5).quantile(part), cut.ppf(part), rtol=1e-9)
    assert Normal(2.0, 1.0, low=0.5, high=2.5).std == near(cut.std(), rel=1e-9)
    np.testing.assert_array_equal(
        Discrete([3.0, 1.0], [3.0, 1.0]).quantile(np.array([0.0, 0.24, 0.26, 1.0])), [1.0, 1.0, 3.0, 3.0]
    )


def test_a_cut_distribution_stays_within_its_range_and_heaps_nothing_on_the_ends() -> None:
    drawn = LogNormal(0.8, 1.0, low=0.5, high=0.9).quantile(np.linspace(0.0, 1.0, 1001))
    assert drawn.min() >= 0.5
    assert drawn.max() <= 0.9
    assert np.unique(drawn).size > 990


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: LogNormal(-0.8, 0.3), "median"),
        (lambda: LogNormal(0.8, 0.0), "sigma"),
        (lambda: LogNormal(0.8, math.nan), "sigma"),
        (lambda: LogNormal(0.8, 0.3, low=2.0, high=1.0), "high"),
        (lambda: LogNormal(0.8, 0.3, low=-1.0), "low"),
        (lambda: Normal(1.0, -1.0), "spread"),
        (lambda: Uniform(2.0, 2.0), "high"),
        (lambda: Uniform(None, 2.0), "low"),  # type: ignore[arg-type]
        (lambda: Discrete([]), "values"),
        (lambda: Discrete([1.0, 2.0], [1.0]), "weights"),
        (lambda: Discrete([1.0, 2.0], [0.0, 0.0]), "weights"),
        (lambda: Discrete(["1 um", True]), "values.1"),  # type: ignore[list-item]
    ],
)
def test_bad_distributions(make: Callable[[], Dist], field: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.field == field


@pytest.mark.parametrize(("sampling", "off"), [("sobol", 2e-3), ("latin_hypercube", 2e-3), ("random", 0.15)])
def test_drawn_sizes_have_the_moments_of_their_distribution(sampling: Any, off: float) -> None:
    size = LogNormal("0.8 um", 0.3, low="0.4 um", high="1.6 um")
    drawn = draw_population(scenario(), size=size, count=256, seed=3, sampling=sampling)
    mu, si = size.in_si(lambda v, _: float(str(v).split()[0]) * UM, ""), drawn.size
    assert si.mean() == near(mu.mean, rel=off / 3)
    assert si.std() == near(mu.std, rel=off)
    assert si.min() >= 0.4 * UM * (1.0 - 1e-12)
    again = draw_population(scenario(), size=size, count=256, seed=3, sampling=sampling)
    np.testing.assert_array_equal(si, again.size)
    other = draw_population(scenario(), size=size, count=256, seed=4, sampling=sampling)
    assert np.all(other.size != si)


def test_quantities_are_drawn_independently_of_each_other() -> None:
    drawn = draw_population(
        scenario(contacts={"lps": {"where": {"side": "left"}, "law": "linear", "k_c": "1e-8 m/s"}}),
        size=LogNormal("0.8 um", 0.3), coverage=Uniform(0.2, 1.0), position=Uniform(0.0, 1.0),
        values={"contacts.lps.k_c": LogNormal("1e-9 m/s", 1.0)}, count=256, seed=1,
    )  # fmt: skip
    k_c = drawn.drawn["contacts.lps.k_c"]
    table = np.corrcoef([drawn.size, drawn.coverage, np.log(k_c)])
    assert np.abs(table - np.eye(3)).max() < 0.05
    assert np.median(k_c) == near(1e-9, rel=0.05)
    assert np.log(k_c).std() == near(1.0, rel=0.03)
    assert drawn.scenario_of(7).contacts["lps"].k_c == k_c[7]


POLYGON: Final = {
    "shape": "polygon", "points": [["0.1 um", "0.1 um"], ["0.5 um", "0.1 um"], ["0.4 um", "0.4 um"]],
}  # fmt: skip
HOLED: Final = {
    "shape": "polygon",
    "points": [["0 um", "0 um"], ["0.4 um", "0 um"], ["0.4 um", "0.3 um"], ["0 um", "0.3 um"]],
    "holes": [[["0.15 um", "0.1 um"], ["0.25 um", "0.1 um"], ["0.2 um", "0.2 um"]]],
}
ALL: Final = {"lps": {"where": {"side": "all"}}}
BODIES: Final[list[tuple[dict[str, Any], dict[str, Any], float]]] = [
    ({"shape": "rectangle", "width": "0.4 um", "height": "0.2 um"}, CONTACT, 0.4),
    ({"shape": "circle", "radius": "0.2 um"}, ALL, 0.2),
    ({"shape": "circle", "radius": "0.2 um", "centre": ["0.3 um", "0.4 um"]}, ALL, 0.2),
    ({"shape": "ellipse", "semi_axes": ["0.3 um", "0.2 um"], "angle": "30 deg"}, ALL, 0.3),
    (POLYGON, ALL, 0.4),
    (HOLED, ALL, 0.4),
]


@pytest.mark.parametrize(("outline", "contacts", "size"), BODIES)
def test_bodies_scale_in_the_plan_and_cells_do_not(
    outline: dict[str, Any], contacts: dict[str, Any], size: float
) -> None:
    base = scenario(outline, contacts=contacts)
    sizes = [0.83 * size, size, 1.31 * size, 1.9 * size]
    drawn = draw_population(base, size=Discrete([f"{s} um" for s in sizes]), count=16, seed=5)
    assert {round(s / UM, 9) for s in drawn.size} == {round(s, 9) for s in sizes}
    volume = build_model(base).mesh.volume.sum()
    for number in range(16):
        factor = drawn.size[number] / (size * UM)
        mesh = build_model(drawn.scenario_of(number)).mesh
        for faces in (mesh.x_face, mesh.y_face):
            np.testing.assert_allclose(np.diff(faces), 20 * NM, rtol=1e-9)
        assert mesh.volume.sum() == near(factor**2 * volume, rel=1e-9)
        assert drawn.volume[number] == near(mesh.volume.sum(), rel=1e-9)
        assert drawn.width[number] == 20 * NM
        assert drawn.scenario_of(number).specimen.cell == base.specimen.cell
        area = sum(f.area.sum() for f in mesh.contacts)
        assert area == near(factor * sum(f.area.sum() for f in build_model(base).mesh.contacts), rel=1e-9)


@pytest.mark.parametrize("shape", ["slab", "cylinder", "sphere"])
def test_bodies_of_one_row_divide_their_length_evenly_or_have_whole_cells(shape: str) -> None:
    slab = shape == "slab"
    outline = {"shape": shape, "length" if slab else "radius": "0.5 um"}
    base = scenario(outline, contacts={"lps": {"where": {"side": "left" if slab else "outer"}}})
    size = LogNormal("0.5 um", 0.3, low="0.2 um", high="1 um")
    free = draw_population(base, size=size, count=12, seed=1)
    whole = draw_population(base, size=size, count=12, seed=1, whole_cells=True)
    assert np.abs(whole.size - free.size).max() <= 10 * NM * (1 + 1e-9)
    for drawn in (free, whole):
        for number in range(12):
            mesh = build_model(drawn.scenario_of(number)).mesh
            width = np.diff(mesh.x_face)
            np.testing.assert_allclose(width, drawn.width[number], rtol=1e-9)
            assert 0.0 <= 1.0 - width[0] / (20 * NM) + 1e-9 <= 1.0 / mesh.shape[2]
            assert drawn.volume[number] == near(mesh.volume.sum() * mesh.multiplicity, rel=1e-9)
    np.testing.assert_allclose(whole.width, 20 * NM, rtol=1e-9)
    assert np.ptp(free.width) > 0.1 * NM


def test_everything_in_the_plan_scales_with_the_outline() -> None:
    base = scenario(
        {"shape": "rectangle", "width": "0.4 um", "height": "0.2 um"},
        contacts={
            "lps": {"where": {"side": "left", "from": "40 nm", "to": "120 nm"}},
            "arc": {"where": {"arc": ["0.1 um", "0.2 um"]}},
            "box": {"where": {"polygon": [[3e-7, 1.5e-7], ["0.5 um", "0.15 um"], ["0.5 um", "0.3 um"]]}},
        },
        grain_boundaries={"gb": {"line": [["0.2 um", "0 um"], ["0.25 um", "0.2 um"]],
                                 "resistance": {"at": "1e6 s/m", "reference": "30 degC", "Ea": "0 eV"}}},
        profile=[{"start": ["0 um", "0.1 um"], "end": ["0.3 um", "0.1 um"], "width": "50 nm"}],
    )  # fmt: skip
    drawn = draw_population(base, size=Discrete(["0.6 um"]), count=1).scenario_of(0)
    assert drawn.contacts["lps"].where.start == near(60 * NM)
    assert drawn.contacts["lps"].where.end == near(180 * NM)
    assert drawn.contacts["arc"].where.arc == near((0.15 * UM, 0.3 * UM))
    assert drawn.contacts["box"].where.polygon[2] == near((0.75 * UM, 0.45 * UM))  # type: ignore[index]
    assert drawn.grain_boundaries["gb"].line[1] == near((0.375 * UM, 0.3 * UM))  # type: ignore[index]
    assert drawn.profile[0].end == near((0.45 * UM, 0.15 * UM))
    assert drawn.profile[0].width == near(75 * NM)
    assert drawn.specimen.thickness == base.specimen.thickness
    build_model(drawn)


def test_an_image_scales_by_its_pixel(tmp_path: Path) -> None:
    mask = np.zeros((40, 50))
    mask[8:32, 10:40] = 1.0
    labels = np.zeros((40, 50), dtype=np.int64)
    labels[:, :10] = 2
    np.save(tmp_path / "mask.npy", mask)
    np.save(tmp_path / "labels.npy", labels)
    where = {"image": str(tmp_path / "labels.npy"), "value": 2, "pixel": "10 nm"}
    outline = {"shape": "image", "image": str(tmp_path / "mask.npy"), "pixel": "10 nm"}
    base = scenario(outline, contacts={"lps": {"where": where}})
    width = build_specimen(base).outline.width
    drawn = draw_population(base, size=Discrete([1.5 * width]), count=1)
    made = drawn.scenario_of(0)
    assert made.specimen.outline.pixel == near(15 * NM)  # type: ignore[union-attr]
    assert made.contacts["lps"].where.pixel == near(15 * NM)
    mesh, old = build_model(made).mesh, build_model(base).mesh
    assert mesh.volume.sum() == near(2.25 * old.volume.sum(), rel=1e-9)
    assert mesh.contacts[0].area.sum() == near(1.5 * old.contacts[0].area.sum(), rel=1e-9)
    np.testing.assert_allclose(np.diff(mesh.x_face), 20 * NM, rtol=1e-9)
    assert drawn.description["size_path"] == "width of the outline"
    del outline["pixel"]
    with pytest.raises(InputError, match=r"specimen.outline.pixel.*width of a pixel"):
        plan_lengths(scenario(outline, contacts=ALL))


@pytest.mark.parametrize(
    ("thickness", "scaled"),
    [("100 nm", 1.5e-7), ({"wedge": ["100 nm", "200 nm"]}, (1.5e-7, 3e-7))],
)
def test_similar_bodies_scale_in_three_directions(thickness: Any, scaled: Any) -> None:
    base = scenario(specimen={"thickness": thickness, "layers": 4, "symmetry": True, "dead_layer": "10 nm"})
    drawn = draw_population(base, size=Discrete(["0.6 um"]), count=1, scale_thickness=True)
    made = drawn.scenario_of(0).specimen
    found = made.thickness if isinstance(made.thickness, float) else made.thickness.wedge  # type: ignore[union-attr]
    assert found == near(scaled)
    assert made.layers == 6
    assert made.dead_layer.thickness == base.specimen.dead_layer.thickness
    mean = np.mean(scaled)
    assert drawn.volume[0] == near(0.6 * UM * 0.3 * UM * (mean - 20 * NM), rel=1e-9)


def test_coverage_and_position_of_a_side() -> None:
    drawn = draw_population(
        scenario(), size=LogNormal("0.4 um", 0.2), coverage=Uniform(0.3, 1.0),
        position=Discrete([0.0, 0.5, 1.0]),
        count=32, seed=2,
    )  # fmt: skip
    seen = set()
    for number in range(32):
        made = drawn.scenario_of(number)
        side, where = made.specimen.outline.height, made.contacts["lps"].where  # type: ignore[union-attr]
        assert (where.end - where.start) / side == near(drawn.coverage[number])  # type: ignore[operator]
        free = side - (where.end - where.start)  # type: ignore[operator]
        seen.add(round(where.start / free, 6))  # type: ignore[operator]
    assert seen == {0.0, 0.5, 1.0}
    middle = (
        draw_population(scenario(), coverage=Discrete([0.5]), count=1).scenario_of(0).contacts["lps"].where
    )
    assert (middle.start, middle.end) == near((50 * NM, 150 * NM))
    moved = draw_population(
        scenario(contacts={"lps": {"where": {"side": "left", "to": "50 nm"}}}),
        position=Discrete([1.0]),
        count=1,
    )
    assert moved.scenario_of(0).contacts["lps"].where.start == near(150 * NM)
    assert moved.coverage[0] == near(0.25)


def test_coverage_along_a_closed_outline_keeps_its_middle_or_goes_where_it_is_told() -> None:
    base = scenario(
        {"shape": "circle", "radius": "0.2 um"}, contacts={"lps": {"where": {"arc": [0.0, "0.1 um"]}}}
    )
    perimeter = build_specimen(base).outline.perimeter  # type: ignore[union-attr]
    grown = draw_population(base, coverage=Discrete([0.5]), count=1).scenario_of(0)
    start, end = grown.contacts["lps"].where.arc  # type: ignore[misc]
    assert end - start == near(0.5 * perimeter)
    assert 0.5 * (start + end) % perimeter == near(50 * NM)
    ((_, a, b),) = resolve_stretch(
        build_contacts(grown)[0].stretch, build_specimen(grown).outline, "contacts.lps.where"
    )
    assert b - a == near(0.5 * perimeter)
    placed = draw_population(base, coverage=Discrete([0.25]), position=Discrete([0.9]), count=1).scenario_of(
        0
    )
    assert placed.contacts["lps"].where.arc == near((0.9 * perimeter, 1.15 * perimeter))
    whole = draw_population(base, coverage=Discrete([1.0]), count=1)
    mesh = build_mesh(build_specimen(whole.scenario_of(0)), build_contacts(whole.scenario_of(0)))
    assert mesh.contacts[0].area.sum() == near(perimeter * 150 * NM, rel=1e-9)


def test_weights_by_volume_give_every_draw_the_same_volume() -> None:
    size = LogNormal("0.4 um", 0.3)
    number = draw_population(scenario(), size=size, count=16, seed=1)
    volume = draw_population(scenario(), size=size, count=16, seed=1, weighting="volume")
    np.testing.assert_array_equal(number.weight, 1.0)
    assert np.ptp(volume.weight * volume.volume) < 1e-12 * volume.volume.max()
    assert volume.weight.mean() == near(1.0)
    data = volume.to_dataset()
    for name, variable in data.variables.items():
        assert {"units", "long_name"} <= set(variable.attrs), name
    assert data.attrs["weighting"] == "volume"
    np.testing.assert_array_equal(data["particle_size"], volume.size)


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({}, "size", "a distribution"),
        ({"size": LogNormal("1 s", 0.3)}, "size.median", "length"),
        ({"size": LogNormal("0.4 um", 0.3, low="1 um", high="0.5 um")}, "size.high", "above low"),
        ({"size": Discrete(["0.02 um"])}, "size", "at least one cell"),
        ({"size": Discrete(["20 cm"])}, "specimen.outline.width", "<= 0.1 m"),
        ({"coverage": Uniform(0.0, 1.5)}, "coverage", "at most 1"),
        ({"coverage": Discrete([0.0, 1.0])}, "coverage", "above 0"),
        ({"position": Uniform(-0.1, 1.0)}, "position", "0 to 1"),
        ({"coverage": Uniform(0.2, 1.0), "contact": "other"}, "contact", "lps"),
        ({"size": Discrete(["1 um"]), "contact": "lps"}, "contact", "absent without coverage"),
        ({"values": {"temperature": Uniform(300.0, 350.0)}}, "values.temperature", "those of all particles"),
        ({"values": {"specimen.cell": Uniform(1e-9, 2e-9)}}, "values.specimen.cell", "follow the size"),
        ({"values": {"material.D_Li4": Uniform(1.0, 2.0)}}, "values.material.D_Li4", "material.D_Li4.at"),
        (
            {"values": {"material.D_Li4.at": Uniform("1 m", "2 m")}},
            "values.material.D_Li4.at.low",
            "diffusivity",
        ),
        ({"values": {"contacts.lps.k_d": Uniform(1.0, 2.0)}}, "values.contacts.lps.k_d.low", "did you mean"),
        ({"size": Discrete([1e-6]), "count": 0}, "count", "whole number"),
        ({"size": Discrete([1e-6]), "seed": -1}, "seed", "whole number"),
        ({"size": Discrete([1e-6]), "sampling": "halton"}, "sampling", "sobol"),
        ({"size": Discrete([1e-6]), "weighting": "mass"}, "weighting", "volume"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        draw_population(scenario(), **changes)
    assert caught.value.field == field
    assert text in str(caught.value)


def test_what_a_base_cannot_be() -> None:
    coverage = {"coverage": Uniform(0.2, 1.0)}
    ball = scenario({"shape": "sphere", "radius": "0.5 um"}, contacts={"lps": {"where": {"side": "outer"}}})
    with pytest.raises(InputError, match="fed over its whole surface"):
        draw_population(ball, **coverage)
    box = {"polygon": [["-1 um", "-1 um"], ["0.1 um", "-1 um"], ["0.1 um", "1 um"], ["-1 um", "1 um"]]}
    with pytest.raises(InputError, match=r"contacts.lps.where: got 'polygon'"):
        draw_population(scenario(contacts={"lps": {"where": box}}), **coverage)
    two = {"lps": {"where": {"side": "left"}}, "other": {"where": {"side": "right"}}}
    with pytest.raises(InputError, match=r"contact: got None; allowed: lps or other"):
        draw_population(scenario(contacts=two), **coverage)
    with pytest.raises(InputError, match=r"initial.*one number"):
        draw_population(scenario(initial=[[0.5]]), size=Discrete([1e-6]))
    taken = {"contacts.lps.where.to": Uniform("20 nm", "50 nm")}
    with pytest.raises(InputError, match="nothing else sets"):
        draw_population(scenario(), values=taken, **coverage)


def test_few_cells_across_the_smallest_particle_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"size 1.2e-07 m, has 3.0 cells across"):
        draw_population(scenario(), size=Discrete(["0.12 um", "0.4 um"]), count=8)


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"size": "0.8 um"}, "size", "a distribution"),
        ({"size": 8e-7}, "size", "a distribution"),
        ({"values": [1.0]}, "values", "a mapping"),
        ({"values": {"specimen.thickness": [1e-7, 2e-7]}}, "values.specimen.thickness", "a distribution"),
        (
            {"values": {"specimen.thicknes": Uniform("100 nm", "200 nm")}},
            "values.specimen.thicknes.low",
            "did you mean thickness",
        ),
        (
            {"values": {"contacts.lps.k0": Uniform("1e-8 m/s", "2e-8 m/s")}},
            "contacts.lps.k0",
            "only the butler_volmer law has it",
        ),
    ],
)
def test_what_is_no_distribution_or_no_path_is_said(changes: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(InputError, match=text) as caught:
        draw_population(scenario(), **changes)
    assert caught.value.field == field


def test_a_file_s_name_and_a_particle_s_name_are_refused() -> None:
    with pytest.raises(InputError, match=r"^scenario: got 'p\.toml'"):
        draw_population("p.toml", size=LogNormal("1 um", 0.2))  # type: ignore[arg-type]
    population = draw_population(scenario(), size=LogNormal("2 um", 0.1), count=2)
    with pytest.raises(InputError, match=r"^particle: got 'first'"):
        population.scenario_of("first")  # type: ignore[arg-type]
