"""How near modelled power comes to measured power."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Errors are model minus measured; the share is of AC capacity. NaN where the count is too small to say.

    correlation   Pearson's; NaN below two values or when one side never changes
    """

    count: int
    mbe_kw: float
    mae_kw: float
    rmse_kw: float
    mbe_pct: float
    mae_pct: float
    rmse_pct: float
    correlation: float


def compare(model_kw: FloatArray, measured_kw: FloatArray, capacity_kw: FloatArray | float) -> Metrics:
    """Over all entries at which both sides have a value; `capacity_kw` is one number or one per entry."""
    both = ~(np.isnan(model_kw) | np.isnan(measured_kw))
    count = int(np.count_nonzero(both))
    if not count:
        return Metrics(0, NAN, NAN, NAN, NAN, NAN, NAN, NAN)
    model, measured = model_kw[both], measured_kw[both]
    error = model - measured
    bias, spread, root = float(error.mean()), float(np.abs(error).mean()), float(np.sqrt(np.mean(error * error)))
    rated = float(np.broadcast_to(capacity_kw, both.shape)[both].mean())
    pct = 100.0 / rated if rated > 0.0 else NAN
    return Metrics(count, bias, spread, root, bias * pct, spread * pct, root * pct, _correlation(model, measured))


def _correlation(model: FloatArray, measured: FloatArray) -> float:
    a, b = model - model.mean(), measured - measured.mean()
    spread = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / spread if spread > 0.0 else NAN


@dataclass(frozen=True, slots=True)
class FleetPair:
    """(steps,) sums over the members that were measured at each step; NaN where none was."""

    model_kw: FloatArray
    measured_kw: FloatArray
    capacity_kw: FloatArray


def fleet_pair(model_kw: FloatArray, measured_kw: FloatArray, capacity_kw: FloatArray) -> FleetPair:
    """Both sides of a fleet: at each step only members with a measured and a modelled value, on both sides alike.

    model_kw, measured_kw   (members, steps), NaN where there is none
    capacity_kw             (members,)
    """
    both = ~(np.isnan(model_kw) | np.isnan(measured_kw))
    some = both.any(axis=0)

    def total(values: FloatArray) -> FloatArray:
        return np.where(some, np.where(both, values, 0.0).sum(axis=0), np.nan)

    return FleetPair(total(model_kw), total(measured_kw), total(np.broadcast_to(capacity_kw[:, None], both.shape)))


def skill(rmse_kw: float, persistence_rmse_kw: float) -> float:
    """1 for a perfect forecast, 0 for one no better than persistence; NaN when persistence makes no error."""
    return 1.0 - rmse_kw / persistence_rmse_kw if persistence_rmse_kw > 0.0 else NAN
