"""What the protocol tests share: the protocols found in the folder, their vectors, and how reports are compared."""

import importlib
import json
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import fleetline.trackers.protocols as folder
from fleetline.model.motion import Columns, Report, columns_of
from fleetline.model.wire import DecodedMany, TrackerProtocol, Undecodable

VECTORS = Path(__file__).parent.parent / "vectors"


@dataclass(frozen=True)
class Vector:
    protocol: TrackerProtocol
    name: str
    source: str
    frame: bytes
    transport: str
    reply: bytes
    ident: str | None = None
    reports: tuple[dict[str, Any], ...] = ()
    undecodable: str | None = None

    def __str__(self) -> str:
        return f"{self.protocol.name}: {self.name}"


def protocols() -> list[TrackerProtocol]:
    found = []
    for module in pkgutil.iter_modules(folder.__path__):
        protocol = getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "PROTOCOL", None)
        if protocol is not None:
            found.append(protocol)
    return found


def vectors_of(protocol: TrackerProtocol) -> Iterator[Vector]:
    for line in (VECTORS / f"{protocol.name}.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        item |= {"frame": bytes.fromhex(item["frame"]), "reply": bytes.fromhex(item["reply"])}
        item["reports"] = tuple(item.get("reports", ()))
        yield Vector(protocol, **item)


def vectors() -> list[Vector]:
    return [vector for protocol in protocols() for vector in vectors_of(protocol)]


def assert_columns_equal(found: Columns, expected: Columns) -> None:
    """Equal rows, equal names, and in each extra column equal type and values."""
    for name in found.rows.dtype.names or ():
        assert found.rows[name].tolist() == expected.rows[name].tolist(), name
    assert set(found.extra) == set(expected.extra)
    for name, column in expected.extra.items():
        assert found.extra[name].dtype == column.dtype, name
        if column.dtype.kind == "f":
            np.testing.assert_array_equal(found.extra[name], column, name)
        else:
            assert found.extra[name].tolist() == column.tolist(), name


def one_by_one(protocol: TrackerProtocol, frames: Sequence[bytes]) -> DecodedMany:
    """What `decode_many` must answer, made with `decode`."""
    reports: list[Report] = []
    index: list[int] = []
    refused: list[tuple[int, str]] = []
    for turn, frame in enumerate(frames):
        try:
            found = protocol.decode(frame).reports
        except Undecodable as fault:
            refused.append((turn, fault.reason))
            continue
        reports.extend(found)
        index.extend([turn] * len(found))
    return DecodedMany(columns_of(reports), np.array(index, np.int64), tuple(refused))


def assert_decoded_alike(protocol: TrackerProtocol, frames: Sequence[bytes]) -> None:
    found, expected = protocol.decode_many(frames), one_by_one(protocol, frames)
    assert found.refused == expected.refused
    assert found.frame.tolist() == expected.frame.tolist()
    assert found.frame.dtype == np.int64
    assert_columns_equal(found.columns, expected.columns)


def assert_physical(report: Report) -> None:
    """Whatever a frame says, what the protocol makes of it is possible on this planet."""
    assert (report.lat_deg is None) == (report.lon_deg is None)
    if report.lat_deg is not None and report.lon_deg is not None:
        assert -90 <= report.lat_deg <= 90
        assert -180 <= report.lon_deg <= 180
    assert report.course_deg is None or 0 <= report.course_deg < 360
    assert report.speed_kmh is None or report.speed_kmh >= 0
    assert report.lat_deg is not None or not report.valid
    for value in report.attributes.values():
        assert isinstance(value, bool | int | float | str)
