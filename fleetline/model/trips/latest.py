"""The newest value of each sensor with its own time, whatever order reports arrive in."""

from typing import Any, Final

import msgspec
import numpy as np

from fleetline.model.motion import MISSING_32, ROW, Rows

FIELDS: Final = ("obd_speed_e2", "rpm", "coolant_e1", "supply_mv", "battery_mv")
"""Columns of a row that are kept; obd_speed_e2 in 0.01 km/h, coolant_e1 in 0.1 degree C."""
_COLUMNS: Final = tuple((name, (ROW.names or ()).index(name)) for name in FIELDS)
FEW: Final = 16


class Latest(msgspec.Struct, array_like=True):
    """(value, at_ms) per field, None: never reported; newest_ms the time of the newest report of all.

    Merging is commutative: a late report never replaces a newer value, yet brings what no newer report has.
    """

    newest_ms: int | None = None
    obd_speed_e2: tuple[int, int] | None = None
    rpm: tuple[int, int] | None = None
    coolant_e1: tuple[int, int] | None = None
    supply_mv: tuple[int, int] | None = None
    battery_mv: tuple[int, int] | None = None

    def merge(self, rows: Rows) -> None:
        """Take in rows, ascending by at_ms."""
        if not len(rows):
            return
        last = int(rows["at_ms"][-1])
        self.newest_ms = last if self.newest_ms is None else max(self.newest_ms, last)
        if len(rows) <= FEW:
            self._merge_few(rows.tolist())
            return
        for name in FIELDS:
            present = np.flatnonzero(rows[name] != MISSING_32)
            if len(present):
                index = int(present[-1])
                self._put(name, int(rows[name][index]), int(rows["at_ms"][index]))

    def _merge_few(self, rows: list[Any]) -> None:
        for row in rows:
            for name, column in _COLUMNS:
                if row[column] != MISSING_32:
                    self._put(name, row[column], row[0])

    def _put(self, name: str, value: int, at_ms: int) -> None:
        known: tuple[int, int] | None = getattr(self, name)
        if known is None or at_ms >= known[1]:
            setattr(self, name, (value, at_ms))
