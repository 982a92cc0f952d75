"""The programme of the paper: k at 90 degC agrees with its repeat, and with beam damage it does not.

Prints one table and exits with 1 where a comparison misses its limit.
"""

from __future__ import annotations

import argparse
import sys

from lto_sim.validate import format_table, passed, programme_rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer cases, the same limits")
    rows = programme_rows(quick=parser.parse_args().quick)
    print(format_table(rows))
    return 0 if passed(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
