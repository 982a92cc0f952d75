"""The programme of the paper: k at 90 degC agrees with its repeat, and with beam damage it does not.

The same as `lto-sim validate --only programme`, and takes its options.
"""

from __future__ import annotations

import sys

from lto_sim.cli import app

if __name__ == "__main__":
    app(["validate", "--only", "programme", *sys.argv[1:]])
