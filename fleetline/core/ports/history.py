"""History as the core sees it: parts and segments of device-hours, and what the fold made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Part:
    """Frames of one device-hour as they came; part_id 0 before it is stored."""

    device_id: int
    hour: int
    body: bytes
    part_id: int = 0


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What decides whether a device's report counts; `ours_from_ms` 0 when no other account ever had the device."""

    clock_offset_ms: int = 0
    ours_from_ms: int = 0
    future_tolerance_ms: int = 900_000


@dataclass(frozen=True, slots=True)
class Latest:
    """Where the fold of one device stands. fold is None before the first report was folded."""

    device_id: int
    heard_at_ms: int
    folded_part_id: int
    version: int
    fold: bytes | None


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """One closed route; `body` is the fold's own record."""

    device_id: int
    origin_at_ms: int
    destination_at_ms: int
    day: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reports that were acknowledged and not accepted."""

    device_id: int
    received_at_ms: int
    reason: str
    reports: int
    frame: bytes | None = None


class HistoryPort(Protocol):
    """The tables of history inside one transaction. Hours and days are whole numbers since 1970, UTC."""

    async def facts(self, device_ids: Sequence[int], future_tolerance_ms: int) -> dict[int, DeviceFacts]:
        """Clock offset, and since when the device is its account's, of each device that exists."""
        ...

    async def filed_up_to(self, intake: int) -> int: ...
    async def mark_filed(self, intake: int, journal_id: int) -> None: ...
    async def add_parts(self, parts: Sequence[Part]) -> None: ...
    async def heard(self, heard: Sequence[tuple[int, int]]) -> None:
        """(device id, receipt) of the latest message of each; grows only."""
        ...

    async def add_refusals(self, refusals: Sequence[Refusal]) -> None: ...
    async def waiting(self, limit: int) -> list[int]:
        """Devices with parts that the fold has not seen, the oldest part first."""
        ...

    async def lock_latest(self, device_ids: Sequence[int]) -> list[Latest]:
        """The rows of these devices, locked until the transaction ends."""
        ...

    async def latest(self, device_ids: Sequence[int]) -> list[Latest]: ...
    async def new_parts(self, device_ids: Sequence[int]) -> list[Part]:
        """Parts beyond each device's folded_part_id, in the order they were stored."""
        ...

    async def parts_of_hours(self, device_id: int, first: int, last: int) -> list[Part]: ...
    async def segments_of_hours(self, device_id: int, first: int, last: int) -> list[tuple[int, bytes]]:
        """(hour, body)"""
        ...

    async def put_segment(self, device_id: int, hour: int, reports: int, body: bytes) -> None: ...
    async def drop_parts(self, part_ids: Sequence[int]) -> None: ...
    async def open_hours(self, before_hour: int, limit: int) -> list[tuple[int, int]]:
        """(device id, hour) that have parts, all of them folded, in hours before that one."""
        ...

    async def put_latest(self, rows: Sequence[Latest]) -> None: ...
    async def checkpoint_before(self, device_id: int, at_ms: int) -> tuple[int, bytes] | None:
        """(at_ms, fold) of the newest checkpoint not after that moment."""
        ...

    async def add_checkpoints(self, rows: Sequence[tuple[int, int, bytes]]) -> None: ...
    async def drop_checkpoints_after(self, device_id: int, at_ms: int) -> None: ...
    async def put_routes(self, routes: Sequence[StoredRoute]) -> None: ...
    async def drop_routes_from(self, device_id: int, origin_at_ms: int) -> None:
        """Routes with an origin at or after that moment."""
        ...

    async def routes_of_day(self, device_id: int, day: int) -> list[StoredRoute]: ...
    async def routes_between(self, device_id: int, from_ms: int, to_ms: int) -> list[StoredRoute]:
        """Routes that touch the span, ascending."""
        ...

    async def put_days(self, rows: Sequence[tuple[int, int, bytes]]) -> None: ...
    async def days(self, device_ids: Sequence[int], first: int, last: int) -> list[tuple[int, int, bytes]]: ...
    async def add_events(self, rows: Sequence[tuple[int, int, str, str]]) -> None: ...
    async def drop_history_before(self, device_ids: Sequence[int], hour: int) -> int:
        """Retention: segments and parts of older hours; how many segments went."""
        ...

    async def drop_refusals_before(self, at_ms: int) -> None: ...
