"""The routes of power, weather, simulations, jobs and measurements."""

from dataclasses import replace
from typing import Final

from fleetline.api.dialects.fleetview import job_routes, measurements, power, simulations, weather
from fleetline.api.dialects.fleetview.results import MEDIA
from fleetline.api.dialects.fleetview.routing import (
    CURSOR,
    FLEET_ONE,
    GONE,
    ITEMS,
    LARGE,
    LIMIT,
    ONE,
    SPAN,
    listing,
    parameter,
    route,
)
from fleetline.api.dialects.fleetview.schema import json_schema
from fleetline.api.routes import Answer
from fleetline.model.weather import RANGES

_POWER: Final = (
    parameter("type", "Where the light comes from.", enum=["historical", "clearSky", "forecast"], default="historical"),
    *SPAN,
    parameter("timeResolutionMinutes", "Length of a period.", type="integer", enum=[60, 30, 15, 5, 1], default=60),
    parameter("weatherSource", "Whose weather.", type="string", default="default"),
    parameter("powerModel", "The chain.", type="string", enum=["pvlib", "CprPVForm"], default="pvlib"),
    parameter("missingDataHandling", "What missing weather does.", enum=list(power.MISSING), default="Omit"),
    parameter("outputFields", "Field names, separated by commas."),
    parameter("asOf", "When a forecast is made; default now.", type="string", format="date-time"),
)
_SHAPE: Final = parameter("shape", "One object per period, or one list per field.", enum=["periods", "columns"],
                          default="periods")  # fmt: skip
_GROUPS: Final = (
    parameter("groupBy", "Sums by group.", enum=["none", "zone", "feeder", "class", "tracking"], default="none"),
    parameter("normalize", "Per kW of capacity.", enum=["none", "capacity"], default="none"),
)
_SERIES: Final = (
    Answer(200, "The series.", {"type": "object"}),
    Answer(200, "The series.", {"type": "string"}, media="text/csv"),
)
POWER: Final = (
    route("GET", f"{ONE}/power", "Power of a resource", power.of_resource, tag="Power", parameters=(*_POWER, _SHAPE),
          answers=_SERIES, errors=(400, 422)),
    route("GET", f"{FLEET_ONE}/power", "Power of a fleet", power.of_fleet, tag="Power",
          parameters=(*_POWER, *_GROUPS, _SHAPE), answers=_SERIES, errors=(400, 422)),
)  # fmt: skip

_SOURCE: Final = parameter("source", "Name of the source.", "path", type="string", pattern="[a-z0-9-]{1,32}")
_DELIVERY: Final = {
    "type": "object",
    "required": ["kind", "startTime", "cells"],
    "properties": {
        "kind": {"type": "string", "enum": list(weather.KINDS)},
        "issueTime": {"type": "string", "format": "date-time"},
        "startTime": {"type": "string", "format": "date-time"},
        "timeResolutionMinutes": {"type": "integer", "enum": list(weather.MINUTES), "default": 60},
        "spatialResolution_Degrees": {"type": "number", "enum": list(weather.RESOLUTIONS), "default": 0.1},
        "cells": {
            "type": "array",
            "maxItems": weather.MOST_CELLS,
            "items": {
                "type": "object",
                "required": ["latitude", "longitude"],
                "properties": {
                    "latitude": {"type": "number"},
                    "longitude": {"type": "number"},
                    **{
                        name: {
                            "type": "array",
                            "items": {
                                "type": ["number", "null"],
                                "minimum": RANGES[attr].low,
                                "maximum": RANGES[attr].high,
                            },
                        }
                        for attr, name in weather.NAMES.items()
                    },
                },
            },
        },
    },
}
WEATHER: Final = (
    route("PUT", "/v1/weather/{source}", "Push weather", weather.put, tag="Weather", parameters=(_SOURCE,),
          body=_DELIVERY, answers=(Answer(200, "What was stored.", {"type": "object"}),),
          errors=(400, 409, 413, 415), writes=True, body_limit=LARGE),
    route("DELETE", "/v1/weather/{source}", "Delete weather", weather.delete, tag="Weather", writes=True,
          parameters=(_SOURCE, *(replace(part, required=False) for part in SPAN)), answers=(GONE,),
          errors=(400, 404)),
    route("POST", "/v1/weather/import", "Import a weather file", weather.import_file, tag="Weather", writes=True,
          parameters=(
              parameter("source", "Name of the source.", default="default", type="string"),
              parameter("format", "Form of the file.", required=True, type="string", enum=list(weather.FORMATS)),
              parameter("latitude", "Of the place, for files that do not say.", type="number"),
              parameter("longitude", "Of the place, for files that do not say.", type="number"),
              parameter("spatialResolution_Degrees", "Of a new source.", type="number", enum=[0.1, 0.01]),
          ),
          body={"type": "string", "format": "binary"}, body_media="*/*", body_limit=LARGE,
          answers=(Answer(200, "What was stored.", {"type": "object"}),), errors=(400, 409, 413)),
    route("GET", "/v1/weather/coverage", "What is stored", weather.coverage, tag="Weather",
          parameters=(
              parameter("source", "Of this source."),
              parameter("kind", "Of this kind.", type="string", enum=list(weather.KINDS)),
              parameter("bbox", "west,south,east,north in degrees."),
          ),
          answers=(Answer(200, "Each cell that has data.", ITEMS),)),
)  # fmt: skip

_SIMULATION: Final = json_schema(simulations.SIMULATION)
_SIMULATED: Final = tuple(Answer(200, "The results.", media=media.split(";")[0]) for media in MEDIA.values())
_SIMULATION_ONE: Final = "/v1/simulations/{simulationId}"
SIMULATIONS: Final = (
    route("POST", "/v1/simulations", "Start simulation", simulations.start, tag="Simulations", body=_SIMULATION,
          answers=(Answer(202, "It is queued.", {"type": "object"}, headers={"Location": "Where to look."}),),
          errors=(400, 413, 415, 422), source="sister"),
    route("GET", _SIMULATION_ONE, "Watch simulation", simulations.read, tag="Simulations",
          answers=(Answer(200, "Its state.", {"type": "object"}, headers={"Retry-After": "Until it is over."}),),
          source="sister"),
    route("GET", f"{_SIMULATION_ONE}/results", "Results of a simulation", simulations.results, tag="Simulations",
          answers=_SIMULATED, errors=(400, 409, 410), source="sister"),
    route("DELETE", _SIMULATION_ONE, "Cancel or remove simulation", simulations.end, tag="Simulations",
          answers=(GONE,), errors=(400,)),
)  # fmt: skip

_JOB: Final = Answer(200, "The job.", {"type": "object"}, headers={"Retry-After": "Until it is over."})
JOBS: Final = (
    route("GET", "/v1/jobs", "List jobs", job_routes.find, tag="Jobs", parameters=(LIMIT, CURSOR),
          answers=(listing({"type": "object"}, "Jobs by creation."),)),
    route("GET", "/v1/jobs/{jobId}", "Watch job", job_routes.read, tag="Jobs", answers=(_JOB,)),
    route("GET", "/v1/jobs/{jobId}/rows", "Rows of an import", job_routes.rows, tag="Jobs",
          parameters=(
              parameter("outcome", "Only these.", enum=["Created", "Updated", "Unchanged", "Refused"]),
          ),
          answers=(Answer(200, "One JSON object a line.", media="application/x-ndjson"),), errors=(400, 409, 410)),
)  # fmt: skip

_SCORE: Final = (
    *(one for one in _POWER if one.name != "outputFields"),
    parameter("daylightOnly", "Only while the sun is up.", type="boolean", default=True),
    parameter("horizons", "Hours ahead, separated by commas; one score for each."),
)
_MEASURED: Final = {
    "type": "object",
    "required": ["startTime", "timeResolutionMinutes", "powerAC_kW"],
    "properties": {
        "startTime": {"type": "string", "format": "date-time"},
        "timeResolutionMinutes": {"type": "integer", "enum": [60, 30, 15, 5, 1]},
        "powerAC_kW": {"type": "array", "items": {"type": ["number", "null"]}},
    },
}
MEASUREMENTS: Final = (
    route("PUT", f"{ONE}/measurements", "Push measurements", measurements.put, tag="Measurements", body=_MEASURED,
          answers=(Answer(200, "What was stored.", {"type": "object"}),), errors=(400, 413, 415), writes=True),
    route("GET", f"{ONE}/measurements", "Read measurements", measurements.read, tag="Measurements",
          parameters=(*SPAN, _POWER[3]), answers=(Answer(200, "What is stored.", {"type": "object"}),)),
    route("GET", f"{ONE}/metrics", "Scores of a resource", measurements.of_resource, tag="Measurements",
          parameters=_SCORE, answers=(Answer(200, "The score.", {"type": "object"}),), errors=(400, 422)),
    route("GET", f"{FLEET_ONE}/metrics", "Scores of a fleet", measurements.of_fleet, tag="Measurements",
          parameters=_SCORE, answers=(Answer(200, "The score.", {"type": "object"}),), errors=(400, 422)),
)  # fmt: skip
