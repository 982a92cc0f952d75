"""Command lines that cannot be read, told as every other error: field, value, allowed range, remedy.

typer carries the package behind its errors in a version of its own or takes it from outside, by version; they
are told apart by what they hold, not by their classes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any, Final

from lto_sim.errors import InputError

__all__ = ["usage_error"]

_HELP: Final = "see `{} --help`"


def usage_error(error: Any, words: Sequence[str]) -> InputError:
    """The error of a command line as an `InputError`.

    Parameters
    ----------
    error : What typer raised: an unknown command or option, a missing or superfluous argument, a bad value.
    words : The command line after ``lto-sim``.
    """
    context = getattr(error, "ctx", None)
    see = _HELP.format(_path(context, words))
    param = getattr(error, "param", None)
    if hasattr(error, "possibilities") and hasattr(error, "option_name"):
        return _unknown_option(error.option_name, context, see)
    if hasattr(error, "option_name"):
        return _wrong_use(error, words, see)
    if param is not None and _is_missing(error):
        return _missing(param, see)
    if param is not None:
        return _bad_value(error, param, words, see)
    commands = getattr(getattr(context, "command", None), "commands", None)
    if commands:
        return _unknown_command(words, list(commands), see)
    return _superfluous(error, context, see)


def _path(context: Any, words: Sequence[str]) -> str:
    """Name of the command, as it is typed."""
    parts = [] if context is not None else [word for word in words[:1] if not word.startswith("-")]
    while context is not None and context.parent is not None:
        parts.append(str(context.info_name))
        context = context.parent
    return " ".join(["lto-sim", *reversed(parts)])


def _options(context: Any) -> list[str]:
    params = getattr(getattr(context, "command", None), "params", ())
    names = [name for param in params for name in (*param.opts, *param.secondary_opts)]
    return [name for name in names if name.startswith("-")] + ["--help"]


def _unknown_option(name: str, context: Any, see: str) -> InputError:
    known = _options(context)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    remedy = f"did you mean {near[0]}?" if near else f"leave it out, or {see}"
    return InputError("option", name, ", ".join(known), remedy)


def _unknown_command(words: Sequence[str], known: list[str], see: str) -> InputError:
    given = next((word for word in words if not word.startswith("-")), "")
    near = difflib.get_close_matches(given, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else see
    return InputError("command", given, ", ".join(known), remedy)


def _wrong_use(error: Any, words: Sequence[str], see: str) -> InputError:
    """A value where none belongs, or none where one does."""
    name, given = str(error.option_name), _given([str(error.option_name)], words)
    if given is None or "requires" in str(error.message):
        return InputError(name, given, "a value after it", f'write {name} "VALUE", or {see}')
    return InputError(name, given, f"{name} alone", "leave the value out")


def _is_missing(error: Any) -> bool:
    return hasattr(error, "param_type")


def _missing(param: Any, see: str) -> InputError:
    says = str(getattr(param, "help", "") or "").partition(":")[0].rstrip(".")
    form = str(getattr(param, "metavar", None) or "a value")
    what = form if param.opts[0].startswith("-") or not says else f"{says[:1].lower()}{says[1:]}"
    return InputError(_name(param), None, what, f"it is required: add it, or {see}")


def _name(param: Any) -> str:
    """Option as it is typed, or argument as the help calls it."""
    options = [name for name in param.opts if name.startswith("--")]
    return options[0] if options else str(getattr(param, "metavar", None) or param.name).rstrip(".")


def _bad_value(error: Any, param: Any, words: Sequence[str], see: str) -> InputError:
    return InputError(_name(param), _given(param.opts, words), _range(str(error.message)), see)


def _range(message: str) -> str:
    """What a parameter takes, from what typer says of it, in the words of pydantic or of click."""
    limits = [
        f"{'>=' if word == 'greater' else '<='} {limit}"
        for word, limit in re.findall(r"(greater|less) than or equal to (\S+)", message)
    ]
    inside = re.search(r"range (?:(\S+)<=)?x(?:([<>]=)(\S+?))?\.?$", message)
    if inside is not None:
        low, sign, limit = inside.groups()
        limits += [f">= {low}"] if low else []
        limits += [f"{sign} {limit}"] if limit else []
    if limits or "integer" in message:
        return f"a whole number {' and '.join(limits)}".strip()
    return message.rstrip(".")


def _given(names: Sequence[str], words: Sequence[str]) -> str | None:
    """What the command line gives to an option, the last time; None if nothing."""
    found = None
    for number, word in enumerate(words):
        option, sign, value = word.partition("=")
        if option in names and sign:
            found = value
        elif word in names and number + 1 < len(words):
            found = words[number + 1]
    return found


def _superfluous(error: Any, context: Any, see: str) -> InputError:
    """Arguments that no command takes."""
    inside = re.search(r"\(([^()]*)\)\s*$", str(error.message))
    if inside is None:
        return InputError("command line", str(error.message), "what the help lists", see)
    params = getattr(getattr(context, "command", None), "params", ())
    taken = [_name(param) for param in params if not any(name.startswith("-") for name in param.opts)]
    return InputError("argument", inside[1], " ".join(taken) or "none", f"leave it out, or {see}")
