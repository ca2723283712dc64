"""Finds every dialect there is: those in this program's folder, and those that other packages bring along."""

import pkgutil
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from fleetline.api import dialects
from fleetline.api.dialect import Dialect

GROUP: Final = "fleetline.dialects"
"""Entry points of this group name a module that exposes DIALECT, or the constant itself."""


def find_dialects() -> dict[str, Dialect]:
    """By name, in the order of names.

    errors  TypeError when a module exposes no Dialect; ValueError when two of them share a name
    """
    found: dict[str, Dialect] = {}
    for module in pkgutil.iter_modules(dialects.__path__):
        _take(found, module.name, import_module(f"{dialects.__name__}.{module.name}"))
    for entry in entry_points(group=GROUP):
        _take(found, entry.value, entry.load())
    return dict(sorted(found.items()))


def _take(found: dict[str, Dialect], where: str, source: object) -> None:
    dialect = source if isinstance(source, Dialect) else getattr(source, "DIALECT", None)
    if not isinstance(dialect, Dialect):
        raise TypeError(f"{where} exposes no DIALECT")
    if dialect.name in found:
        raise ValueError(f"{where}: a dialect named {dialect.name} is there already")
    found[dialect.name] = dialect
