"""``python -m lto_sim`` is ``lto-sim``."""

from lto_sim.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
