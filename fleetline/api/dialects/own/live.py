"""Where everything is now: a snapshot in columns, then a stream of what changes."""

import asyncio
import heapq
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from fleetline.api.dialects.own.calls import Query, query_of
from fleetline.api.dialects.own.now import ALARM, STATUS
from fleetline.api.dialects.own.replies import answer, withheld
from fleetline.api.http import Request, Response
from fleetline.api.packed import GZIP, INLINE, LEVEL, accepts_gzip
from fleetline.core import live

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

STATES: Final = ("moving", "idle", "offline", "alarm")
"""As the map shows them: an alarm before everything else, and offline for whatever neither moves nor idles."""
HEARTBEAT_TURNS: Final = 15
RECHECK_TURNS: Final = 5
_ENCODER: Final = msgspec.json.Encoder()


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """Sides around places, in degrees."""

    west: float
    south: float
    east: float
    north: float


class LiveColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Devices side by side: all lists have one length, in the order of `device_id`.

    version    of the registry; gone: devices that are no longer there (in a stream)
    lat_e7, lon_e7   degrees x 10,000,000; null without a fix or where location is withheld
    status     moving, idle, offline, not_moved, unused; alarm: modified, unplugged, no_signal, no_gps, bad_gps or null
    group_ids  of the vehicle, directly
    vehicle_id, name, type, group_ids   not in a brief event of devices of which none has another of them than before
    total, found, box   only in an answer, not in a stream: devices that the caller may see, those of them that fit the
                        query, and the sides around where those stand
    """

    at_ms: int
    version: int
    device_id: list[int]
    vehicle_id: list[int | None] | UnsetType = UNSET
    name: list[str] | UnsetType = UNSET
    type: list[str] | UnsetType = UNSET
    group_ids: list[Sequence[int]] | UnsetType = UNSET
    lat_e7: list[int | None]
    lon_e7: list[int | None]
    course_deg: list[int | None]
    speed_kmh: list[int | None]
    status: list[str]
    alarm: list[str | None]
    ignition: list[bool | None]
    fix_at_ms: list[int | None]
    online_at_ms: list[int | None]
    heard_at_ms: list[int | None]
    parked_at_ms: list[int | None]
    mileage_km: list[float | None]
    distance_today_km: list[float | None]
    gone: list[int]
    total: int | UnsetType = UNSET
    found: int | UnsetType = UNSET
    box: Box | UnsetType | None = UNSET


def columns(
    placed: Sequence[live.Placed],
    gone: Sequence[int],
    version: int,
    at_ms: int,
    withhold: frozenset[str],
    *,
    brief: bool = False,
) -> LiveColumns:
    """The devices as columns, withheld ones full of null; brief: without what seldom changes."""
    nows = [item.view.live for item in placed]
    nothing: list[Any] = [None] * len(placed)
    place, mileage = "location" not in withhold, "mileage" not in withhold
    return LiveColumns(
        at_ms=at_ms, version=version,
        device_id=[item.view.device_id for item in placed],
        vehicle_id=UNSET if brief else [item.vehicle_id for item in placed],
        name=UNSET if brief else [item.view.name for item in placed],
        type=UNSET if brief else [item.view.type for item in placed],
        group_ids=UNSET if brief else [item.group_ids for item in placed],
        lat_e7=[now.lat_e7 for now in nows] if place else nothing,
        lon_e7=[now.lon_e7 for now in nows] if place else nothing,
        course_deg=[now.heading_deg for now in nows] if place else nothing,
        speed_kmh=[now.speed_kmh for now in nows], status=[STATUS[now.status_code] for now in nows],
        alarm=[ALARM[now.error_code] for now in nows], ignition=[now.ignition for now in nows],
        fix_at_ms=[now.fix_ms for now in nows], online_at_ms=[now.online_ms for now in nows],
        heard_at_ms=[now.heartbeat_ms for now in nows], parked_at_ms=[now.parked_at_ms for now in nows],
        mileage_km=[round(i.view.mileage_m / 1000, 1) for i in placed] if mileage else nothing,
        distance_today_km=[round(i.view.distance_m / 1000, 1) for i in placed] if mileage else nothing,
        gone=list(gone),
    )  # fmt: skip


def state_of(placed: live.Placed) -> str:
    """One of STATES."""
    now = placed.view.live
    if now.error_code:
        return "alarm"
    status = STATUS[now.status_code]
    return status if status in ("moving", "idle") else "offline"


def _fitting(scene: live.Scene, query: Query) -> list[live.Placed]:
    """Those that the query asks for. errors: Invalid"""
    text, states = query.text("q").casefold(), query.words("status", STATES)
    groups = set(query.ids("group") or ())
    if not text and not states and not groups:
        return list(scene.placed.values())
    return [
        placed for placed in scene.placed.values()
        if text in placed.view.name.casefold()
        and (not states or state_of(placed) in states)
        and (not groups or not groups.isdisjoint(placed.group_ids))
    ]  # fmt: skip


def _box(placed: Sequence[live.Placed]) -> Box | None:
    """Around all that have a place."""
    lats = [item.view.live.lat_e7 for item in placed if item.view.live.lat_e7 is not None]
    lons = [item.view.live.lon_e7 for item in placed if item.view.live.lon_e7 is not None]
    if not lats or not lons:
        return None
    return Box(west=min(lons) / 1e7, south=min(lats) / 1e7, east=max(lons) / 1e7, north=max(lats) / 1e7)


async def snapshot(workspace: "Workspace", request: Request) -> Response:
    query, withhold = query_of(request), workspace.principal.permissions.withhold
    most = query.limit() if query.text("limit") else None
    scene = await live.scene(workspace, request.received_at_ms)
    found = _fitting(scene, query)
    shown = found if most is None else heapq.nsmallest(most, found, key=lambda item: item.view.name.casefold())
    made = columns(shown, (), scene.version, request.received_at_ms, withhold)
    box = None if "location" in withhold else _box(found)
    whole = msgspec.structs.replace(made, total=len(scene.placed), found=len(found), box=box)
    return answer(whole, headers=withheld(workspace))


async def events(workspace: "Workspace", request: Request) -> Response:
    query = query_of(request)
    vehicles = query.ids("vehicle")
    chunks = frames(workspace, brief=bool(query.flag("brief")), vehicles=None if vehicles is None else set(vehicles))
    packs = accepts_gzip(request.header("accept-encoding") or "")
    headers = [
        ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store"),
        ("x-accel-buffering", "no"), ("vary", "accept-encoding"),
        ("content-encoding", "gzip" if packs else "identity"), *withheld(workspace),
    ]  # fmt: skip
    return Response(200, until_gone(request, flushed(chunks) if packs else chunks), headers)


async def flushed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks as one gzip stream, each one whole at once: a listener waits for none of it."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    async for chunk in chunks:
        # zlib lets other threads run, so that a large fleet holds nobody up
        packed = packer.compress(chunk) if len(chunk) <= INLINE else await asyncio.to_thread(packer.compress, chunk)
        yield packed + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


async def until_gone(request: Request, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks for as long as somebody listens."""
    gone = asyncio.ensure_future(request.hung_up())
    try:
        while True:
            coming = asyncio.ensure_future(anext(chunks, None))
            await asyncio.wait({gone, coming}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
                return
            if (chunk := coming.result()) is None:
                return
            yield chunk
    finally:
        gone.cancel()


async def frames(
    workspace: "Workspace", *, brief: bool = False, vehicles: set[int] | None = None
) -> AsyncIterator[bytes]:
    """`event: snapshot` first, then `event: changed` at most once a second, a comment after 15 silent ones.

    vehicles  only devices in these; brief: see LiveColumns
    """
    principal = workspace.principal
    history = workspace.core.history
    if history is None:
        return
    with history.watching.seat(principal.user_id or principal.credential_id) as seat:
        silent = turns = 0
        async for turn in live.turns(workspace):
            turns += 1
            if seat.taken:
                yield b'event: ended\ndata: {"reason":"elsewhere"}\n\n'
                return
            if turns % RECHECK_TURNS == 0 and not await live.still_admitted(workspace):
                yield b'event: ended\ndata: {"reason":"session"}\n\n'
                return
            frame = b"" if turn is None else _frame(workspace, turn, first=turns == 1, brief=brief, vehicles=vehicles)
            if frame:
                silent = 0
                yield frame
            else:
                silent += 1
                if silent % HEARTBEAT_TURNS == 0:
                    yield b": still here\n\n"


def _frame(workspace: "Workspace", turn: live.Turn, *, first: bool, brief: bool, vehicles: set[int] | None) -> bytes:
    """The events of one turn, empty where nothing of it is wanted."""
    changed = turn.changed if vehicles is None else [item for item in turn.changed if item.vehicle_id in vehicles]
    frame = b""
    if first or changed or turn.gone:
        withhold = workspace.principal.permissions.withhold
        at_ms = workspace.core.clock.now_ms()
        lean = brief and not first and not turn.registry_changed
        shown = columns(changed, turn.gone, turn.version, at_ms, withhold, brief=lean)
        frame = b"event: %b\ndata: %b\n\n" % (b"snapshot" if first else b"changed", _ENCODER.encode(shown))
    if turn.registry_changed:
        frame += b'event: registry\ndata: {"version":%d}\n\n' % turn.version
    return frame
