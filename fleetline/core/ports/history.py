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
    """Where one device stands; memory is the core's own (core/memory.py), None before the first report was folded."""

    device_id: int
    heard_at_ms: int
    folded_part_id: int
    version: int
    memory: bytes | None


@dataclass(frozen=True, slots=True)
class Folded:
    """What folding a device up to a part changes in its row."""

    device_id: int
    folded_part_id: int
    memory: bytes


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """One settled route; `body` is the fold's own record. settled_at_ms: time of the report that settled it."""

    device_id: int
    origin_at_ms: int
    destination_at_ms: int
    day: int
    settled_at_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredDay:
    """Counters of one UTC day (days since 1970), micrometres."""

    device_id: int
    day: int
    start_um: int
    metres_um: int
    passed_on_um: int


@dataclass(frozen=True, slots=True)
class StoredMark:
    """A full hour to which the fold can be taken back; last_ms is the newest report in it."""

    device_id: int
    at_ms: int
    last_ms: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reports that were acknowledged and not accepted."""

    device_id: int
    received_at_ms: int
    reason: str
    reports: int
    frame: bytes | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """What the registry says that mileage and routes depend on, of one device.

    fittings      (from_ms, vehicle_id), oldest first: each but the first begins a new route
    calibrations  (at_ms, metres), oldest first
    owners        whose thresholds hold, nearest first: device:ID, group:ID ..., account:ID
    """

    device_id: int
    fittings: tuple[tuple[int, int], ...]
    calibrations: tuple[tuple[int, int], ...]
    owners: tuple[str, ...]


class HistoryPort(Protocol):
    """The tables of history inside one transaction. Hours and days are whole numbers since 1970, UTC."""

    # filing

    async def facts(self, device_ids: Sequence[int], future_tolerance_ms: int) -> dict[int, DeviceFacts]:
        """Clock offset, and since when the device is its account's, of each device that exists."""
        ...

    async def filed_up_to(self, intake: int) -> int: ...
    async def mark_filed(self, intake: int, journal_id: int) -> None: ...
    async def next_version(self) -> int:
        """One more than any before; whoever takes it commits before the next is given."""
        ...

    async def add_parts(self, parts: Sequence[Part]) -> None: ...
    async def heard(self, heard: Sequence[tuple[int, int, int]], version: int) -> None:
        """(device id, receipt, 1 with news) of the latest message of each; the receipt grows only."""
        ...

    async def add_refusals(self, refusals: Sequence[Refusal]) -> None: ...
    async def drop_refusals_before(self, at_ms: int) -> None: ...

    # folding

    async def with_news(self, limit: int) -> list[int]:
        """Devices with parts that the fold has not seen."""
        ...

    async def latest(self, device_ids: Sequence[int]) -> list[Latest]: ...
    async def begin_latest(self, device_ids: Sequence[int]) -> None:
        """Make rows of devices never heard of; heard_at_ms is 0 there."""
        ...

    async def lock_latest(self, device_ids: Sequence[int]) -> dict[int, int]:
        """device id -> folded_part_id, the rows locked until the transaction ends."""
        ...

    async def new_parts(self, device_ids: Sequence[int], limit: int) -> list[Part]:
        """Parts beyond each device's folded_part_id, the oldest first."""
        ...

    async def put_folded(self, rows: Sequence[Folded], version: int) -> None: ...
    async def moves(self, device_ids: Sequence[int]) -> list[Moves]: ...
    async def last_fitting_before(self, vehicle_id: int, at_ms: int) -> tuple[int, int] | None:
        """(device id, until_ms) of the device that the vehicle carried last before a moment."""
        ...

    async def thresholds(self, owners: Sequence[str]) -> dict[str, str]:
        """owner -> JSON of what differs."""
        ...

    async def owner_exists(self, owner: str) -> bool:
        """Whether there is an account:ID, group:ID or device:ID."""
        ...

    async def put_thresholds(self, owner: str, body: str) -> None: ...
    async def hours_from(self, device_id: int, hour: int) -> list[int]:
        """Hours with reports, ascending."""
        ...

    async def parts_of_hours(self, device_id: int, first: int, last: int) -> list[Part]: ...
    async def segments_of_hours(self, device_id: int, first: int, last: int) -> list[tuple[int, bytes]]:
        """(hour, body)"""
        ...

    async def mark_before(self, device_id: int, at_ms: int) -> StoredMark | None:
        """The mark with the newest last_ms before that moment."""
        ...

    async def marks_after(self, device_id: int, last_ms: int) -> list[StoredMark]: ...
    async def put_marks(self, marks: Sequence[StoredMark]) -> None: ...
    async def drop_marks(self, device_id: int, after_ms: int, until_ms: int) -> None:
        """Those with after_ms < last_ms <= until_ms."""
        ...

    async def thin_marks(self, before_ms: int) -> int:
        """Keep of the marks before that moment the first of each day only; how many went."""
        ...

    async def put_routes(self, routes: Sequence[StoredRoute]) -> None: ...
    async def drop_routes(self, device_id: int, after_ms: int, until_ms: int) -> None:
        """Those with after_ms < settled_at_ms <= until_ms."""
        ...

    async def drop_folded(self, device_id: int) -> None:
        """Its routes, days and marks, before they are made anew."""
        ...

    async def routes_settled_after(self, device_id: int, settled_ms: int) -> list[StoredRoute]: ...
    async def put_days(self, days: Sequence[StoredDay]) -> None: ...
    async def days_around(self, device_id: int, first: int, last: int) -> list[StoredDay]:
        """The days of a span, with the last before it and the first after it."""
        ...

    async def add_events(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        """(device id, at_ms, kind, JSON)"""
        ...

    # sealing and retention

    async def folded_hours(self, before_hour: int, limit: int) -> list[tuple[int, int]]:
        """(device id, hour) with parts, all of them folded, in hours before that one."""
        ...

    async def put_segment(self, device_id: int, hour: int, reports: int, body: bytes) -> None: ...
    async def drop_parts(self, part_ids: Sequence[int]) -> None: ...
    async def drop_history_before(self, account_id: str, hour: int) -> int:
        """Segments and parts of older hours; how many segments went."""
        ...

    async def retentions(self) -> dict[str, int]:
        """account id -> days kept, of every account with a retention of its own; 0: for ever."""
        ...

    async def put_retention(self, account_id: str, days: int | None) -> None:
        """None: as the installation does."""
        ...

    async def accounts(self) -> list[str]: ...

    # reading

    async def version(self) -> int:
        """The version last given."""
        ...

    async def versions(self, account_id: str) -> tuple[int, int]:
        """(version of the account's registry, 0 before its first change; the version last given), in one trip."""
        ...

    async def changed_after(self, version: int) -> list[int]: ...
    async def routes_of_day(self, device_id: int, day: int) -> list[StoredRoute]: ...
    async def routes_between(self, device_id: int, from_ms: int, to_ms: int) -> list[StoredRoute]:
        """Routes that touch the span, ascending."""
        ...

    async def last_route_by(self, device_id: int, at_ms: int) -> StoredRoute | None:
        """The last route with an origin not after that moment."""
        ...

    async def refusals_of(self, device_id: int, limit: int) -> list[Refusal]: ...
    async def events_of(self, device_id: int, from_ms: int, to_ms: int) -> list[tuple[int, str, str]]: ...
