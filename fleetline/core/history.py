"""What devices did and do: the use cases that read history, for one admitted principal at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from fleetline.core.folding import BREATH, Folding
from fleetline.core.hours import Protocols, joined, load_hours, within
from fleetline.core.memory import Known
from fleetline.core.ports.history import Latest
from fleetline.core.ports.store import Store, Tx
from fleetline.core.sealing import Sealing
from fleetline.core.tracks import Tracks
from fleetline.core.views import DayView, DeviceView, RouteView
from fleetline.core.watching import Watching
from fleetline.model.access import Account, Permissions, Principal
from fleetline.model.errors import NotFound
from fleetline.model.motion import Columns
from fleetline.model.registry import DeviceRow
from fleetline.model.settling import DAY_MS, HOUR_MS
from fleetline.model.trips import Fold, Route, Thresholds
from fleetline.model.trips.latest import Latest as Newest
from fleetline.model.trips.live import Live, live, served_day
from fleetline.model.trips.mileage import (
    CALIBRATED,
    DayCounter,
    calibrated_offset_um,
    counter_um,
    raw_offset_um,
)
from fleetline.model.trips.watch import Watch

if TYPE_CHECKING:
    from fleetline.core.filing import Filing
    from fleetline.core.rehearsal import Rehearsal

ACCOUNTS: Final = 64
"""Audiences whose lists are kept in hand."""
FOREVER: Final = 2**62
RETIRED_AT: Final = 9
"""Place of `retired_at_ms` in a DeviceRow."""


@dataclass(slots=True)
class _Row:
    """One device in a list: what it was made from, and how long it is true."""

    device: DeviceRow
    row: Latest | None
    known: Known | None
    view: DeviceView | None = None
    until_ms: int = 0


@dataclass(slots=True)
class _List:
    """The devices that one audience sees, as last put together.

    quiet_version  of history, when none of them had reports that were not folded; news always comes with a new version
    stated         those whose mileage somebody stated since
    """

    registry_version: int = -1
    history_version: int = -1
    quiet_version: int = -1
    rows: dict[int, _Row] = field(default_factory=dict)
    views: list[DeviceView] | None = None
    until_ms: int = 0
    stated: set[int] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def quiet_at(self, now_ms: int) -> bool:
        """Good at that moment, if neither version has changed."""
        return self.views is not None and now_ms < self.until_ms and not self.stated


class History:
    """All history of one store; `of` narrows it to what a principal may see."""

    def __init__(self, store: Store, folding: Folding, sealing: Sealing, protocols: Protocols, public_url: str) -> None:
        self.store = store
        self.folding = folding
        self.sealing = sealing
        self.protocols = protocols
        self.tracks = Tracks(protocols)
        self.public_url = public_url
        self.watching = Watching()
        self._filing: Filing | None = None
        self.rehearsal: Rehearsal | None = None
        self._lists: OrderedDict[tuple[str, Permissions, bool], _List] = OrderedDict()

    def attach(self, filing: "Filing") -> None:
        """The intake of this very process: a read sees what it acknowledged before the call."""
        self._filing = filing

    def of(self, principal: Principal, account: Account) -> "HistoryDesk":
        return HistoryDesk(self, principal, account)

    async def settle(self) -> None:
        """File what was acknowledged before this call. errors: Unavailable"""
        if self._filing is not None:
            await self._filing.flush()

    def list_of(self, account_id: str, permissions: Permissions, api_only: bool) -> _List:
        key = (account_id, permissions, api_only)
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = _List()
            while len(self._lists) > ACCOUNTS:
                self._lists.popitem(last=False)
        self._lists.move_to_end(key)
        return found


class HistoryDesk:
    """History as one principal sees it; a device it may not see does not exist."""

    def __init__(self, history: History, principal: Principal, account: Account) -> None:
        self._history = history
        self._principal = principal
        self._account = account

    async def devices(self, now_ms: int, *, api_only: bool = True) -> Sequence[DeviceView]:
        """All visible devices as they stand, by ascending id; the very same list while nothing changed."""
        history, account_id = self._history, self._principal.account_id
        await history.settle()
        kept_list = history.list_of(account_id, self._principal.permissions, api_only)
        # where a glance costs next to nothing, a list that is good still needs no transaction
        if kept_list.quiet_at(now_ms) and not history.store.compares_in_passing:
            versions = await history.store.standing(account_id)
            if kept_list.views is not None and versions == (kept_list.registry_version, kept_list.quiet_version):
                return kept_list.views
        async with kept_list.lock:
            async with history.store.read() as tx:
                registry_version, history_version = await tx.history.versions(account_id)
                registered = registry_version != kept_list.registry_version
                await self._refresh(tx, kept_list, registry_version, history_version, api_only)
                waiting = set[int]()
                if registered or history_version != kept_list.quiet_version:
                    waiting = set(await tx.history.with_news(1_000_000)) & kept_list.rows.keys()
                    kept_list.quiet_version = -1 if waiting else history_version
            stated, kept_list.stated = kept_list.stated, set()
            if waiting:
                await history.folding.catch_up(sorted(waiting))
            if stated:
                await history.folding.catch_up(sorted(stated), always=True)
            if waiting or stated:
                async with history.store.read() as tx:
                    await self._refresh(tx, kept_list, registry_version, await tx.history.version(), api_only)
            return await self._views(kept_list, now_ms)

    async def _refresh(self, tx: Tx, found: _List, registry_version: int, history_version: int, api_only: bool) -> None:
        registered = registry_version != found.registry_version
        if registered:
            visible = set(await self._visible(tx, api_only))
            devices = {d[0]: d for d in await tx.registry.device_rows(self._principal.account_id) if d[0] in visible}
            found.rows = {
                number: self._carried(found.rows.get(number), device) for number, device in sorted(devices.items())
            }
            found.registry_version, found.views = registry_version, None
            changed = [number for number, row in found.rows.items() if row.row is None]
        elif history_version != found.history_version:
            changed = [
                number for number in await tx.history.changed_after(found.history_version) if number in found.rows
            ]
        else:
            return
        if registered and history_version != found.history_version:
            changed += [n for n in await tx.history.changed_after(found.history_version) if n in found.rows]
        for number, (latest, known) in (await self._history.folding.in_hand(tx, sorted(set(changed)))).items():
            row = found.rows[number]
            row.row, row.known, row.view = latest, known, None
        found.history_version = history_version
        if registered:
            found.stated |= await self._stated(tx, found)
        if changed:
            found.views = None

    async def _stated(self, tx: Tx, found: _List) -> set[int]:
        """Devices with a calibration or a fitting that their mileage does not know yet."""
        result = set()
        for said in await tx.registry.calibrations_of_devices(self._principal.account_id, list(found.rows)):
            row = found.rows.get(said.device_id)
            entered = row.known.memory.entered if row is not None and row.known is not None else []
            if (said.at_ms, CALIBRATED) not in entered:
                result.add(said.device_id)
        return result

    @staticmethod
    def _carried(old: _Row | None, device: DeviceRow) -> _Row:
        if old is None:
            return _Row(device, None, None)
        if old.device != device:
            old.device, old.view = device, None
        return old

    async def _visible(self, tx: Tx, api_only: bool) -> list[int]:
        permissions = self._principal.permissions
        if permissions.all_devices:
            return await tx.registry.device_ids(self._principal.account_id, api_only=api_only)
        return await tx.registry.granted_device_ids(
            self._principal.account_id, sorted(permissions.devices), sorted(permissions.groups), api_only=api_only
        )

    async def _views(self, found: _List, now_ms: int) -> list[DeviceView]:
        if found.views is not None and now_ms < found.until_ms:
            return found.views
        views, until_ms, made = [], FOREVER, 0
        for row in found.rows.values():
            if row.view is None or now_ms >= row.until_ms:
                row.view, row.until_ms = self._view(row.device, row.row, row.known, now_ms, now_ms // DAY_MS, {})
                made += 1
                if made % BREATH == 0:
                    await asyncio.sleep(0)
            views.append(row.view)
            until_ms = min(until_ms, row.until_ms)
        found.views, found.until_ms = views, until_ms
        return views

    def _view(
        self,
        device: DeviceRow,
        row: Latest | None,
        known: Known | None,
        now_ms: int,
        day: int,
        days: dict[int, DayCounter],
    ) -> tuple[DeviceView, int]:
        """(the device as it stands, until when that is true by the clock alone)."""
        heard_ms = (row.heard_at_ms or None) if row is not None else None
        retired = device[RETIRED_AT] is not None
        counter = calibrated = raw = distance = 0
        if known is None:
            state = _unseen(now_ms, heard_ms, retired)
        else:
            memory, view = known.memory, known.view(now_ms)
            state = live(
                view, memory.latest, memory.watch, now_ms, thresholds=known.fold.thresholds, heartbeat_ms=heard_ms,
                retired=retired,
            )  # fmt: skip
            counters = {**days, **memory.counters()}
            counter = counter_um(view, memory.counters())
            calibrated = calibrated_offset_um(memory.offsets, now_ms)
            raw = raw_offset_um(memory.offsets, now_ms)
            distance = view.days.get(day, counters[day].metres_um if day in counters else 0)
        until_ms = min((now_ms // DAY_MS + 1) * DAY_MS, state.valid_until_ms or FOREVER)
        device_id, ident, _, name, kind, description, portrait, *_ = device
        made = DeviceView(
            device_id=device_id,
            ident=ident,
            type=kind or "OTHER",
            name=name or "",
            description=description or "",
            portrait=f"{self._history.public_url}/portraits/{portrait}" if portrait else None,
            mileage_m=(counter + calibrated) / 1e6,
            mileage_raw_m=(counter + raw) / 1e6,
            distance_m=distance / 1e6,
            day_start_s=day * 86_400,
            live=state,
            heartbeat_at_ms=heard_ms,
            time_zone=self._account.time_zone,
            language=self._account.language,
            version=row.version if row is not None else 0,
        )
        return made, until_ms

    async def day(
        self, device_id: int, day_start_s: int | None, now_ms: int, *, api_only: bool = True, points: bool = True
    ) -> DayView:
        """One UTC day of a device, with the points of its routes where they are wanted; None: its latest activity day.

        errors  NotFound("device"); Unavailable
        """
        device, row, known = await self._device(device_id, api_only)
        async with self._history.store.read() as tx:
            view = known.view(now_ms) if known is not None else None
            pending = view.routes if view is not None else ()
            if day_start_s is not None:
                day = day_start_s // 86_400
            else:
                day = served_day(
                    *(await self._activity(tx, device_id, view.active_ms if view else None, pending)), now_ms
                )
            days = {
                item.day: DayCounter(item.day, item.start_um, item.metres_um, item.passed_on_um)
                for item in await tx.history.days_around(device_id, day, day)
            }
            stored = [
                msgspec.msgpack.decode(item.body, type=Route) for item in await tx.history.routes_of_day(device_id, day)
            ]
            origins = {route.origin_ms for route in stored}
            routes = [*stored, *(route for route in pending if route.day == day and route.origin_ms not in origins)]
            shown = await self._shown(tx, device_id, known, routes, days, now_ms, points)
        made, _ = self._view(device, row, known, now_ms, day, days)
        return DayView(made, shown)

    async def _activity(
        self, tx: Tx, device_id: int, active_ms: int | None, pending: Sequence[Route]
    ) -> tuple[int | None, Route | None]:
        if active_ms is None:
            return None, None
        last = [route for route in pending if route.origin_ms <= active_ms]
        if last:
            return active_ms, last[-1]
        stored = await tx.history.last_route_by(device_id, active_ms)
        return active_ms, None if stored is None else msgspec.msgpack.decode(stored.body, type=Route)

    async def _device(self, device_id: int, api_only: bool) -> tuple[DeviceRow, Latest | None, Known | None]:
        """The device, folded up to everything acknowledged before this call."""
        history = self._history
        await history.settle()
        async with history.store.read() as tx:
            device = await tx.registry.device_row(self._principal.account_id, device_id)
            # who sees everything sees what a device said before it was taken out of its vehicle or deleted, too
            whole = not api_only and self._principal.permissions.all_devices
            if device is None and whole:
                device = await tx.registry.gone_device_row(self._principal.account_id, device_id)
            if device is None or not (whole or device_id in await self._visible_of(tx, device_id, api_only)):
                raise NotFound("device", device_id)
        await history.folding.catch_up([device_id], always=True)
        async with history.store.read() as tx:
            found = await history.folding.in_hand(tx, [device_id])
        row, known = found.get(device_id, (None, None))
        return device, row, known

    async def _visible_of(self, tx: Tx, device_id: int, api_only: bool) -> set[int]:
        kept_list = self._history.list_of(self._principal.account_id, self._principal.permissions, api_only)
        book = await tx.registry.book(self._principal.account_id)
        if book is not None and kept_list.registry_version == book.version:
            return set(kept_list.rows) & {device_id}
        return set(await self._visible(tx, api_only)) & {device_id}

    async def positions(self, device_id: int, from_ms: int, to_ms: int, *, api_only: bool = False) -> Columns:
        """Stored reports of a device with from_ms <= at_ms < to_ms, those without a fix included. errors: as `day`"""
        await self._device(device_id, api_only)
        async with self._history.store.read() as tx:
            hours = await load_hours(tx, self._history.protocols, device_id, from_ms // HOUR_MS, (to_ms - 1) // HOUR_MS)
        return within(joined(hours), from_ms, to_ms)

    async def routes(
        self, device_id: int, from_ms: int, to_ms: int, now_ms: int, *, api_only: bool = False, points: bool = True
    ) -> tuple[RouteView, ...]:
        """Routes that touch a span, ascending, with their points where they are wanted. errors: as `day`"""
        _, _, known = await self._device(device_id, api_only)
        async with self._history.store.read() as tx:
            stored = [
                msgspec.msgpack.decode(item.body, type=Route)
                for item in await tx.history.routes_between(device_id, from_ms, to_ms)
            ]
            origins = {route.origin_ms for route in stored}
            pending = known.view(now_ms).routes if known is not None else ()
            stored += [
                route
                for route in pending
                if route.origin_ms not in origins and route.origin_ms < to_ms and route.destination_ms >= from_ms
            ]
            days = {}
            if stored:
                span = await tx.history.days_around(device_id, stored[0].day, stored[-1].day)
                days = {d.day: DayCounter(d.day, d.start_um, d.metres_um, d.passed_on_um) for d in span}
            return await self._shown(tx, device_id, known, stored, days, now_ms, points)

    async def _shown(
        self, tx: Tx, device_id: int, known: Known | None, routes: Sequence[Route], days: Mapping[int, DayCounter],
        now_ms: int, points: bool,
    ) -> tuple[RouteView, ...]:  # fmt: skip
        if known is None:
            return ()
        tracks = self._history.tracks
        return await tracks.shown(tx, device_id, known.memory, routes, days, now_ms, points=points)


def _unseen(now_ms: int, heard_ms: int | None, retired: bool) -> Live:
    """A device that never sent a report; it may have been heard."""
    return live(
        Fold().view(now_ms), Newest(), Watch(contact_ms=heard_ms), now_ms, thresholds=Thresholds(),
        heartbeat_ms=heard_ms,
        retired=retired,
    )  # fmt: skip
