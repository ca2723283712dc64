"""Finds the tracker protocols: one file in `protocols/`, or one entry point, each exposing PROTOCOL."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Final

from fleetline.model.wire import TrackerProtocol
from fleetline.trackers import protocols

GROUP: Final = "fleetline.protocols"


def find_protocols() -> Mapping[str, TrackerProtocol]:
    """Every protocol by name. errors: ValueError when two have one name."""
    found: dict[str, TrackerProtocol] = {}
    for protocol in _all():
        if protocol.name in found:
            raise ValueError(f"two protocols are called {protocol.name}")
        found[protocol.name] = protocol
    return found


def _all() -> Iterator[TrackerProtocol]:
    for module in iter_modules(protocols.__path__, f"{protocols.__name__}."):
        exposed = getattr(import_module(module.name), "PROTOCOL", None)
        if isinstance(exposed, TrackerProtocol):
            yield exposed
    for point in entry_points(group=GROUP):
        exposed = point.load()
        if isinstance(exposed, TrackerProtocol):
            yield exposed
