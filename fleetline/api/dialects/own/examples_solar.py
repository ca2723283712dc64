"""One call of every route of this API about solar resources and fleets."""

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
CLEAR: Final = {"kind": "clear_sky", "from": "2026-06-01T10:00:00Z", "to": "2026-06-01T14:00:00Z"}

SOLAR: Final = (
    ("GET /solar/resources", Example(query={"zone": "East", "limit": "50"})),
    ("POST /solar/resources", Example(body=[ROOF], keeps={"resourceId": "outcomes[0].id"})),
    ("GET /solar/resources/{resource_id}", Example(path=ONE)),
    ("PUT /solar/resources/{resource_id}", Example(path=ONE, body={**ROOF, "customer_site_id": "01"})),
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
)
