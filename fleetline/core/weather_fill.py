"""Steps without weather filled with the mean of the same time of day in the same month, as far as that is known."""

import calendar
import datetime
from typing import Final

import numpy as np

from fleetline.core.weather_load import Field
from fleetline.model.weather import DAY_S, LIGHT, BoolArray, Float32Array, lit
from fleetline.solar.steps import Steps

AIR: Final = ("temperature_c", "wind_ms")


def whole_months(steps: Steps) -> Steps:
    """The same steps and those around them up to the ends of their months, UTC."""
    first = datetime.datetime.fromtimestamp(steps.start_s, datetime.UTC)
    last = datetime.datetime.fromtimestamp(steps.start_s + len(steps) * steps.step_s - 1, datetime.UTC)
    start_s = calendar.timegm((first.year, first.month, 1, 0, 0, 0))
    end_s = calendar.timegm((last.year + last.month // 12, last.month % 12 + 1, 1, 0, 0, 0))
    return Steps(start_s, steps.step_s, (end_s - start_s) // steps.step_s)


def filled(field: Field, steps: Steps, wanted: Steps) -> tuple[Field, bool]:
    """(the field on `wanted`, whether any of its steps had to be filled)

    field  on `steps`, which are whole months around `wanted`
    """
    first = (wanted.start_s - steps.start_s) // steps.step_s
    chosen = slice(first, first + len(wanted))
    if not field.values:
        return field, False
    dark = ~lit(field.values)
    out = {
        name: _filled(values, dark if name in LIGHT else np.isnan(values), steps)
        if name in LIGHT or name in AIR
        else values
        for name, values in field.values.items()
    }
    better = Field(field.cells, field.place_cell, {name: values[:, chosen] for name, values in out.items()})
    return better, bool((dark[:, chosen] & better.light()).any())


def _filled(values: Float32Array, missing: BoolArray, steps: Steps) -> Float32Array:
    """(cells, steps) with the mean of its month and time of day where a value is missing and any other is known."""
    out, per_day = values.copy(), DAY_S // steps.step_s
    begin = 0
    while begin < len(steps):
        at = datetime.datetime.fromtimestamp(steps.start_s + begin * steps.step_s, datetime.UTC)
        days = calendar.monthrange(at.year, at.month)[1]
        month = slice(begin, begin + days * per_day)
        shape = (len(values), days, per_day)
        known = np.where(missing[:, month], np.nan, values[:, month]).reshape(shape)
        counts = np.count_nonzero(~np.isnan(known), axis=1)
        sums = np.nansum(known, axis=1, dtype=np.float64)
        means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        spread = np.broadcast_to(means[:, None, :], shape).reshape(len(values), -1)
        out[:, month] = np.where(missing[:, month], spread, out[:, month])
        begin += days * per_day
    return out
