"""Results of runs in a directory, one file a run, named by the hash of what it was made from.

A file appears whole or not at all, so that whatever ends a program leaves every finished run behind.
"""

from __future__ import annotations

import contextlib
import os
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError

__all__ = ["RunCache"]


class RunCache:
    """Arrays by key in a directory.

    Parameters
    ----------
    directory : Where they are; made if it is missing.

    Raises
    ------
    InputError
        A directory that cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("--out", str(directory), "a directory that can be written", str(error)) from None
        for left in directory.glob("*.part"):  # of a program that was killed while it wrote
            with contextlib.suppress(OSError):
                left.unlink()

    def _path(self, key: str) -> Path:
        return self.directory / f"{key}.npz"

    def read(self, key: str) -> dict[str, NDArray[np.generic]] | None:
        """Arrays kept under `key`, in the shapes that were written; None where none can be read."""
        try:
            with np.load(self._path(key), allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def write(self, key: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep arrays.

        Parameters
        ----------
        key : What they are read by, a hash of what they follow from.
        arrays : Name -> array of any shape.

        Raises
        ------
        InputError
            They cannot be written: a full disk, a directory that is gone.
        """
        temporary = self.directory / f"{uuid.uuid4().hex}.part"
        try:
            with temporary.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path(key))
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise InputError(
                "--out", str(self.directory), "room for the results of runs", str(error.strerror or error)
            ) from None

    def __len__(self) -> int:
        return sum(1 for _ in self.directory.glob("*.npz"))
