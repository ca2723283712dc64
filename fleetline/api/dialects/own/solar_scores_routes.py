"""The routes of measured solar power, of scores, of files and of simulations."""

from typing import Final

from fleetline.api.dialects.own import simulations, solar, solar_files, solar_scores
from fleetline.api.dialects.own.replies import (
    BULK_BYTES,
    CURSOR,
    FLAG_SCHEMA,
    INSTANT_SCHEMA,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
)
from fleetline.api.dialects.own.solar_routes import FILTERS, FLEET_ID, RESOURCE_ID, TAG
from fleetline.api.routes import Answer, Parameter

SIMULATION_ID: Final = in_path("simulation_id", "Id of the simulation", {"type": "string"})
FROM: Final = query("from", "Begin", INSTANT_SCHEMA)
TO: Final = query("to", "End; now unless given", INSTANT_SCHEMA)
PERIOD: Final = query(
    "period_s", "Seconds of a period", {"type": "string", "enum": list(solar.PERIODS_S), "default": "3600"}
)
SOURCE: Final = query("source", "Weather source")
SCORED: Final[tuple[Parameter, ...]] = (
    query("kind", "What is judged", {"type": "string", "enum": list(solar_scores.SCORED), "default": "past"}),
    FROM,
    TO,
    PERIOD,
    SOURCE,
    query("daylight", "Only while the sun is up; true unless said otherwise", FLAG_SCHEMA),
    query("hours_ahead", "Of forecasts: how long before, hours; 24 unless given, several separated by commas"),
)
MEASURED: Final = (Answer(200, "Mean power by period", solar_scores.MeasuredShown),)
WEEK: Final = "Over the last seven days unless a span is given."

ROUTES: Final = (
    route(
        "GET",
        "/solar/resources/export",
        "Solar resources as a file",
        solar_files.give,
        tag=TAG,
        parameters=[
            *FILTERS,
            query("format", "Form", {"type": "string", "enum": list(solar_files.FORMS), "default": "csv"}),
        ],
        answers=[
            Answer(200, "In a form that an import reads", {"type": "string"}, media="text/csv"),
        ],
    ),
    route(
        "GET",
        "/solar/comparison",
        "Resources beside what was to be expected",
        solar_scores.compared,
        tag=TAG,
        text=f"The worst ratio first, those without one last. {WEEK} At most 5,000 resources.",
        parameters=[CURSOR, LIMIT, *FILTERS, FROM, TO, PERIOD, SOURCE],
        answers=[Answer(200, "A page", Listed[solar_scores.ComparedShown])],
    ),
    route(
        "GET",
        "/solar/resources/{resource_id}/measurements",
        "Measured power of a resource",
        solar_scores.measured,
        tag=TAG,
        parameters=[RESOURCE_ID, FROM, TO, PERIOD],
        answers=MEASURED,
    ),
    route(
        "PUT",
        "/solar/resources/{resource_id}/measurements",
        "Store measured power of a resource",
        solar_scores.put_measured,
        tag=TAG,
        parameters=[RESOURCE_ID],
        body=solar_scores.MeasuredBody,
        body_limit=BULK_BYTES,
        answers=[Answer(200, "How many values", solar_scores.MeasuredTaken)],
    ),
    route(
        "GET",
        "/solar/resources/{resource_id}/scores",
        "How near the model comes to a resource's meter",
        solar_scores.of_resource,
        tag=TAG,
        text=WEEK,
        parameters=[RESOURCE_ID, *SCORED],
        answers=[Answer(200, "Scores", solar_scores.ScoresShown)],
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}/measurements",
        "Measured power of a fleet",
        solar_scores.measured_by_fleet,
        tag=TAG,
        parameters=[FLEET_ID, FROM, TO, PERIOD],
        answers=MEASURED,
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}/scores",
        "How near the model comes to a fleet's meters",
        solar_scores.of_fleet,
        tag=TAG,
        text=WEEK,
        parameters=[FLEET_ID, *SCORED],
        answers=[Answer(200, "Scores", solar_scores.ScoresShown)],
    ),
    route(
        "POST",
        "/solar/simulations",
        "Simulate many systems over a long span",
        simulations.start,
        tag=TAG,
        text="Runs in the background. Results are kept for seven days.",
        body=simulations.SimulationBody,
        body_limit=BULK_BYTES,
        answers=[Answer(202, "The run; ask for it again until its state is final", simulations.SimulationShown)],
    ),
    route(
        "GET",
        "/solar/simulations/{simulation_id}",
        "One simulation",
        simulations.show,
        tag=TAG,
        parameters=[SIMULATION_ID],
        answers=[Answer(200, "How far it is", simulations.SimulationShown)],
    ),
    route(
        "DELETE",
        "/solar/simulations/{simulation_id}",
        "Stop or forget a simulation",
        simulations.end,
        tag=TAG,
        parameters=[SIMULATION_ID],
        answers=[Answer(204, "Gone")],
    ),
    route(
        "GET",
        "/solar/simulations/{simulation_id}/result",
        "What a simulation has made",
        simulations.result,
        tag=TAG,
        text="One resource or fleet a line.",
        parameters=[SIMULATION_ID],
        answers=[Answer(200, "Lines", simulations.SimulationLine, media="application/x-ndjson")],
    ),
)
