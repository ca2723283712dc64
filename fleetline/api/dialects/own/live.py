"""Where everything is now: a snapshot in columns, then a stream of what changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fleetline.api.dialects.own.now import ALARM, STATUS
from fleetline.api.dialects.own.replies import answer, withheld
from fleetline.api.http import Request, Response
from fleetline.core import live

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

HEARTBEAT_TURNS: Final = 15
RECHECK_TURNS: Final = 5
_ENCODER: Final = msgspec.json.Encoder()


class LiveColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Devices side by side: all lists have one length, in the order of `device_id`.

    version    of the registry; gone: devices that are no longer there (in a stream)
    lat_e7, lon_e7   degrees x 10,000,000; null without a fix or where location is withheld
    status     moving, idle, offline, not_moved, unused; alarm: modified, unplugged, no_signal, no_gps, bad_gps or null
    group_ids  of the vehicle, directly
    """

    at_ms: int
    version: int
    device_id: list[int]
    vehicle_id: list[int | None]
    name: list[str]
    type: list[str]
    group_ids: list[Sequence[int]]
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


def columns(
    placed: Sequence[live.Placed], gone: Sequence[int], version: int, at_ms: int, withhold: frozenset[str]
) -> LiveColumns:
    """The devices as columns, withheld ones full of null."""
    nows = [item.view.live for item in placed]
    nothing: list[Any] = [None] * len(placed)
    place, mileage = "location" not in withhold, "mileage" not in withhold
    return LiveColumns(
        at_ms=at_ms, version=version,
        device_id=[item.view.device_id for item in placed], vehicle_id=[item.vehicle_id for item in placed],
        name=[item.view.name for item in placed], type=[item.view.type for item in placed],
        group_ids=[item.group_ids for item in placed],
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


async def snapshot(workspace: "Workspace", request: Request) -> Response:
    scene = await live.scene(workspace, request.received_at_ms)
    withhold = workspace.principal.permissions.withhold
    shown = columns(list(scene.placed.values()), (), scene.version, request.received_at_ms, withhold)
    return answer(shown, headers=withheld(workspace))


async def events(workspace: "Workspace", request: Request) -> Response:
    headers = [
        ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("content-encoding", "identity"), *withheld(workspace),
    ]  # fmt: skip
    return Response(200, until_gone(request, frames(workspace)), headers)


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


async def frames(workspace: "Workspace") -> AsyncIterator[bytes]:
    """`event: snapshot` first, then `event: changed` at most once a second, a comment after 15 silent ones."""
    silent = turns = 0
    first = True
    async for turn in live.turns(workspace):
        turns += 1
        if turns % RECHECK_TURNS == 0 and not await live.still_admitted(workspace):
            yield b"event: ended\ndata: {}\n\n"
            return
        if turn is None:
            silent += 1
            if silent % HEARTBEAT_TURNS == 0:
                yield b": still here\n\n"
            continue
        silent = 0
        withhold = workspace.principal.permissions.withhold
        shown = columns(turn.changed, turn.gone, turn.version, workspace.core.clock.now_ms(), withhold)
        yield b"event: %b\ndata: %b\n\n" % (b"snapshot" if first else b"changed", _ENCODER.encode(shown))
        first = False
        if turn.registry_changed:
            yield b'event: registry\ndata: {"version":%d}\n\n' % turn.version
