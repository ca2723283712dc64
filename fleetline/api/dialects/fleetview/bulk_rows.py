"""Rows of a bulk import out of CSV, NDJSON, a JSON list or GeoJSON, each a draft or the faults that it has."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from fleetline.api.dialects.fleetview.bulk_columns import Columns
from fleetline.api.dialects.fleetview.bulk_fast import Fast
from fleetline.api.dialects.fleetview.nouns import draft_from, in_order, unwrapped, warnings_of
from fleetline.api.dialects.fleetview.reading import Members, form_values, normal_id, read_json, unknown_name
from fleetline.api.dialects.fleetview.schema import RESOURCE
from fleetline.api.dialects.fleetview.words import MOST_ERRORS, Refusal, bad
from fleetline.model.resource import Fault, Row
from fleetline.model.utf8 import not_utf8_at

Turn = Callable[[float], float]
"""An azimuth of another convention as one that counts clockwise from north."""

CONVENTIONS: Final[Mapping[str, Turn]] = {
    "north-clockwise": lambda azimuth: azimuth,
    "north-counterclockwise": lambda azimuth: (360.0 - azimuth) % 360.0,
    "south-zero": lambda azimuth: (azimuth + 180.0) % 360.0,
}


def csv_rows(body: bytes, convention: str) -> Iterator[Row]:
    """errors: Refusal 400 for the header or the encoding, at the first row"""
    lines = csv.reader(lines_of(body, ""), strict=True)
    columns = Columns(_next(lines) or [])
    fast = Fast(columns.names) if convention == "north-clockwise" else None
    number = 0
    while (cells := _next(lines)) is not None:
        if not cells:
            continue
        number += 1
        if len(cells) != columns.width:
            message = f"The row has {len(cells)} cells in place of {columns.width}."
            yield Row(number, None, (Fault("", "width", message),))
            continue
        if fast is not None and (draft := fast.draft(cells)) is not None:
            warnings = warnings_of(draft.site)
            told = tuple(columns.renamed(warning) for warning in warnings)
            yield Row(number, draft, (), told, draft.customer_site_id)
            continue
        faults: list[Fault] = []
        members = columns.members(cells, faults)
        yield row_of(number, members, convention, faults, columns.renamed)


def _next(lines: Any) -> list[str] | None:
    """The next line of cells, None after the last. errors: Refusal 400 for what is no CSV"""
    try:
        found: list[str] | None = next(lines, None)
    except csv.Error as fault:
        raise bad("", "csv", f"The body could not be read as CSV near line {lines.line_num}.") from fault
    return found


def lines_of(body: bytes, newline: str) -> Iterator[str]:
    """Lines of UTF-8 with or without its mark, decoded piece by piece: a large body is not in memory twice.

    newline  as `open` takes it
    errors   Refusal 400 with the byte that is none
    """
    if (wrong := not_utf8_at(body)) is not None:
        raise bad("", "encoding", f"The body is not UTF-8 at byte {wrong}.")
    return iter(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=newline))


def ndjson_rows(body: bytes, convention: str) -> Iterator[Row]:
    """One JSON object a line; blank lines do not count."""
    number = 0
    for line in lines_of(body, "\n"):
        if not line.strip():
            continue
        number += 1
        try:
            value = read_json(line.encode())
        except Refusal as fault:
            yield Row(number, None, tuple(fault.faults))
            continue
        yield _object_row(number, value, convention)


def json_rows(body: bytes, convention: str) -> Iterator[Row]:
    """The items of a JSON list. errors: Refusal 400"""
    value = read_json(body)
    if not isinstance(value, list):
        raise bad("", "type", "The body must be a list.")
    for number, item in enumerate(value, 1):
        yield _object_row(number, item, convention)


def geojson_rows(body: bytes, convention: str) -> Iterator[Row]:
    """The features of a collection: points, everything else in their properties. errors: Refusal 400"""
    value = read_json(body)
    features = (
        value.get("features") if isinstance(value, Members) and value.get("type") == "FeatureCollection" else None
    )
    if not isinstance(features, list):
        raise bad("", "type", "The body must be a GeoJSON FeatureCollection.")
    for number, feature in enumerate(features, 1):
        point = _point(feature)
        if point is None:
            message = "The feature must be a point [longitude, latitude] with properties."
            yield Row(number, None, (Fault("geometry", "type", message),))
            continue
        faults: list[Fault] = []
        _check_place(point, feature["properties"], faults)
        yield row_of(number, point, convention, faults)


def _point(feature: Any) -> Members | None:
    """The members of a resource, from a feature."""
    if not isinstance(feature, Members) or feature.get("type") != "Feature":
        return None
    geometry, properties = feature.get("geometry"), feature.get("properties")
    if not isinstance(geometry, Members) or geometry.get("type") != "Point" or not isinstance(properties, Members):
        return None
    place = geometry.get("coordinates")
    if not isinstance(place, list) or len(place) not in (2, 3):
        return None
    location = Members({"longitude": place[0], "latitude": place[1], "elevation_Meters": (*place, None)[2]})
    location.repeated = ()
    out = Members({name: value for name, value in properties.items() if name.lower() != "location"})
    out["location"] = location
    out.repeated = properties.repeated
    return out


def _check_place(point: Members, properties: Members, faults: list[Fault]) -> None:
    """A location among the properties says what the geometry says, and may add the elevation."""
    told = _member(properties, "location")
    if told is None:
        return
    if not isinstance(told, Members):
        faults.append(Fault("location", "type", "location must be an object."))
        return
    place = point["location"]
    for name, value in told.items():
        known = next((own for own in place if own.lower() == name.lower()), None)
        if known is None:
            faults.append(unknown_name("location.", name, tuple(place)))
        elif place[known] is None:
            place[known] = value
        elif value is not None and value != place[known]:
            faults.append(Fault(f"location.{known}", "both", f"{known} is not the one of the geometry."))


def _object_row(number: int, value: Any, convention: str) -> Row:
    if not isinstance(value, Members):
        return Row(number, None, (Fault("", "type", "The row must be an object."),))
    return row_of(number, unwrapped(value), convention, [])


def row_of(
    number: int, members: Members, convention: str, faults: list[Fault],
    renamed: Callable[[Fault], Fault] | None = None,
) -> Row:  # fmt: skip
    """A draft, or every fault of the row.

    renamed  how a fault is told where fields have other names
    """
    if convention != "north-clockwise":
        _turn(members, CONVENTIONS[convention])
    values = form_values(RESOURCE, members, "", faults)
    draft = draft_from(values, faults)
    given = values.get("customer_site_id")
    customer_site_id = given if isinstance(given, str) and given else None
    if draft is None:
        shown = in_order(faults)[:MOST_ERRORS]
        return Row(number, None, tuple(renamed(f) for f in shown) if renamed else tuple(shown), (), customer_site_id)
    key = values.get("resource_id")
    if key is not None:
        draft = replace(draft, resource_id=normal_id(key) if isinstance(key, str) else "-")
    warnings = warnings_of(draft.site)
    return Row(number, draft, (), tuple(renamed(f) for f in warnings) if renamed else tuple(warnings), customer_site_id)


def _turn(members: Members, turn: Turn) -> None:
    """Turn every azimuth that is a number, in place."""
    for system in _listed(members, "pvSystems"):
        for array in _listed(system, "pvArrays"):
            for configuration in [_member(array, "arrayConfiguration"), *_listed(array, "solarObstructions")]:
                if not isinstance(configuration, Members):
                    continue
                for name, value in configuration.items():
                    plain = type(value) in (int, float) and -360.0 <= value <= 360.0
                    if name.lower() == "azimuth_degrees" and plain:
                        configuration[name] = turn(value)


def _member(members: Any, name: str) -> Any:
    if not isinstance(members, Members):
        return None
    return next((value for key, value in members.items() if key.lower() == name.lower()), None)


def _listed(members: Any, name: str) -> list[Any]:
    found = _member(members, name)
    return found if isinstance(found, list) else []


READERS: Final[Mapping[str, Callable[[bytes, str], Iterator[Row]]]] = {
    "text/csv": csv_rows,
    "application/x-ndjson": ndjson_rows,
    "application/json": json_rows,
    "application/geo+json": geojson_rows,
}
