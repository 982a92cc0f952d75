"""PyBaMM solves with exported values and agrees; BPX's own reader takes exported documents."""

from __future__ import annotations

import json
import math
import os
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.interop import missing_bpx_fields, pybamm_particle, to_bpx, to_pybamm, write_bpx
from lto_sim.scenario import Scenario, build_contacts, build_material
from lto_sim.transport import simulate
from lto_sim.transport.laws import law_lines

SPHERE: Final[dict[str, Any]] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 0.97,
    "specimen": {"outline": {"shape": "sphere", "radius": "0.2 um"}, "cell": "2 nm"},
    "contacts": {"lps": {"where": {"side": "outer"}}},
    "drive": [{"hold": "0.4 V", "until": {"time": "1 s"}}],
}
RADIUS: Final = 0.2e-6
KINETICS: Final = {"k0": {"at": "2e-9 m/s", "reference": "30 degC", "Ea": "0.4 eV"}, "law": "butler_volmer"}
COMPLETE: Final = {
    "Thickness [m]": 4e-5,
    "Surface area per unit volume [m-1]": 3e5,
    "Reaction rate constant [mol.m-2.s-1]": 1e-6,
}


def sphere(**values: Any) -> Scenario:
    return Scenario.from_dict({**SPHERE, **values})


def reacting(alpha: float = 0.5) -> Scenario:
    law = {**SPHERE["contacts"]["lps"], **KINETICS, "transfer_coefficient": alpha}
    return sphere(contacts={"lps": law})


@pytest.fixture(scope="module")
def pybamm() -> Any:
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    return pytest.importorskip("pybamm", reason="PyBaMM is not installed")


@pytest.fixture(scope="module")
def bpx() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pyparsing, at import
        return pytest.importorskip("bpx", reason="BPX is not installed")


def mean_of_run(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Times, and li fraction averaged over the sphere."""
    run = simulate(scenario)
    volume = run["cell_volume"].values
    return run["time"].values, (run["li_fraction"].values * volume).sum(axis=(1, 2, 3)) / volume.sum()


def solved(pybamm: Any, model: Any, time: np.ndarray, name: str) -> np.ndarray:
    solution = pybamm.IDAKLUSolver(rtol=1e-7, atol=1e-9).solve(model, t_eval=time, t_interp=time)
    return np.asarray(solution[name](time))


def fickian(pybamm: Any, values: dict[str, Any], held: float) -> Any:
    """PyBaMM's own diffusion in a sphere, in concentration, with a held surface."""
    domain = "negative particle"
    largest = values["Maximum concentration in negative electrode [mol.m-3]"]
    law, warm = values["Negative particle diffusivity [m2.s-1]"], values["Ambient temperature [K]"]
    c = pybamm.Variable("c", domain=domain)
    r = pybamm.SpatialVariable("r_n", domain=domain, coord_sys="spherical polar")
    model = pybamm.BaseModel()
    model.rhs = {c: pybamm.div(law(c / largest, warm) * pybamm.grad(c))}
    ends = {"left": (pybamm.Scalar(0.0), "Neumann"), "right": (pybamm.Scalar(held * largest), "Dirichlet")}
    model.boundary_conditions = {c: ends}
    start = values["Initial concentration in negative electrode [mol.m-3]"]
    model.initial_conditions = {c: pybamm.Scalar(start)}
    model.variables = {"x": pybamm.r_average(c) / largest}
    radius = pybamm.Scalar(values["Negative particle radius [m]"])
    geometry = {domain: {r: {"min": pybamm.Scalar(0.0), "max": radius}}}
    parameters = pybamm.ParameterValues({})
    parameters.process_geometry(geometry)
    parameters.process_model(model)
    mesh = pybamm.Mesh(geometry, {domain: pybamm.Uniform1DSubMesh}, {r: 100})
    pybamm.Discretisation(mesh, {domain: pybamm.FiniteVolume()}).process_model(model)
    return model


@pytest.mark.parametrize(("start", "held"), [(0.97, 0.99), (0.04, 0.01), (0.96, 0.955)])
@pytest.mark.parametrize("temperature", ["75 degC", "40 degC"])
def test_diffusion_in_one_phase_is_pybamms(pybamm: Any, start: float, held: float, temperature: str) -> None:
    """Within 0.1 % of the change of composition, at two temperatures: the activation energy comes along."""
    scenario = sphere(initial=start, temperature=temperature)
    material, warm = build_material(scenario), scenario.temperature
    phase = material.rich if start > 0.5 else material.poor
    lasts = 0.2 * RADIUS**2 / phase.diffusivity(warm)
    potential = float(material.open_circuit_potential(held, warm))
    scenario = scenario.with_values(
        {
            "drive": [{"hold": f"{potential!r} V", "until": {"time": lasts}}],
            "output.every": lasts / 20,
            "numerics.change_fraction": 0.02,
        }
    )
    time, ours = mean_of_run(scenario)
    theirs = solved(pybamm, fickian(pybamm, to_pybamm(scenario), held), time, "x")
    assert abs(ours[-1] - start) > 0.8 * abs(held - start)
    assert np.abs(ours - theirs).max() < 1e-3 * abs(held - start)


@pytest.mark.parametrize(("start", "held"), [(0.0, "0.4 V"), (1.0, "1.6 V"), (0.98, "0.02")])
def test_moving_front_in_pybamm_is_ours(pybamm: Any, start: float, held: str) -> None:
    """Insertion and extraction through the gap: mean li fraction within 0.003 of ours, all the way."""
    lasts = 8.0 if start == 0.0 else 2.0
    hold = (
        held
        if held.endswith("V")
        else f"{float(build_material(sphere()).open_circuit_potential(0.02, 348.15))!r} V"
    )
    scenario = sphere(
        initial=start, drive=[{"hold": hold, "until": {"time": lasts}}], output={"every": lasts / 40}
    )
    time, ours = mean_of_run(scenario)
    theirs = solved(pybamm, pybamm_particle(scenario, surface=held), time, "Mean Li fraction")
    assert abs(ours[-1] - ours[0]) > 0.8
    assert np.abs(ours - theirs).max() < 3e-3


def test_single_particle_model_runs_on_our_values(pybamm: Any) -> None:
    """Its surface leads its mean by j R/(5 D F), the exact steady difference, and its potential is ours."""
    scenario = sphere()
    own = to_pybamm(scenario, reference_potential="0.62 V")
    parameters = pybamm.ParameterValues("Chen2020")
    parameters.update(own)
    parameters["Current function [A]"] = 0.02
    model = pybamm.lithium_ion.SPM()
    simulation = pybamm.Simulation(model, parameter_values=parameters)
    solution = simulation.solve([0.0, 20.0])
    surface = solution["X-averaged negative particle surface concentration [mol.m-3]"].entries
    mean = solution["R-averaged negative particle concentration [mol.m-3]"].entries.mean(axis=0)
    current = solution["X-averaged negative electrode interfacial current density [A.m-2]"].entries
    rich = build_material(scenario).rich.diffusivity(scenario.temperature)
    expected = -current[-1] * RADIUS / (5.0 * rich * FARADAY)
    assert current[-1] > 0.0  # oxidation: lithium leaves
    assert surface[-1] - mean[-1] == pytest.approx(expected, rel=0.02)
    assert 0.95 < mean[-1] / 22740.0 < mean[0] / 22740.0 == pytest.approx(0.97)
    potential = solution["X-averaged negative electrode open-circuit potential [V]"].entries[0]
    material = build_material(scenario)
    assert potential == pytest.approx(0.62 + float(material.open_circuit_potential(0.97, 348.15)), abs=2e-4)


def test_functions_are_those_of_the_material() -> None:
    scenario = sphere()
    material, found = build_material(scenario), to_pybamm(scenario)
    law = found["Negative particle diffusivity [m2.s-1]"]
    for warm in (300.0, 348.15):
        assert law(0.02, warm) == pytest.approx(material.poor.diffusivity(warm), rel=1e-12)
        assert law(0.98, warm) == pytest.approx(material.rich.diffusivity(warm), rel=1e-12)
        middle = math.sqrt(material.poor.diffusivity(warm) * material.rich.diffusivity(warm))
        assert law(0.5, warm) == pytest.approx(middle, rel=1e-12)
    x = np.array([1e-4, 0.02, 0.05, 0.5, 0.95, 0.99])
    potential = found["Negative electrode OCP [V]"]
    np.testing.assert_allclose(potential(x), material.open_circuit_potential(x, 348.15), rtol=1e-12)
    shifted = to_pybamm(scenario, "positive", reference_potential=0.62)["Positive electrode OCP [V]"]
    np.testing.assert_allclose(shifted(x), potential(x) + 0.62, rtol=1e-12)
    change = found["Negative electrode OCP entropic change [V.K-1]"](x)
    warmer = material.open_circuit_potential(x, 378.15)
    np.testing.assert_allclose(potential(x) + 30.0 * change, warmer, rtol=1e-12)
    assert found["Reference temperature [K]"] == 348.15
    assert to_pybamm(scenario, temperature="30 degC")["Ambient temperature [K]"] == pytest.approx(303.15)


def test_functions_take_symbols(pybamm: Any) -> None:
    found = to_pybamm(reacting())
    x, warm = pybamm.Scalar(0.97), pybamm.Scalar(300.0)
    number = found["Negative particle diffusivity [m2.s-1]"](0.97, 300.0)
    assert found["Negative particle diffusivity [m2.s-1]"](x, warm).evaluate() == pytest.approx(
        number, rel=1e-12
    )
    potential = found["Negative electrode OCP [V]"]
    assert potential(x).evaluate() == pytest.approx(potential(0.97), rel=1e-12)


def lamella() -> Scenario:
    """No sphere, no single composition, no Butler-Volmer, a gap that moves with temperature."""
    return Scenario.from_dict(
        {
            **SPHERE,
            "initial": [[0.0, 1.0]],
            "specimen": {"outline": {"shape": "slab", "length": "1 um"}, "cell": "500 nm"},
            "contacts": {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": "1e-6 m/s"}},
            "material": {"windows": "regular_solution"},
        }
    )


def test_what_a_scenario_does_not_know_is_left_out() -> None:
    names = set(to_pybamm(lamella()))
    assert not {name for name in names if "radius" in name or "Initial conc" in name}
    assert not {name for name in names if "exchange" in name or "entropic" in name}
    assert missing_bpx_fields(to_bpx(lamella())) == (
        "Thickness [m]", "Particle radius [m]", "Surface area per unit volume [m-1]",
        "Reaction rate constant [mol.m-2.s-1]",
    )  # fmt: skip


@pytest.mark.parametrize("alpha", [0.5, 0.3])
@pytest.mark.parametrize("x", [0.02, 0.98])
def test_reaction_has_our_rate_and_sign(alpha: float, x: float) -> None:
    """PyBaMM's Butler-Volmer current with the exported i0, OCP and coefficient is that of our contact."""
    scenario = reacting(alpha)
    material, warm = build_material(scenario), scenario.temperature
    found = to_pybamm(scenario)
    largest = material.insertable_concentration
    exchange = found["Negative electrode exchange-current density [A.m-2]"](
        1000.0, x * largest, largest, warm
    )
    f = FARADAY / (GAS_CONSTANT * warm)
    coefficient = found.get("Negative electrode charge transfer coefficient", 0.5)
    assert coefficient == pytest.approx(1.0 - alpha)
    for over in (-0.05, 0.01, 0.08):
        potential = float(found["Negative electrode OCP [V]"](x)) + over
        current = exchange * (math.exp(coefficient * f * over) - math.exp(-(1.0 - coefficient) * f * over))
        line = law_lines(build_contacts(scenario)[0], material, warm, potential)
        side = 0 if x < 0.5 else 1
        excess = x - material.edges(warm)[side]
        flux = line.transfer[side] * (line.excess[side] - excess)  # into the particle
        assert current == pytest.approx(-FARADAY * largest * flux, rel=1e-9)


def test_bpx_takes_a_completed_document(bpx: Any, tmp_path: Path) -> None:
    document = write_bpx(sphere(), tmp_path / "a.json", given=COMPLETE, reference_potential="0.62 V")
    assert missing_bpx_fields(document) == ()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == document
    read = bpx.parse_bpx_file(tmp_path / "a.json")
    electrode = read.parameterisation.negative_electrode
    assert type(electrode).__name__ == "ElectrodeSingleSPM"
    assert electrode.maximum_concentration == 22740.0
    assert electrode.particle_radius == pytest.approx(RADIUS)
    assert electrode.diffusivity_activation_energy is None  # two phases, two energies
    assert read.header.model == "Partial"
    assert "against Li" in read.header.description
    assert read.state.initial_conditions.initial_soc == pytest.approx(0.97)
    assert read.state.thermal_environment.ambient_temperature == 348.15


def test_bpx_refuses_what_we_say_is_missing(bpx: Any) -> None:
    document = to_bpx(sphere())
    missing = missing_bpx_fields(document)
    assert missing == tuple(COMPLETE)
    assert all(name in document["Header"]["Description"] for name in missing)
    with pytest.raises(ValueError, match="Field required") as caught:
        bpx.parse_bpx_obj(document)
    assert all(name in str(caught.value) for name in missing)


def test_bpx_of_one_phase_has_its_activation_energy(bpx: Any) -> None:
    material = build_material(sphere())
    document = to_bpx(sphere(), "30 degC", phase="Li7", electrode="positive", given=COMPLETE, cell=_cell())
    read = bpx.parse_bpx_obj(json.loads(json.dumps(document)))
    electrode = read.parameterisation.positive_electrode
    energy, reference = (
        electrode.diffusivity_activation_energy,
        read.parameterisation.cell.reference_temperature,
    )
    assert reference == pytest.approx(303.15)
    at = electrode.diffusivity * math.exp(energy / GAS_CONSTANT * (1.0 / reference - 1.0 / 348.15))
    assert at == pytest.approx(material.rich.diffusivity(348.15), rel=1e-9)
    assert read.state.initial_conditions.initial_soc == pytest.approx(0.03)


def _cell() -> dict[str, float]:
    return {
        "Electrode area [m2]": 1e-4,
        "Number of electrode pairs connected in parallel to make a cell": 1,
        "Lower voltage cut-off [V]": 0.5,
        "Upper voltage cut-off [V]": 2.0,
        "Nominal cell capacity [A.h]": 1e-4,
    }


def test_bpx_tables_are_the_functions() -> None:
    scenario = sphere()
    material = build_material(scenario)
    fields = to_bpx(scenario)["Parameterisation"]["Negative electrode"]
    x = np.concatenate([np.geomspace(1e-5, 0.05, 900), [0.5], 1.0 - np.geomspace(1e-5, 0.05, 900)])
    table = fields["OCP [V]"]
    shown = np.interp(x, table["x"], table["y"])
    assert np.abs(shown - material.open_circuit_potential(x, 348.15)).max() < 1e-4
    diffusivity = fields["Diffusivity [m2.s-1]"]
    assert np.interp(0.01, diffusivity["x"], diffusivity["y"]) == pytest.approx(
        material.poor.diffusivity(348.15)
    )
    assert np.interp(0.99, diffusivity["x"], diffusivity["y"]) == pytest.approx(
        material.rich.diffusivity(348.15)
    )


def test_bpx_reaction_rate_is_normalised_as_bpx_means_it() -> None:
    """BPX: i0 = F K sqrt(c_e/c_e0 x (1 - x))."""
    fields = to_bpx(reacting())["Parameterisation"]["Negative electrode"]
    constant = fields["Reaction rate constant [mol.m-2.s-1]"]
    law = to_pybamm(reacting())["Negative electrode exchange-current density [A.m-2]"]
    expected = FARADAY * constant * math.sqrt(0.3 * 0.7)
    assert law(1000.0, 0.3, 1.0, 348.15) == pytest.approx(expected, rel=1e-12)
    assert fields["Reaction rate constant activation energy [J.mol-1]"] == pytest.approx(0.4 * FARADAY)
    skewed = to_bpx(reacting(0.3))["Parameterisation"]["Negative electrode"]
    assert "Reaction rate constant [mol.m-2.s-1]" not in skewed  # BPX knows a half only


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: to_pybamm(sphere(), "left"), "negative or positive"),  # type: ignore[arg-type]
        (lambda: to_bpx(sphere(), electrode="left"), "negative or positive"),  # type: ignore[arg-type]
        (lambda: to_bpx(sphere(), phase="Li9"), "both, Li4, Li7"),  # type: ignore[arg-type]
        (lambda: to_bpx(sphere(), given={"Thicknes [m]": 1.0}), "names of BPX"),
        (lambda: to_pybamm(sphere(), reference_potential="3 s"), "reference_potential"),
        (lambda: to_pybamm(sphere(), temperature="-5 K"), "temperature"),
        (lambda: write_bpx(sphere(), "a.toml"), ".json"),
    ],
)
def test_what_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize(
    ("surface", "words"), [("0.5", "leave the gap"), ("2", "0 to 1"), ("0.95 V", "leave the gap")]
)
def test_surfaces_that_are_refused(pybamm: Any, surface: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pybamm_particle(sphere(), surface=surface)


def test_only_a_sphere_becomes_a_particle(pybamm: Any) -> None:
    with pytest.raises(InputError, match=r"specimen\.outline"):
        pybamm_particle(lamella(), surface="0.4 V")
    with pytest.raises(InputError, match="initial"):
        pybamm_particle(sphere(initial=[[0.5] * 100]), surface="0.4 V")
