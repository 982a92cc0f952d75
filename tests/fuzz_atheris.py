"""Coverage-guided fuzzing of the readers, where atheris is installed: ``fuzz_atheris.py [seconds]``.

The first byte of an input chooses a format, the rest is the file itself. Small whole files of every format
are the corpus to begin with. pytest does not collect this file; test_files_fuzz.py damages the same files
at random.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

ATHERIS = True
try:
    import atheris
except ImportError:
    ATHERIS = False

DEFAULT_SECONDS = 180


def main(seconds: int) -> None:
    """Fuzz for a time; a finding ends it with a traceback and leaves the input in a file ``crash-...``."""
    with atheris.instrument_imports(include=["lto_sim.files", "rsciio", "tifffile"]):
        from fuzz_targets import SEEDS, read, watched

    logging.disable(logging.CRITICAL)
    names = sorted(SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        places: dict[str, tuple[Path, Path]] = {}
        for n, name in enumerate(names):
            home = Path(folder) / str(n)
            home.mkdir()
            given, make = SEEDS[name]
            damaged = make(home / given)
            places[name] = (home / given, damaged)
            (corpus / str(n)).write_bytes(bytes([n]) + damaged.read_bytes())

        def target(data: bytes) -> None:
            if not data:
                return
            path, damaged = places[names[data[0] % len(names)]]
            damaged.write_bytes(data[1:])
            with watched():
                read(path)

        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", "-rss_limit_mb=4096", "-timeout=60", str(corpus)],
            target,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    if not ATHERIS:
        sys.stdout.write("atheris is not installed: nothing is fuzzed\n")
        sys.exit(0)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS)
