"""What meters said of solar power, and how near the model and its forecasts come to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import numpy as np

from fleetline.api.dialects.own.calls import Query, body_of, packed, query_of
from fleetline.api.dialects.own.replies import Listed, answer
from fleetline.api.dialects.own.solar import PERIODS_S, basis_shown, desk_of, filter_of, id_of, numbers
from fleetline.api.dialects.own.solar_shapes import BasisShown, ResourceShown, resource_shown
from fleetline.api.http import Request, Response
from fleetline.core.power_meters import Compared
from fleetline.core.power_scores import Score, Scored
from fleetline.model.errors import Invalid
from fleetline.model.resource_query import LONGEST_S, MOST_PERIODS, PowerQuery, SeriesKind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

SCORED: Final = {"past": SeriesKind.HISTORICAL, "forecast": SeriesKind.FORECAST}
WEEK_MS: Final = 7 * 86_400_000
MOST_HORIZONS: Final = 8
MOST_AHEAD_H: Final = 168
MOST_VALUES: Final = 600_000
STEPS_S: Final = (60, 300, 900, 1800, 3600)


class ScoreShown(msgspec.Struct, frozen=True, kw_only=True):
    """Error is model minus measured; shares are of `capacity_kw`, the AC rating of what was compared.

    mbe, mae, rmse  mean error, mean absolute error, root of the mean square error
    skill           of forecasts: 1 - rmse over that of persistence; null for none
    """

    periods: int
    capacity_kw: float
    mbe_kw: float | None
    mae_kw: float | None
    rmse_kw: float | None
    mbe_share: float | None
    mae_share: float | None
    rmse_share: float | None
    correlation: float | None
    skill: float | None


class HorizonScore(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts made so many hours before the period that they are about."""

    hours_ahead: int
    score: ScoreShown


class ScoresShown(msgspec.Struct, frozen=True, kw_only=True):
    """`score` of the past, `horizons` of forecasts; the other is empty."""

    kind: str
    from_at_ms: int
    to_at_ms: int
    period_s: int
    daylight: bool
    score: ScoreShown | None
    horizons: list[HorizonScore]
    basis: BasisShown


class MeasuredBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Mean power of equal steps, null for none; what stood in their place is gone."""

    from_at_ms: Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
    step_s: Annotated[int, msgspec.Meta(ge=60, le=3_600)]
    power_ac_kw: Annotated[
        list[Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] | None], msgspec.Meta(min_length=1, max_length=MOST_VALUES)
    ]


class MeasuredTaken(msgspec.Struct, frozen=True):
    stored: int
    replaced: int


class MeasuredShown(msgspec.Struct, frozen=True, kw_only=True):
    """Mean power by period as meters said; `available_kw`: AC rating of what has a value, of `total_kw`."""

    from_at_ms: int
    to_at_ms: int
    period_s: int
    total_kw: float
    power_ac_kw: list[float | None]
    available_kw: list[float]


class ComparedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A resource with what it gave and what its weather let expect, over the periods in which both are known.

    ratio               measured / expected; null where too little is known
    measured_until_ms   end of the last period with a measured value; null without any
    """

    resource: ResourceShown
    measured_kwh: float
    expected_kwh: float
    ratio: float | None
    periods: int
    measured_until_ms: int | None


def span_query(asked: Query, now_ms: int, kind: SeriesKind, back_ms: int = WEEK_MS) -> PowerQuery:
    """A span of whole periods that is over, the last week unless given. errors: Invalid"""
    period_s = int(asked.word("period_s", PERIODS_S, "3600"))
    to_ms = asked.instant("to")
    to_ms = now_ms if to_ms is None else to_ms
    from_ms = asked.instant("from")
    from_ms = max(0, to_ms - back_ms) if from_ms is None else from_ms
    start_s, end_s = -(-from_ms // 1000 // period_s) * period_s, to_ms // 1000 // period_s * period_s
    if not 0 < end_s - start_s <= LONGEST_S or (end_s - start_s) // period_s > MOST_PERIODS:
        raise Invalid("to", f"must be a period or more after `from`, at most {LONGEST_S // 86_400} days")
    return PowerQuery(
        kind=kind, start_s=start_s, end_s=end_s, period_s=period_s, source=asked.text("source") or "default",
        as_of_ms=now_ms,
    )  # fmt: skip


def _asked(request: Request) -> tuple[PowerQuery, bool, tuple[int, ...]]:
    asked = query_of(request)
    kind = SCORED[asked.word("kind", tuple(SCORED), "past")]
    hours = _hours(asked.text("hours_ahead") or "24") if kind is SeriesKind.FORECAST else ()
    if kind is not SeriesKind.FORECAST and asked.text("hours_ahead"):
        raise Invalid("hours_ahead", "is for forecasts only")
    daylight = asked.flag("daylight")
    return span_query(asked, request.received_at_ms, kind), daylight is not False, hours


def _hours(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    good = all(part.isascii() and part.isdigit() and len(part) < 4 and 1 <= int(part) <= MOST_AHEAD_H for part in parts)
    if not good or len(parts) > MOST_HORIZONS:
        raise Invalid("hours_ahead", f"must be at most {MOST_HORIZONS} whole numbers from 1 to {MOST_AHEAD_H}")
    return tuple(dict.fromkeys(map(int, parts)))


async def of_resource(workspace: "Workspace", request: Request) -> Response:
    desk, (wanted, daylight, hours) = desk_of(workspace), _asked(request)
    found = await desk.scores.resource(
        workspace.account_id, id_of(request, "resource_id"), wanted, daylight=daylight, horizons=hours
    )
    return answer(_scored(found, daylight))


async def of_fleet(workspace: "Workspace", request: Request) -> Response:
    desk, (wanted, daylight, hours) = desk_of(workspace), _asked(request)
    found = await desk.scores.fleet(
        workspace.account_id, id_of(request, "fleet_id"), wanted, daylight=daylight, horizons=hours
    )
    return answer(_scored(found, daylight))


def _scored(found: Scored, daylight: bool) -> ScoresShown:
    query = found.query
    return ScoresShown(
        kind=next(word for word, kind in SCORED.items() if kind is query.kind), from_at_ms=query.start_s * 1000,
        to_at_ms=query.end_s * 1000, period_s=query.period_s, daylight=daylight,
        score=None if found.score is None else score_shown(found.score),
        horizons=[HorizonScore(hours_ahead=hours, score=score_shown(score)) for hours, score in found.horizons],
        basis=basis_shown(found.basis),
    )  # fmt: skip


def score_shown(score: Score) -> ScoreShown:
    def share(value: float | None) -> float | None:
        return None if value is None or score.capacity_kw == 0 else value / score.capacity_kw

    return ScoreShown(
        periods=score.count, capacity_kw=score.capacity_kw, mbe_kw=score.mbe_kw, mae_kw=score.mae_kw,
        rmse_kw=score.rmse_kw, mbe_share=share(score.mbe_kw), mae_share=share(score.mae_kw),
        rmse_share=share(score.rmse_kw), correlation=score.correlation, skill=score.skill,
    )  # fmt: skip


async def put_measured(workspace: "Workspace", request: Request) -> Response:
    desk, body, wanted = desk_of(workspace), body_of(request, MeasuredBody), id_of(request, "resource_id")
    if body.step_s not in STEPS_S:
        raise Invalid("step_s", f"must be one of {', '.join(map(str, STEPS_S))}")
    if body.from_at_ms % (body.step_s * 1000):
        raise Invalid("from_at_ms", "must be a whole number of steps after 00:00 UTC")
    values = np.array(body.power_ac_kw, np.float64)
    taken = await desk.measurements.put(
        workspace.account_id, wanted, body.from_at_ms // 1000, body.step_s, values
    )  # fmt: skip
    return answer(MeasuredTaken(taken.stored, taken.replaced))


async def measured(workspace: "Workspace", request: Request) -> Response:
    desk, wanted = desk_of(workspace), id_of(request, "resource_id")
    query = span_query(query_of(request), request.received_at_ms, SeriesKind.HISTORICAL, 86_400_000)
    resource = await desk.resources.get(workspace.account_id, wanted)
    values = (await desk.measurements.over([wanted], query.start_s, query.end_s, query.period_s))[0]
    rated = resource.site.ac_kw
    return answer(
        MeasuredShown(
            from_at_ms=query.start_s * 1000, to_at_ms=query.end_s * 1000, period_s=query.period_s, total_kw=rated,
            power_ac_kw=numbers(values), available_kw=np.where(np.isnan(values), 0.0, rated).tolist(),
        )
    )  # fmt: skip


async def measured_by_fleet(workspace: "Workspace", request: Request) -> Response:
    desk, wanted = desk_of(workspace), id_of(request, "fleet_id")
    query = span_query(query_of(request), request.received_at_ms, SeriesKind.HISTORICAL, 86_400_000)
    found = await desk.meters.fleet(workspace.account_id, wanted, query)
    return answer(
        MeasuredShown(
            from_at_ms=query.start_s * 1000, to_at_ms=query.end_s * 1000, period_s=query.period_s,
            total_kw=found.total_kw, power_ac_kw=numbers(found.power_ac_kw),
            available_kw=found.available_kw.tolist(),
        )
    )  # fmt: skip


async def compared(workspace: "Workspace", request: Request) -> Response:
    """Ranked anew for each page: what is measured meanwhile may move a resource from one page to another."""
    desk, asked = desk_of(workspace), query_of(request)
    limit, after = asked.limit(), asked.cursor(int) or 0
    if not 0 <= after < 2**31:
        raise Invalid("cursor", "is none that this list gave")
    query = span_query(asked, request.received_at_ms, SeriesKind.HISTORICAL)
    found = await desk.meters.compared(workspace.account_id, filter_of(asked), query)
    page = _shown(found[after : after + limit])
    return answer(Listed(page, packed(after + limit) if len(found) > after + limit else None, 0))


def _shown(some: Sequence[Compared]) -> list[ComparedShown]:
    return [
        ComparedShown(
            resource=resource_shown(item.resource), measured_kwh=item.measured_kwh, expected_kwh=item.expected_kwh,
            ratio=item.ratio, periods=item.periods, measured_until_ms=item.last_at_s * 1000 or None,
        )
        for item in some
    ]  # fmt: skip
