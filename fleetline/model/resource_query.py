"""What may be asked of solar power: which series over which time, and why one cannot be computed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fleetline.model.errors import FleetlineError
from fleetline.model.power import PowerModel

DAY_S: Final = 86_400
LONGEST_S: Final = 366 * DAY_S
MOST_PERIODS: Final = 110_000
MOST_ROW_STEPS: Final = 2_000_000
MOST_SIMULATED: Final = 100_000_000
FURTHEST_AHEAD_S: Final = 7 * DAY_S
CLEAR_SKY_STEP_S: Final = 900


class SeriesKind(StrEnum):
    """Where the light of a series comes from."""

    HISTORICAL = "historical"
    CLEAR_SKY = "clearSky"
    FORECAST = "forecast"


class GroupBy(StrEnum):
    """What the members of a fleet are summed by."""

    NONE = "none"
    ZONE = "zone"
    FEEDER = "feeder"
    CLASS = "class"
    TRACKING = "tracking"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerQuery:
    """One series.

    start_s, end_s  seconds since 1970 UTC, half-open, multiples of period_s
    fields          of the kernel, besides ac_kw
    as_of_ms        of a forecast: nothing observed after it may be used
    only_persisted  of a forecast: what was pushed is left aside
    fills           of the past: missing weather takes the mean of its time of day in its month
    """

    kind: SeriesKind
    start_s: int
    end_s: int
    period_s: int
    source: str = "default"
    model: PowerModel = PowerModel.PVLIB
    fields: tuple[str, ...] = ()
    group_by: GroupBy = GroupBy.NONE
    as_of_ms: int = 0
    only_persisted: bool = False
    fills: bool = False

    @property
    def periods(self) -> int:
        return (self.end_s - self.start_s) // self.period_s


@dataclass(frozen=True, slots=True)
class Failure:
    """A resource that could not be computed at all; code such as `NoWeather`."""

    resource_id: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a series was computed from.

    assumed       what was supplied where nothing was known: `temperature_c`, `wind_ms`, and `weather` for whole steps
    not_modelled  stored attributes that the model left out
    issue_at_ms, forecast_model  of forecasts: `pushed` or `persistence`
    """

    assumed: tuple[str, ...] = ()
    not_modelled: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = field(default=())
    issue_at_ms: int | None = None
    forecast_model: str | None = None


class CannotCompute(FleetlineError):
    """The question is right but has no answer now: `NoWeather`, `FinerThanWeather`, `TooLarge`.

    number  the weather's step in minutes, where that is the reason
    """

    def __init__(self, code: str, number: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.number = number


class OutOfReach(FleetlineError):
    """A parameter is well formed but asks for what nobody is given; `reason` continues its name."""

    def __init__(self, parameter: str, code: str, reason: str) -> None:
        super().__init__(f"{parameter} {reason}")
        self.parameter = parameter
        self.code = code
        self.reason = reason


class QueueFull(FleetlineError):
    """So many jobs of the account wait that no other is taken."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} jobs are waiting")
        self.waiting = waiting


def step_of(kind: SeriesKind, period_s: int, weather_step_s: int | None) -> int:
    """The step the physics is computed at.

    source  rule F-113
    """
    if kind is SeriesKind.CLEAR_SKY:
        return min(period_s, CLEAR_SKY_STEP_S)
    assert weather_step_s is not None, "only clear sky does without weather"
    return weather_step_s


def checked_size(rows: int, steps: int, most: int = MOST_ROW_STEPS) -> None:
    """errors: CannotCompute(`TooLarge`)"""
    if rows * steps > most:
        raise CannotCompute("TooLarge")


def distinct(groups: Sequence[str | None]) -> list[str | None]:
    """Each group once, in the order of their names, those without a name last."""
    return sorted(set(groups), key=lambda name: (name is None, name or ""))
