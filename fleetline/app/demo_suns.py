"""The solar side of the demo: a few systems of a depot, in one fleet."""

from typing import Final

from fleetline.app.server import Server
from fleetline.model.power import Inverters, Modules, Mounting, PvArray, PvSite, PvSystem, Tracking
from fleetline.model.resource import Draft, FleetDraft

SUNS: Final = (
    ("Depot roof south", 48.776, 9.183, 240, 0.42, 85.0, 180.0, 12.0, Tracking.FIXED, Mounting.ROOF),
    ("Depot roof east", 48.776, 9.184, 120, 0.42, 40.0, 95.0, 12.0, Tracking.FIXED, Mounting.ROOF),
    ("Workshop carport", 48.774, 9.181, 180, 0.45, 66.0, 265.0, 7.0, Tracking.FIXED, Mounting.OPEN_RACK),
    (
        "Field at the ring road",
        48.711,
        9.242,
        2400,
        0.55,
        1000.0,
        180.0,
        0.0,
        Tracking.SINGLE_AXIS_BACKTRACKING,
        Mounting.OPEN_RACK,
    ),
)
"""(name, latitude, longitude, modules, kW each, kW AC, azimuth, tilt, tracking, mounting)"""


async def add_suns(server: Server, account_id: str) -> None:
    """Four resources and the fleet of all of them; clear-sky power needs no weather."""
    power = server.core.power
    assert power is not None, "a server has power"
    made = []
    for name, latitude, longitude, count, each_kw, ac_kw, azimuth, tilt, tracking, mounting in SUNS:
        array = PvArray(
            modules=(Modules(count=count, nameplate_dc_kw=each_kw),),
            azimuth_deg=azimuth,
            tilt_deg=tilt,
            tracking=tracking,
            mounting=mounting,
        )
        inverters = (Inverters(count=1, max_power_ac_kw=ac_kw, efficiency_pct=97.5),)
        site = PvSite(
            latitude_deg=latitude, longitude_deg=longitude, systems=(PvSystem(inverters=inverters, arrays=(array,)),)
        )
        made.append(await power.resources.add(account_id, Draft(name=name, site=site, zone="Stuttgart")))
    members = tuple(item.resource_id for item in made)
    await power.fleets.add(account_id, FleetDraft(name="All roofs", resource_ids=members))
