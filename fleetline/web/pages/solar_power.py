"""What solar pages say of power: series side by side, energies of a day and a week, how good the data are."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import HEADERS, Visit

HOUR_S: Final = 3_600
HOUR_MS: Final = HOUR_S * 1000
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS
RECENT: Final = 8
"""Quarters of an hour for which a value counts as the present one."""
USUAL: Final = 0.9
"""Of the rating that is metered at best: with less a sum of meters is not shown."""
LOW, POOR = 0.9, 0.75
"""Ratios to what was expected from which on a resource is marked."""


@dataclass(frozen=True, slots=True)
class Range:
    """One span of the charts, around now; period_s: of what is asked; daily: shown as the energy of days."""

    back_ms: int
    ahead_ms: int
    period_s: int
    daily: bool = False


RANGES: Final = {
    "24h": Range(DAY_MS, DAY_MS, 900), "7d": Range(WEEK_MS, 2 * DAY_MS, 3600),
    "30d": Range(30 * DAY_MS, 0, 3600, daily=True),
    "1y": Range(365 * DAY_MS, 0, 3600, daily=True),
}  # fmt: skip
KINDS: Final = ("measured", "past", "clear_sky", "forecast")
COLUMNS: Final = ("begin", "measured", "expected", "clear_sky", "forecast")


def range_of(visit: Visit) -> str:
    chosen = visit.query("range", "24h")
    return chosen if chosen in RANGES else "24h"


async def series(visit: Visit, base: str, kind: str, period_s: int, from_ms: int, to_ms: int) -> dict[str, Any] | None:
    """A series as the API has it, with `power_ac_kw` at its top; None where none can be made now.

    base  path of a resource or of a fleet
    kind  one of KINDS
    """
    query: dict[str, Any] = {"period_s": period_s, "to": to_ms}
    if kind != "forecast":
        query["from"] = from_ms
    path = f"{base}/measurements" if kind == "measured" else f"{base}/power"
    try:
        found: dict[str, Any] = await visit.api.get(path, **query, **({} if kind == "measured" else {"kind": kind}))
    except Refused as refusal:
        if refusal.status in (401, 404):
            raise
        return None
    if kind == "measured":
        found["power_ac_kw"] = well_metered(found)
    if "groups" in found:
        found["power_ac_kw"] = found["groups"][0]["power_ac_kw"] if found["groups"] else []
    if any(value is not None for value in found["power_ac_kw"]):
        return found
    if kind == "measured" and period_s < HOUR_S:
        return _held(await series(visit, base, kind, HOUR_S, from_ms, to_ms), period_s)
    return None


def well_metered(found: dict[str, Any]) -> list[float | None]:
    """Sums without the periods in which meters were silent that speak at other times: those would look like losses."""
    usual = USUAL * max(found["available_kw"], default=0.0)
    pairs = zip(found["power_ac_kw"], found["available_kw"], strict=True)
    return [None if available < usual else value for value, available in pairs]


def _held(found: dict[str, Any] | None, period_s: int) -> dict[str, Any] | None:
    """What a meter that speaks once an hour said, over shorter periods."""
    if found is None:
        return None
    values = [value for value in found["power_ac_kw"] for _ in range(HOUR_S // period_s)]
    return found | {"power_ac_kw": values, "period_s": period_s}


def kwh(found: dict[str, Any] | None) -> float | None:
    """Energy of a series; None when it has no value."""
    known = [value for value in (found or {"power_ac_kw": []})["power_ac_kw"] if value is not None]
    return sum(known) * found["period_s"] / 3600 if found and known else None


@dataclass(frozen=True, slots=True)
class Today:
    """What a resource or fleet gave since midnight in the visitor's zone, and now.

    metered     whether meters ever said anything in the last week
    now_kw      of the newest period that is known; now_kind: measured | past | clear_sky
    today_kwh   measured, else expected; expected_kwh: by the weather, over the same time
    coming_kwh  what the forecast has for the rest of today and tomorrow
    ratio       measured over expected in the last seven days, where both are known
    kinds       those of KINDS that may be asked for: past and forecast need weather
    """

    metered: bool
    now_kw: float | None
    now_kind: str
    today_kwh: float | None
    expected_kwh: float | None
    coming_kwh: float | None
    ratio: float | None
    quality: "Quality"
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the data of the last seven days are.

    share     hours with a measured value, None when nothing is metered
    last_ms   end of the newest measured hour
    assumed   what the weather lacks; not_modelled: what of the system the model leaves out
    weather   whether there is weather at all; failures: members without
    """

    share: float | None
    last_ms: int | None
    assumed: Sequence[str]
    not_modelled: Sequence[str]
    weather: bool
    failures: int


def midnight_ms(visit: Visit) -> int:
    now = visit.words.moment(visit.words.now_ms)
    assert isinstance(now, datetime), "now is a moment"
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


async def today_of(visit: Visit, base: str) -> Today:
    now_ms, begin_ms = visit.words.now_ms, midnight_ms(visit)
    week = {kind: await series(visit, base, kind, 3600, now_ms - WEEK_MS, now_ms) for kind in ("measured", "past")}
    fine = {
        kind: await series(visit, base, kind, 900, min(begin_ms, now_ms - HOUR_MS), now_ms)
        for kind in ("measured", "past", "clear_sky")
    }
    coming = await series(visit, base, "forecast", 3600, now_ms, begin_ms + 2 * DAY_MS)
    kinds = ("measured", *(("past",) if week["past"] else ()), "clear_sky", *(("forecast",) if coming else ()))
    now_kind = next((kind for kind in KINDS[:3] if _newest(fine[kind]) is not None), "")
    energies = {kind: kwh(_since(fine[kind], begin_ms)) for kind in ("measured", "past", "clear_sky")}
    return Today(
        metered=week["measured"] is not None, now_kw=_newest(fine.get(now_kind)), now_kind=now_kind,
        today_kwh=next((energies[kind] for kind in ("measured", "past") if energies[kind] is not None), None),
        expected_kwh=energies["past"] if energies["past"] is not None else energies["clear_sky"],
        coming_kwh=kwh(coming), ratio=_ratio(week["measured"], week["past"]), quality=_quality(week), kinds=kinds,
    )  # fmt: skip


def _since(found: dict[str, Any] | None, begin_ms: int) -> dict[str, Any] | None:
    if found is None:
        return None
    first = max(0, -(-(begin_ms - found["from_at_ms"]) // (found["period_s"] * 1000)))
    return found | {"power_ac_kw": found["power_ac_kw"][first:]}


def _newest(found: dict[str, Any] | None) -> float | None:
    """The last value that is known, when it is of the last hours."""
    values: Sequence[float | None] = found["power_ac_kw"][-RECENT:] if found else ()
    return next((value for value in reversed(values) if value is not None), None)


def _ratio(measured: dict[str, Any] | None, past: dict[str, Any] | None) -> float | None:
    """Over the periods in which both are known."""
    if measured is None or past is None:
        return None
    step = measured["period_s"] * 1000
    expected = {past["from_at_ms"] + index * step: value for index, value in enumerate(past["power_ac_kw"])}
    pairs = [
        (value, expected.get(measured["from_at_ms"] + index * step))
        for index, value in enumerate(measured["power_ac_kw"])
    ]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    total = sum(other for _, other in known)
    return sum(one for one, _ in known) / total if total > 0 else None


def _quality(week: dict[str, dict[str, Any] | None]) -> Quality:
    measured, past = week["measured"], week["past"]
    values: Sequence[float | None] = measured["power_ac_kw"] if measured else ()
    seen = [index for index, value in enumerate(values) if value is not None]
    basis = past["basis"] if past else {"assumed": [], "not_modelled": [], "failures": []}
    return Quality(
        share=len(seen) / len(values) if values else None,
        last_ms=measured["from_at_ms"] + (seen[-1] + 1) * measured["period_s"] * 1000 if measured and seen else None,
        assumed=basis["assumed"], not_modelled=basis["not_modelled"], weather=past is not None,
        failures=len(basis["failures"]),
    )  # fmt: skip


async def scores_of(visit: Visit, base: str) -> dict[str, Any] | None:
    """Of the model over the last week; None where nothing can be compared."""
    try:
        found = await visit.api.get(f"{base}/scores")
    except Refused as refusal:
        if refusal.status in (401, 404):
            raise
        return None
    score: dict[str, Any] | None = found["score"]
    return score if score and score["periods"] else None


async def rows_of(visit: Visit, base: str, wanted: Range) -> list[tuple[int, list[float | None]]]:
    """(begin, value of each of KINDS) of every period of a range, kW."""
    now_ms = visit.words.now_ms
    rows: dict[int, list[float | None]] = {}
    for place, kind in enumerate(KINDS):
        if kind == "forecast" and not wanted.ahead_ms:
            continue
        to_ms = now_ms if kind in ("measured", "past") else now_ms + wanted.ahead_ms
        found = await series(visit, base, kind, wanted.period_s, now_ms - wanted.back_ms, to_ms)
        for index, value in enumerate(found["power_ac_kw"] if found else ()):
            begin_ms = found["from_at_ms"] + index * wanted.period_s * 1000 if found else 0
            rows.setdefault(begin_ms, [None] * len(KINDS))[place] = value
    return sorted(rows.items())


def by_day(
    visit: Visit, rows: Iterable[tuple[int, list[float | None]]], period_s: int
) -> list[tuple[str, list[float | None]]]:
    """(date in the visitor's zone, kWh of each of KINDS)"""
    days: dict[str, list[float | None]] = {}
    for begin_ms, values in rows:
        at = visit.words.moment(begin_ms)
        assert at is not None, "a begin is a moment"
        sums = days.setdefault(at.date().isoformat(), [None] * len(KINDS))
        for place, value in enumerate(values):
            if value is not None:
                sums[place] = (sums[place] or 0.0) + value * period_s / 3600
    return list(days.items())


async def power_file(visit: Visit, base: str, name: str) -> Response:
    """What the chart shows as a spreadsheet: kW by period, or kWh by day where the chart has days."""
    chosen = range_of(visit)
    wanted = RANGES[chosen]
    rows = await rows_of(visit, base, wanted)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    unit = "kwh" if wanted.daily else "kw"
    writer.writerow([COLUMNS[0] if not wanted.daily else "day", *(f"{column}_{unit}" for column in COLUMNS[1:])])
    lines: Iterable[tuple[str, list[float | None]]] = (
        by_day(visit, rows, wanted.period_s)
        if wanted.daily
        else ((visit.words.iso(begin_ms), values) for begin_ms, values in rows)
    )
    writer.writerows(
        [begin, *("" if value is None else round(value, 4) for value in values)] for begin, values in lines
    )
    kept = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_ ")).strip().replace(" ", "-") or "power"
    named = {"Content-Disposition": f'attachment; filename="{kept}-{chosen}.csv"'}
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=HEADERS | named)


def mark_of(ratio: float | None) -> str:
    """The class of a ratio's chip."""
    if ratio is None:
        return ""
    return "bad" if ratio < POOR else "warn" if ratio < LOW else "good"
