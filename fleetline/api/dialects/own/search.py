"""One box for everything: the first few vehicles, drivers, groups and devices that a text finds."""

from typing import TYPE_CHECKING, Final

import msgspec

from fleetline.api.dialects.own.calls import query_of
from fleetline.api.dialects.own.replies import answer, withheld
from fleetline.api.dialects.own.things import shows
from fleetline.api.http import Request, Response
from fleetline.core import fleet
from fleetline.model.errors import Invalid
from fleetline.model.registry import Kind, key

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

EACH: Final = 8


class Hit(msgspec.Struct, frozen=True):
    """`kind` is vehicle, driver, vehicle_group, driver_group or device; `hint` tells things of one name apart."""

    kind: str
    id: int
    name: str
    hint: str | None


class Hits(msgspec.Struct, frozen=True):
    items: list[Hit]


async def search(workspace: "Workspace", request: Request) -> Response:
    text = key(query_of(request).text("q"))
    if not text:
        raise Invalid("q", "must not be blank")
    idents, hits = shows(workspace, "imei"), list[Hit]()
    wanted = fleet.MemberWanted(text=text, search_ids=idents, limit=EACH)
    for kind in Kind:
        page = await fleet.members(workspace, kind, wanted)
        hints = idents or kind is Kind.DRIVER
        hits += [Hit(kind.value, row.member_id, row.name, row.external_id if hints else None) for row in page.rows]
    for kind in Kind:
        _, groups = await fleet.groups(workspace, kind)
        found = [group for group in groups if text in key(group.name)][:EACH]
        hits += [Hit(f"{kind.value}_group", group.group_id, group.name, None) for group in found]
    _, devices, _ = await fleet.devices(workspace, fleet.DeviceWanted(text=text, search_idents=idents, limit=EACH))
    hits += [
        Hit("device", row.device_id, row.ident if idents else f"device {row.device_id}", row.vehicle_name)
        for row in devices
    ]
    return answer(Hits(hits), headers=withheld(workspace))
