"""Finds what is plugged in: one file in a folder, or one entry point, each exposing one constant."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any, Final, TypeVar

from fleetline.api import dialects
from fleetline.api.dialect import Dialect
from fleetline.model.wire import TrackerProtocol
from fleetline.trackers import protocols

T = TypeVar("T", TrackerProtocol, Dialect)

PROTOCOLS: Final = "fleetline.protocols"
DIALECTS: Final = "fleetline.dialects"
"""Entry-point groups for packages that bring more."""


def find_protocols() -> Mapping[str, TrackerProtocol]:
    """Every tracker protocol by name. errors: ValueError when two have one name."""
    return _by_name(_exposed(protocols, PROTOCOLS, "PROTOCOL", TrackerProtocol))


def find_dialects() -> Mapping[str, Dialect]:
    """Every API dialect by name. errors: ValueError when two have one name."""
    return _by_name(_exposed(dialects, DIALECTS, "DIALECT", Dialect))


def _by_name(found: Iterator[T]) -> dict[str, T]:
    result: dict[str, T] = {}
    for item in found:
        if item.name in result:
            raise ValueError(f"two extensions are called {item.name}")
        result[item.name] = item
    return result


def _exposed(package: Any, group: str, constant: str, kind: type[T]) -> Iterator[T]:
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        exposed = getattr(import_module(module.name), constant, None)
        if isinstance(exposed, kind):
            yield exposed
    for point in entry_points(group=group):
        exposed = point.load()
        if isinstance(exposed, kind):
            yield exposed
