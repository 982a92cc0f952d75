"""Templates, styles and scripts that come with the package, put together to one file.

A Content-Security-Policy in the page forbids every request: images only from the page itself, scripts only
the one that is in it, known by its hash. A title that would bring a script along could not run it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lto_sim.provenance import package_version

__all__ = ["json_text", "render"]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lto_sim.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    return (files("lto_sim.report.html") / "assets" / name).read_text(encoding="utf-8")


def json_text(data: Any) -> Markup:
    """Return data as JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def render(
    template: str, values: Mapping[str, Any], *, data: Any, scripts: Sequence[str], styles: Sequence[str] = ()
) -> str:
    """Write a page.

    Parameters
    ----------
    template : Name of its template.
    values : What the template needs.
    data : What the scripts need, as JSON.
    scripts : Names of scripts, in order.
    styles : Names of styles beside those of every page.
    """
    script = "\n".join(
        ['(function () {\n"use strict";', *(_asset(f"{name}.js") for name in scripts), "})();"]
    )
    script = f"\n{script}\n"
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    light, dark = _asset("theme-light.css"), _asset("theme-dark.css")
    themes = (
        f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
        f":root[data-theme=light]{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n"
        f"@media print{{:root,:root[data-theme=dark]{{{light}}}}}\n"
    )
    style = themes + "\n".join(_asset(f"{name}.css") for name in ("page", "blocks", *styles, "print"))
    return _environment().get_template(template).render(
        **values,
        script=Markup(script),
        style=Markup(style),
        script_hash=digest,
        data=json_text(data),
        version=package_version(),
    )  # fmt: skip
