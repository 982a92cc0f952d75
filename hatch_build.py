"""Build hook of the wheel: compiles the solver's functions, so that an installed package starts at once.

What is compiled is for the processor and the version of numba of the machine that builds; on another one,
and wherever this step could not be done, functions are compiled on their first use. `LTO_SIM_PRECOMPILE=0`
leaves it out (a wheel for every machine). An editable installation is not compiled; there
`python -m lto_sim.precompile` does the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CODE = (".nbi", ".nbc", ".sha256")
_SLOWEST_S = 1800.0
_NOT_NEEDED = ("av", "fipy", "jinja2", "matplotlib", "rich", "typer")


class CustomBuildHook(BuildHookInterface):
    """Adds compiled code to the wheel."""

    def dependencies(self) -> list[str]:
        """What running a simulation needs, which is what is compiled by."""
        if not _wanted():
            return []
        return [need for need in self.metadata.core.dependencies if not need.startswith(_NOT_NEEDED)]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in a copy of the package and add what came of it."""
        if self.target_name != "wheel" or version == "editable" or not _wanted():
            return
        self._work = Path(tempfile.mkdtemp(prefix="lto_sim_build_"))
        shutil.copytree(
            Path(self.root) / "lto_sim", self._work / "lto_sim", ignore=shutil.ignore_patterns("__pycache__")
        )
        known = self._work / f"lto_sim-{self.metadata.version}.dist-info"  # results name the version
        known.mkdir()
        (known / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: lto_sim\nVersion: {self.metadata.version}\n", encoding="utf-8"
        )
        self.app.display_info("compiling the solver, 2 to 4 minutes (LTO_SIM_PRECOMPILE=0 leaves it out)")
        if not self._compiled():
            self.app.display_warning("could not compile ahead; functions are compiled on their first use")
            return
        for path in sorted((self._work / "lto_sim").rglob("__pycache__/*")):
            if path.suffix in _CODE:
                build_data["force_include"][str(path)] = path.relative_to(self._work).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the copy."""
        if hasattr(self, "_work"):
            shutil.rmtree(self._work, ignore_errors=True)

    def _compiled(self) -> bool:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
        before = environment.get("PYTHONPATH")  # a build frontend may have put what is needed there
        environment["PYTHONPATH"] = os.pathsep.join([str(self._work), *([before] if before else [])])
        try:
            done = subprocess.run(
                [sys.executable, "-m", "lto_sim.precompile"], cwd=self._work, env=environment, check=False,
                timeout=_SLOWEST_S, capture_output=True, text=True,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            self.app.display_warning(str(error))
            return False
        if done.returncode:
            self.app.display_warning(done.stderr[-2000:])
        return done.returncode == 0


def _wanted() -> bool:
    return os.environ.get("LTO_SIM_PRECOMPILE", "1") != "0"
