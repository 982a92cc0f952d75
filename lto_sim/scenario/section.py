"""What every section of a scenario has in common: frozen, closed, with a hint where a key is misspelt.

Also here: how the keys of a table choose between several sections. Choosing before validation, rather than
with a union that tries each, keeps one message for one mistake and its path free of the names of the choices.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from lto_sim.errors import InputError

__all__ = ["Section", "ShortForm", "by_name", "by_presence", "exactly_one", "only_with"]


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
                    raise InputError(
                        str(key), data[key], "one of the keys " + ", ".join(known), _hint(key, known)
                    )
        return data


def _hint(key: object, known: list[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"did you mean {near[0]}?" if near else "remove the key"


@dataclass(frozen=True)
class ShortForm:
    """Annotation of a section that may also be given as one value, for the schema: a JSON schema of it."""

    value: dict[str, Any]

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [self.value, handler(core)]}


def by_name(key: str, models: tuple[type[Section], ...], example: str) -> BeforeValidator:
    """Choose the section whose literal `key` the table names, as ``shape = "circle"`` does."""
    choices = {str(name): model for model in models for name in get_args(model.model_fields[key].annotation)}

    def choose(data: Any) -> Any:
        if isinstance(data, Section):
            return data
        if not isinstance(data, dict):
            raise InputError("", data, f"a table with the key {key}", f"for example {example}")
        name = data.get(key)
        if not isinstance(name, str) or name not in choices:
            near = difflib.get_close_matches(str(name), choices, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"for example {example}"
            raise InputError(key, name, " or ".join(map(repr, choices)), remedy)
        return choices[name].model_validate(data)

    return BeforeValidator(choose)


def by_presence(models: tuple[type[Section], ...], example: str) -> BeforeValidator:
    """Choose the section whose first key a table has; what is no table is left to the other choices."""
    choices = {next(iter(model.model_fields)): model for model in models}

    def choose(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        present = [name for name in choices if name in data]
        if len(present) == 1:
            return choices[present[0]].model_validate(data)
        raise InputError(
            "",
            data,
            f"a value, or a table with one of the keys {', '.join(choices)}",
            f"for example {example}",
        )

    return BeforeValidator(choose)


def exactly_one(section: Section, names: tuple[str, ...], example: str) -> str:
    """Name the one key of `names` that is given.

    Raises
    ------
    InputError
        None of them, or more than one.
    """
    present = [name for name in names if getattr(section, name) is not None]
    if len(present) == 1:
        return present[0]
    raise InputError(
        "", present or None, f"exactly one of the keys {', '.join(names)}", f"for example {example}"
    )


def only_with(section: Section, keys: Mapping[str, str], given: bool, owner: str) -> None:
    """Refuse keys that mean nothing without `owner`; `keys` maps attribute to key."""
    for attribute, key in keys.items():
        value = getattr(section, attribute)
        if value is not None and not given:
            shown = value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value
            raise InputError(key, shown, f"absent without {owner}", f"remove it, or give {owner}")
