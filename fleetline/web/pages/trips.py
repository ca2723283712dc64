"""Trips and replay of one vehicle: the list as a plain page; line, scrubber and speed chart are an island."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.site import Visit

LONGEST_DAYS: Final = 31


def span_of(visit: Visit) -> tuple[int, int, str, str]:
    """(from_ms, to_ms, first day, last day) in the visitor's zone; the last three days without a query.

    Days end where the zone's next day begins, so a day of a clock change has 23 or 25 hours.
    """
    zone = visit.words.zone
    today = datetime.fromtimestamp(visit.words.now_ms / 1000, zone).date()
    try:
        last = datetime.fromisoformat(visit.query("to")).date() if visit.query("to") else today
        first = datetime.fromisoformat(visit.query("from")).date() if visit.query("from") else last - timedelta(days=2)
    except ValueError:
        first, last = today - timedelta(days=2), today
    if first > last:
        first, last = last, first
    first = max(first, last - timedelta(days=LONGEST_DAYS - 1))
    begin = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    end_ms = min(round(end.timestamp() * 1000), max(visit.words.now_ms, round(begin.timestamp() * 1000) + 1))
    return round(begin.timestamp() * 1000), end_ms, first.isoformat(), last.isoformat()


async def trips(visit: Visit) -> Response:
    number = int(visit.request.path_params["member_id"])
    from_ms, to_ms, first, last = span_of(visit)
    item = await visit.api.get(f"/vehicles/{number}")
    found = await visit.api.get(f"/vehicles/{number}/trips", **{"from": from_ms, "to": to_ms})
    items: list[dict[str, Any]] = list(reversed(found["items"] or []))
    total = sum(trip["distance_km"] or 0 for trip in items)
    return visit.show(
        "trips", item=item, trips=items, withheld=found["items"] is None, from_ms=from_ms, to_ms=to_ms, first=first,
        last=last, total_km=total,
    )  # fmt: skip


PAGES: Final = (("GET", "/vehicles/{member_id:int}/trips", trips),)
