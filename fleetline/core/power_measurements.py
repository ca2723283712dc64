"""What the meters of resources said: taken, read back, and brought to the periods of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import zstandard

from fleetline.core.ports.store import Store, Tx
from fleetline.core.power_kernel import FloatArray
from fleetline.model.errors import FleetlineError, NotFound
from fleetline.model.power import PowerResource
from fleetline.model.weather import BLOCK_S, STEPS_S

LEAST_SHARE: Final = -0.05
MOST_SHARE: Final = 1.2
"""Of the AC rating: what a meter may say."""
AT_ONCE: Final = 500
"""Resources that are read together."""


class OutOfRating(FleetlineError):
    """A value is no power of this resource; `index` is its place in the list."""

    def __init__(self, index: int, low: float, high: float) -> None:
        super().__init__(f"value {index} is not from {low} to {high}")
        self.index, self.low, self.high = index, low, high


@dataclass(frozen=True, slots=True)
class Measured:
    """How many values are stored, and how many of them stood in the place of others."""

    stored: int
    replaced: int


class Measurements:
    """Every verb takes the account first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, account_id: str, resource_id: str, start_s: int, step_s: int, values: FloatArray) -> Measured:
        """Interval means, kW, NaN for none; what stood in their place is gone. errors: NotFound, OutOfRating"""
        first, last = start_s // BLOCK_S, (start_s + step_s * len(values) - 1) // BLOCK_S
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            resource = (await tx.power.resources(account_id, [resource_id])).get(resource_id)
            if resource is None:
                raise NotFound("resource", resource_id)
            _check(resource, values)
            table = await _table(tx, [resource_id], step_s, first, last)
            at = (start_s - first * BLOCK_S) // step_s
            span = slice(at, at + len(values))
            given = ~np.isnan(values)
            replaced = int((given & ~np.isnan(table[0, span])).sum())
            table[0, span] = values
            blocks = table[0].reshape(last - first + 1, -1)
            packer = zstandard.ZstdCompressor(level=1)
            rows = [
                (resource_id, step_s, first + number, packer.compress(block.astype("<f8").tobytes()))
                for number, block in enumerate(blocks)
            ]
            await tx.power.keep_measurements(rows)
        return Measured(int(given.sum()), replaced)

    async def get(self, account_id: str, resource_id: str, start_s: int, end_s: int, step_s: int) -> FloatArray:
        """(steps,) NaN where nothing is stored. errors: NotFound"""
        async with self._store.read() as tx:
            if not await tx.power.known(account_id, [resource_id]):
                raise NotFound("resource", resource_id)
            return np.asarray((await _values(tx, [resource_id], start_s, end_s, step_s))[0], dtype=np.float64)

    async def over(self, resource_ids: Sequence[str], start_s: int, end_s: int, period_s: int) -> FloatArray:
        """(resources, periods) means of the longest stored steps that make up whole periods, NaN where one is missing.

        The caller has seen that the resources are its own.
        """
        count = (end_s - start_s) // period_s
        out = np.full((len(resource_ids), count), np.nan)
        async with self._store.read() as tx:
            for at in range(0, len(resource_ids), AT_ONCE):
                some = resource_ids[at : at + AT_ONCE]
                for step_s in (step for step in STEPS_S if period_s % step == 0):
                    values = await _stored(tx, some, start_s, end_s, step_s)
                    if values is not None:
                        means = values.reshape(len(some), count, -1).mean(axis=2)
                        part = out[at : at + AT_ONCE]
                        part[:] = np.where(np.isnan(part), means, part)
        return out


def _check(resource: PowerResource, values: FloatArray) -> None:
    low, high = LEAST_SHARE * resource.site.ac_kw, MOST_SHARE * resource.site.ac_kw
    bad = np.flatnonzero((values < low) | (values > high))
    if len(bad):
        raise OutOfRating(int(bad[0]), low, high)


async def _values(tx: Tx, resource_ids: Sequence[str], start_s: int, end_s: int, step_s: int) -> FloatArray:
    found = await _stored(tx, resource_ids, start_s, end_s, step_s)
    return np.full((len(resource_ids), (end_s - start_s) // step_s), np.nan) if found is None else found


async def _stored(tx: Tx, resource_ids: Sequence[str], start_s: int, end_s: int, step_s: int) -> FloatArray | None:
    """(resources, steps), None where nothing at all is stored with that step."""
    first, last = start_s // BLOCK_S, (end_s - 1) // BLOCK_S
    rows = await tx.power.measurements(resource_ids, step_s, (first, last))
    if not rows:
        return None
    at = (start_s - first * BLOCK_S) // step_s
    return _unpacked(rows, resource_ids, step_s, first, last)[:, at : at + (end_s - start_s) // step_s]


async def _table(tx: Tx, resource_ids: Sequence[str], step_s: int, first: int, last: int) -> FloatArray:
    rows = await tx.power.measurements(resource_ids, step_s, (first, last))
    return _unpacked(rows, resource_ids, step_s, first, last)


def _unpacked(
    rows: Sequence[tuple[str, int, bytes]], resource_ids: Sequence[str], step_s: int, first: int, last: int
) -> FloatArray:
    """(resources, steps of the blocks from first to last)"""
    per_block = BLOCK_S // step_s
    out = np.full((len(resource_ids), (last - first + 1) * per_block), np.nan)
    lines = {resource_id: line for line, resource_id in enumerate(resource_ids)}
    unpacker = zstandard.ZstdDecompressor()
    for resource_id, block, body in rows:
        at = (block - first) * per_block
        out[lines[resource_id], at : at + per_block] = np.frombuffer(unpacker.decompress(body), "<f8")
    return out
