"""One call of every route of this API about solar resources and fleets, and about lists from files."""

from typing import Any, Final

from fleetline.api.guide import Example

SITE: Final[dict[str, Any]] = {
    "latitude_deg": 36.1, "longitude_deg": -79.95, "elevation_m": 273,
    "systems": [
        {
            "inverters": [{"count": 1, "max_power_ac_kw": 7, "efficiency_pct": 96}],
            "arrays": [
                {
                    "modules": [{"count": 20, "nameplate_dc_kw": 0.4}],
                    "azimuth_deg": 180, "tilt_deg": 20, "mounting": "roof",
                }
            ],
        }
    ],
}  # fmt: skip
ROOF: Final = {"name": "Depot roof", "zone": "East", "site": SITE}
ONE: Final = {"resource_id": "{{resourceId}}"}
FLEET: Final = {"fleet_id": "{{fleetId}}"}
RUN: Final = {"simulation_id": "{{simulationId}}"}
UNDER_WAY: Final = ("state", ("queued", "running"))
SPAN: Final = {"from": "2026-06-01T10:00:00Z", "to": "2026-06-01T18:00:00Z"}
CLEAR: Final = {"kind": "clear_sky", "from": "2026-06-01T10:00:00Z", "to": "2026-06-01T14:00:00Z"}

SOLAR: Final = (
    ("GET /solar/resources", Example(query={"zone": "East", "limit": "50"})),
    ("POST /solar/resources", Example(body=[ROOF], keeps={"resourceId": "outcomes[0].id"})),
    ("GET /solar/resources/{resource_id}", Example(path=ONE)),
    ("PUT /solar/resources/{resource_id}", Example(path=ONE, body={**ROOF, "customer_site_id": "01"})),
    (
        "PATCH /solar/resources/{resource_id}",
        Example(path=ONE, body={"zone": "North", "feeder": None}, media="application/merge-patch+json"),
    ),
    ("GET /solar/resources/export", Example(query={"format": "csv"})),
    (
        "POST /solar/simulations",
        Example(
            body={
                "kind": "clear_sky",
                "from_at_ms": 1_780_272_000_000,
                "to_at_ms": 1_780_358_400_000,
                "resource_ids": ["{{resourceId}}"],
            },
            keeps={"simulationId": "id"},
        ),
    ),
    ("GET /solar/simulations/{simulation_id}", Example(path=RUN, waits=UNDER_WAY)),
    ("GET /solar/simulations/{simulation_id}/result", Example(path=RUN)),
    ("DELETE /solar/simulations/{simulation_id}", Example(path=RUN, at_end=True)),
    ("GET /solar/comparison", Example(query={"zone": "North"})),
    (
        "PUT /solar/resources/{resource_id}/measurements",
        Example(path=ONE, body={"from_at_ms": 1_780_315_200_000, "step_s": 3600, "power_ac_kw": [3.2, 3.9, None, 4.1]}),
    ),
    ("GET /solar/resources/{resource_id}/measurements", Example(path=ONE, query=SPAN)),
    (
        "GET /solar/resources/{resource_id}/scores",
        Example(path=ONE, query=SPAN, left_out="it needs weather of that time"),
    ),
    ("DELETE /solar/resources/{resource_id}", Example(path=ONE, at_end=True)),
    ("GET /solar/resources/{resource_id}/power", Example(path=ONE, query=CLEAR)),
    ("GET /solar/fleets", Example()),
    (
        "POST /solar/fleets",
        Example(body={"name": "East depots", "resource_ids": ["{{resourceId}}"]}, keeps={"fleetId": "id"}),
    ),
    ("GET /solar/fleets/{fleet_id}", Example(path=FLEET)),
    ("PUT /solar/fleets/{fleet_id}", Example(path=FLEET, body={"name": "East depots", "description": "All roofs"})),
    ("DELETE /solar/fleets/{fleet_id}", Example(path=FLEET, at_end=True)),
    ("GET /solar/fleets/{fleet_id}/resources", Example(path=FLEET)),
    ("POST /solar/fleets/{fleet_id}/resources", Example(path=FLEET, body=["{{resourceId}}"])),
    ("DELETE /solar/fleets/{fleet_id}/resources", Example(path=FLEET, body=["{{resourceId}}"], at_end=True)),
    ("GET /solar/fleets/{fleet_id}/summary", Example(path=FLEET)),
    ("GET /solar/fleets/{fleet_id}/power", Example(path=FLEET, query=CLEAR)),
    ("GET /solar/fleets/{fleet_id}/measurements", Example(path=FLEET, query=SPAN)),
    (
        "GET /solar/fleets/{fleet_id}/scores",
        Example(path=FLEET, query=SPAN, left_out="it needs weather of that time"),
    ),
)

IMPORT: Final = {"import_id": "{{importId}}"}
IMPORTS: Final = (
    ("GET /imports/lists", Example()),
    (
        "POST /imports",
        Example(
            query={"what": "vehicles", "file": "vans.csv", "preview": "true"},
            body="Plate,Label\nvan-71,Van 71\nvan-72,Van 72\n",
            keeps={"importId": "id"},
        ),
    ),
    ("GET /imports", Example()),
    ("GET /imports/{import_id}", Example(path=IMPORT, waits=UNDER_WAY)),
    (
        "POST /imports/{import_id}/again",
        Example(
            path=IMPORT,
            body={"preview": False, "columns": {"Vehicle ID": "Plate", "Vehicle Name": "Label"}},
            keeps={"importId": "id"},
        ),
    ),
    ("GET /imports/{import_id}/lines", Example(path=IMPORT)),
    ("GET /imports/{import_id}/result", Example(path=IMPORT)),
    ("POST /imports/{import_id}/undo", Example(path=IMPORT, left_out="the import has to be over")),
    ("DELETE /imports/{import_id}", Example(path=IMPORT, at_end=True)),
)
