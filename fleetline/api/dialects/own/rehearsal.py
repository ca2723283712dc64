"""A test position in a device's name, and data for a first look."""

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from fleetline.api.dialects.own.calls import body_of, id_in_path
from fleetline.api.dialects.own.device_routes import DEVICE_ID
from fleetline.api.dialects.own.devices import show
from fleetline.api.dialects.own.replies import answer, route
from fleetline.api.dialects.own.things import Device
from fleetline.api.http import Request, Response
from fleetline.api.routes import Answer
from fleetline.core import fleet
from fleetline.core.administration import NotAllowed

if TYPE_CHECKING:
    from fleetline.core.rehearsal import Rehearsal
    from fleetline.core.workspace import Workspace


class TestPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a place it is sent from the latest known one."""

    lat_deg: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon_deg: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    speed_kmh: Annotated[float, msgspec.Meta(ge=0, le=500)] = 0.0


class Filled(msgspec.Struct, frozen=True):
    """How many vehicles came, and the version that POST /changes/{version}/undo takes them away by."""

    vehicles: int
    version: int


def _rehearsal(workspace: "Workspace") -> "Rehearsal":
    """errors: NotAllowed where nothing of this program takes reports"""
    history = workspace.core.history
    if history is None or history.rehearsal is None:
        raise NotAllowed("no_intake")
    return history.rehearsal


async def test_position(workspace: "Workspace", request: Request) -> Response:
    asked = body_of(request, TestPosition)
    number = id_in_path(request, "device_id", "device")
    await fleet.device(workspace, number)  # whoever may not see it learns nothing else
    await _rehearsal(workspace).test_position(
        workspace, number, lat_deg=asked.lat_deg, lon_deg=asked.lon_deg, speed_kmh=asked.speed_kmh
    )
    return await show(workspace, request)


async def fill(workspace: "Workspace", request: Request) -> Response:
    vehicles, version = await _rehearsal(workspace).fill(workspace)
    return answer(Filled(vehicles, version))


ROUTES: Final = (
    route("POST", "/devices/{device_id}/test-position", "Send a position in its name", test_position, tag="devices",
          text="It is stored like any report, marked with the attribute `test`, and goes the way that all others go.",
          parameters=[DEVICE_ID], body=TestPosition, answers=[Answer(200, "The device as it stands then", Device)]),
    route("POST", "/demo-data", "Fill the account for a first look", fill, tag="devices",
          text="A few vehicles that drove for two days until this moment. Calling it again adds what is missing.",
          answers=[Answer(200, "What came", Filled)]),
)  # fmt: skip
