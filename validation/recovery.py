"""From simulated maps back to k and Ea: bias, width and coverage of the intervals over 20 seeds.

Prints one table and exits with 1 where a comparison misses its limit.
"""

from __future__ import annotations

import argparse
import sys

from lto_sim.validate import format_table, passed, recovery_rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="five seeds, the same limits")
    rows = recovery_rows(quick=parser.parse_args().quick)
    print(format_table(rows))
    return 0 if passed(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
