"""From simulated maps back to k and Ea: bias, width and coverage of the intervals over 20 seeds.

The same as `lto-sim validate --only recovery`, and takes its options.
"""

from __future__ import annotations

import sys

from lto_sim.cli import app

if __name__ == "__main__":
    app(["validate", "--only", "recovery", *sys.argv[1:]])
