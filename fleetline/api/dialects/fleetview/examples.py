"""One call of every route of this API, in an order in which all of them work on a fresh license."""

from typing import Any, Final

from fleetline.api.dialects.fleetview.job_words import STATES
from fleetline.api.guide import Example

ROOF_ID: Final = "3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a01"
FLEET_ID: Final = "9b1d5c1e-2f7a-4a43-8f55-6f0a0c9d1f01"
MADE: Final = "2025-06-21T12:00:00Z"
UNDER_WAY: Final = (STATES["queued"], STATES["running"])
JOB_ROWS: Final = 1001
"""One more than an import does at once."""


def _system(modules: int, module_kw: float, inverter_kw: float, tilt: float) -> dict[str, Any]:
    return {
        "inverters": [{"count": 1, "maxPowerOutputAC_kW": inverter_kw, "efficiencyRating_Percent": 96}],
        "pvArrays": [
            {
                "pvModules": [{"count": modules, "nameplateDCRating_kW": module_kw}],
                "arrayConfiguration": {"azimuth_Degrees": 180, "tilt_Degrees": tilt, "mountingType": "Roof"},
            }
        ],
    }


def _roof(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Depot roof", "customerSiteId": "01", "zone": "East",
        "location": {"latitude": 36.1, "longitude": -79.95, "elevation_Meters": 273},
        "pvSystems": [_system(20, 0.4, 7, 20)],
    } | changes  # fmt: skip


TOKENS: Final = {"access_token": "AT1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "RT1"}
FLEET: Final = {
    "fleetId": FLEET_ID, "name": "East depots", "description": "", "tags": [], "resourceCount": 1,
    "createdTime": MADE, "updatedTime": MADE,
}  # fmt: skip
PAIR: Final = {"bearerToken": "access_token", "refreshToken": "refresh_token"}
ONE: Final = {"resourceId": "{{resourceId}}"}
FLEET_ONE: Final = {"fleetId": "{{fleetId}}"}
BOTH: Final = ONE | FLEET_ONE
IDS: Final = {"resourceIds": ["{{resourceId}}"]}
SPAN: Final = {"startTime": "2025-06-21T16:00:00Z", "endTime": "2025-06-21T19:00:00Z"}
CLEAR: Final = {"type": "clearSky", **SPAN}
WEATHER: Final = {
    "kind": "observed", "startTime": "2025-06-21T16:00:00Z", "timeResolutionMinutes": 60,
    "cells": [
        {
            "latitude": 36.1, "longitude": -79.9, "globalHorizontalIrradiance_WattsPerMeterSquared": [910, 935, 902],
            "ambientTemperature_DegreesC": [27, 28, 28.5], "windSpeed_MetersPerSecond": [2.5, 2.8, 3],
        }
    ],
}  # fmt: skip
WEATHER_CSV: Final = """\
startTime,endTime,latitude,longitude,globalHorizontalIrradiance_WattsPerMeterSquared,ambientTemperature_DegreesC
2025-06-22T16:00:00Z,2025-06-22T17:00:00Z,36.1,-79.9,880,26
2025-06-22T17:00:00Z,2025-06-22T18:00:00Z,36.1,-79.9,905,27
2025-06-22T18:00:00Z,2025-06-22T19:00:00Z,36.1,-79.9,871,27
"""
ROWS_CSV: Final = """\
name,customerSiteId,latitude,longitude,inverterCount,maxPowerOutputAC_kW,efficiencyRating_Percent,moduleCount,nameplateDCRating_kW,azimuth_Degrees,tilt_Degrees
Workshop,02,36.2,-79.8,1,5,96,14,0.4,180,10
Canteen,03,36.3,-79.7,1,3,96,9,0.4,200,15
"""
POWER: Final = {
    "resourceId": ROOF_ID, "type": "clearSky", **SPAN, "timeResolutionMinutes": 60, "powerModel": "pvlib",
    "modelVersion": "1", "weatherSource": None, "issueTime": None,
    "assumptions": ["ambientTemperature_DegreesC=20", "windSpeed_MetersPerSecond=1"], "notModelled": [],
    "periods": [
        {
            "startTime": f"2025-06-21T{hour}:00:00Z", "endTime": f"2025-06-21T{hour + 1}:00:00Z", "powerAC_kW": power,
            "energyAC_kWh": power,
        }
        for hour, power in ((16, 5.396), (17, 5.5088), (18, 5.3096))
    ],
}  # fmt: skip
_CREDENTIALS: Final = {"client_id": "{{clientId}}", "client_secret": "{{clientSecret}}"}

EXAMPLES: Final = {
    "POST /token": Example(form={"grant_type": "client_credentials", **_CREDENTIALS}, answer=TOKENS, keeps=PAIR),
    "POST /refresh": Example(
        form={"grant_type": "refresh_token", "refresh_token": "{{refreshToken}}"}, keeps=PAIR,
        copies={"formerToken": "bearerToken"}, answer=TOKENS | {"access_token": "AT2", "refresh_token": "RT2"},
    ),
    "POST /revoke": Example(form={"token": "{{formerToken}}", "token_type_hint": "access_token", **_CREDENTIALS}),
    "POST /v1/resources": Example(body=_roof(), keeps={"resourceId": "resourceId"}),
    "GET /v1/resources": Example(query={"zone": "East", "limit": "10"}),
    "GET /v1/resources/{resourceId}": Example(path=ONE, query={"view": "resolved"}),
    "PUT /v1/resources/{resourceId}": Example(path=ONE, body=_roof(description="The roof of the east depot")),
    "POST /v1/resources/{resourceId}": Example(path=ONE, body=_roof(feeder="F7")),
    "PATCH /v1/resources/{resourceId}": Example(
        path=ONE, body={"class": "Depot", "tags": ["roof"], "exportLimit_kW": None}
    ),
    "DELETE /v1/resources/{resourceId}": Example(path=ONE, at_end=True),
    "POST /v1/resources/validate": Example(
        body=_roof(customerSiteId="04"), answer={"valid": True, "errors": [], "warnings": [], "resolved": {}}
    ),
    "POST /v1/resources/batchGet": Example(body=IDS),
    "POST /v1/resources/batchDelete": Example(body={"resourceIds": ["{{importedId}}"]}, at_end=True),
    "GET /v1/resources/{resourceId}/fleets": Example(path=ONE),
    "POST /v1/resources/import": Example(
        query={"mode": "upsert"}, body=ROWS_CSV, media="text/csv",
        keeps={"importedId": "rows[0].resourceId"},
        also=(
            Example(
                title=f"Import as a job ({JOB_ROWS} empty rows, dry run)", query={"dryRun": "true"},
                body="{}\n" * JOB_ROWS, media="application/x-ndjson", keeps={"jobId": "jobId"},
            ),
        ),
    ),
    "GET /v1/resources/export": Example(query={"format": "csv", "zone": "East"}),
    "POST /v1/fleets": Example(
        body={"name": "East depots", "resourceIds": ["{{resourceId}}"]}, answer=FLEET, keeps={"fleetId": "fleetId"}
    ),
    "GET /v1/fleets": Example(query={"limit": "10"}, answer={"items": [FLEET], "nextCursor": None}),
    "GET /v1/fleets/{fleetId}": Example(path=FLEET_ONE, answer=FLEET),
    "PUT /v1/fleets/{fleetId}": Example(path=FLEET_ONE, body={"name": "East depots", "description": "All roofs"}),
    "PATCH /v1/fleets/{fleetId}": Example(
        path=FLEET_ONE, body={"tags": ["east"], "filter": {"zone": "East", "bbox": [-81, 35, -78, 37]}},
        answer=FLEET
        | {
            "tags": ["east"],
            "filter": {"zone": "East", "class": None, "feeder": None, "tags": [], "bbox": [-81, 35, -78, 37]},
        },
    ),
    "DELETE /v1/fleets/{fleetId}": Example(path=FLEET_ONE, at_end=True),
    "GET /v1/fleets/{fleetId}/resources": Example(path=FLEET_ONE, query={"view": "ids"}),
    "POST /v1/fleets/{fleetId}/resources": Example(
        path=FLEET_ONE, body=IDS, answer={"added": 0, "removed": 0, "resourceCount": 1}
    ),
    "PUT /v1/fleets/{fleetId}/resources": Example(
        path=FLEET_ONE, body=IDS, answer={"added": 0, "removed": 0, "resourceCount": 1}
    ),
    "PUT /v1/fleets/{fleetId}/resources/{resourceId}": Example(path=BOTH),
    "DELETE /v1/fleets/{fleetId}/resources/{resourceId}": Example(path=BOTH, at_end=True),
    "GET /v1/fleets/{fleetId}/summary": Example(path=FLEET_ONE),
    "GET /v1/resources/{resourceId}/power": Example(path=ONE, query=CLEAR, answer=POWER),
    "GET /v1/fleets/{fleetId}/power": Example(path=FLEET_ONE, query=CLEAR | {"groupBy": "zone"}),
    "PUT /v1/weather/{source}": Example(path={"source": "roof-sensors"}, body=WEATHER),
    "DELETE /v1/weather/{source}": Example(path={"source": "roof-sensors"}, at_end=True),
    "POST /v1/weather/import": Example(
        query={"source": "roof-sensors", "format": "csv"}, body=WEATHER_CSV, media="text/csv",
    ),
    "GET /v1/weather/coverage": Example(query={"source": "roof-sensors"}),
    "POST /v1/simulations": Example(
        body={
            "fleetIds": ["{{fleetId}}"],
            "weatherDataOptions": {"type": "clearSky", **SPAN},
            "result": {"level": "fleet", "format": "json"},
        },
        keeps={"simulationId": "simulationId"},
    ),
    "GET /v1/simulations/{simulationId}": Example(
        path={"simulationId": "{{simulationId}}"}, waits=("status", UNDER_WAY)
    ),
    "GET /v1/simulations/{simulationId}/results": Example(path={"simulationId": "{{simulationId}}"}),
    "DELETE /v1/simulations/{simulationId}": Example(path={"simulationId": "{{simulationId}}"}, at_end=True),
    "PUT /v1/resources/{resourceId}/measurements": Example(
        path=ONE, body={"startTime": SPAN["startTime"], "timeResolutionMinutes": 60, "powerAC_kW": [5.2, 5.4, None]},
        answer={"storedValues": 2, "replacedValues": 0},
    ),
    "GET /v1/resources/{resourceId}/measurements": Example(path=ONE, query=SPAN),
    "GET /v1/resources/{resourceId}/metrics": Example(path=ONE, query=CLEAR),
    "GET /v1/fleets/{fleetId}/metrics": Example(path=FLEET_ONE, query=CLEAR),
    "GET /v1/jobs": Example(query={"limit": "10"}),
    "GET /v1/jobs/{jobId}": Example(path={"jobId": "{{jobId}}"}, waits=("status", UNDER_WAY)),
    "GET /v1/jobs/{jobId}/rows": Example(path={"jobId": "{{jobId}}"}, query={"outcome": "Refused"}),
}  # fmt: skip
