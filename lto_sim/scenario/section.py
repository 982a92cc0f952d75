"""What every section of a scenario has in common: frozen, closed, with a hint where a key is misspelt."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from lto_sim.errors import InputError

__all__ = ["Section"]


class Section(BaseModel):
    """Frozen, closed, and with a hint where a key is misspelt."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known and key not in cls.model_fields:
                    near = difflib.get_close_matches(str(key), known, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "remove the key"
                    raise InputError(str(key), data[key], "one of the keys " + ", ".join(known), remedy)
        return data
