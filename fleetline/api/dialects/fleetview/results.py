"""Results of simulations as JSON, NDJSON or CSV, written part by part while they are sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from fleetline.api.dialects.fleetview.power import (
    CAPACITY,
    ENERGY,
    FIELDS,
    Column,
    csv_cell,
    periods_of,
    shown,
    simulation_head,
    time_columns,
)
from fleetline.core.power_simulation import Lines, Plan, summary_of, unpack_lines
from fleetline.model.resource_job import Job

MEDIA: Final = {
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
}


async def stream(job: Job, plan: Plan, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The whole results in the form they were ordered in."""
    writer = _Writer(job, plan)
    yield writer.head()
    async for body in parts:
        yield await asyncio.to_thread(writer.part, body)
    yield writer.tail()


class _Writer:
    def __init__(self, job: Job, plan: Plan) -> None:
        self._job, self._plan = job, plan
        self._key = "resourceId" if plan.level == "resource" else "fleetId"
        self._times = time_columns(plan.query)
        self._first = True

    def head(self) -> bytes:
        if self._plan.form == "json":
            facts = {
                "simulationId": self._job.job_id,
                "level": self._plan.level,
                **simulation_head(self._plan.query, summary_of(self._job), self._job.total),
            }
            name = "resources" if self._plan.level == "resource" else "fleets"
            return msgspec.json.encode(facts)[:-1] + f',"{name}":['.encode()
        if self._plan.form == "csv":
            share = () if self._plan.level == "resource" else (CAPACITY,)
            return (",".join((self._key, "startTime", "endTime", *self._plan.fields, *share)) + "\r\n").encode()
        return b""

    def part(self, body: bytes) -> bytes:
        lines = unpack_lines(body)
        pieces = [self._line(lines, index) for index in range(len(lines.names))]
        if self._plan.form != "json":
            return b"".join(pieces)
        joined = b",".join(pieces)
        out = joined if self._first or not joined else b"," + joined
        self._first = self._first and not joined
        return out

    def tail(self) -> bytes:
        return b"]}" if self._plan.form == "json" else b""

    def _line(self, lines: Lines, index: int) -> bytes:
        facts, columns = self._facts(lines, index), self._columns(lines, index)
        if self._plan.form == "csv":
            names = ("startTime", "endTime", *self._plan.fields)
            return _csv(facts[self._key], columns, (*names, *(() if self._plan.level == "resource" else (CAPACITY,))))
        periods = periods_of(columns)
        if self._plan.form == "json":
            return msgspec.json.encode({**facts, "periods": periods})
        key = {self._key: facts[self._key]}
        return b"".join(msgspec.json.encode(key | period) + b"\n" for period in periods)

    def _facts(self, lines: Lines, index: int) -> dict[str, Any]:
        if self._plan.level == "resource":
            return {"resourceId": lines.names[index]}
        fleet_id, name, count = self._plan.fleets[int(lines.names[index])]
        return {"fleetId": fleet_id, "name": name, "resourceCount": count}

    def _columns(self, lines: Lines, index: int) -> dict[str, Column]:
        hours = self._plan.query.period_s / 3600
        out = dict(self._times)
        power = lines.values["ac_kw"][index]
        share = None
        if self._plan.level == "fleet":
            available = lines.values["available_kw"][index]
            total = lines.totals_kw[index]
            count = self._plan.fleets[int(lines.names[index])][2]
            power = np.where((available <= 0) & (count > 0), np.nan, power)
            short = available < total * (1 - 1e-9)
            percent = shown(100.0 * available / total) if total > 0 else []
            if short.any():
                share = [value if less else None for value, less in zip(percent, short.tolist(), strict=True)]
        for name in self._plan.fields:
            values = power if FIELDS[name] == "ac_kw" else lines.values[FIELDS[name]][index]
            out[name] = shown(values * hours if name == ENERGY else values)
        if share is not None:
            out[CAPACITY] = share
        return out


def _csv(key: str | None, columns: dict[str, Column], names: Sequence[str]) -> bytes:
    size = len(columns["startTime"])
    parts = [columns.get(name, [None] * size) for name in names]
    start = csv_cell(key)
    return "".join(f"{start},{','.join(map(csv_cell, row))}\r\n" for row in zip(*parts, strict=True)).encode()
