"""What is believed of each report, written down a second time, over whole lists and with no thought for cost."""

from dataclasses import dataclass
from typing import Any

from fleetline.model.geo import great_circle_m
from fleetline.model.motion import IGNITION_KNOWN, IGNITION_ON, MISSING_32, VALID, Rows
from fleetline.model.trips.thresholds import Thresholds


@dataclass(slots=True)
class Said:
    """One report; `fix` tells whether its position is kept, `ignition` what is believed of it."""

    at: int
    lat: int
    lon: int
    speed: float | None
    ignition: str | None
    usable: bool
    fix: bool = False
    derived: bool = False
    anew: bool = False


def metres(one: Said, other: Said) -> float:
    return great_circle_m(one.lat, one.lon, other.lat, other.lon)


class Heard:
    """All reports of a device: which positions are kept, their speeds, which ignitions are believed (Z-49 to Z-53)."""

    def __init__(self, rows: Rows, thresholds: Thresholds) -> None:
        self.limits = thresholds
        self.said = [self._said(row) for row in rows.tolist()]
        self._keep()
        self._derive()
        self._debounce()
        self._contradict()

    def _said(self, row: Any) -> Said:
        at, lat, lon, speed, satellites, flags = row[0], row[4], row[5], row[7], row[16], row[17]
        usable = bool(flags & VALID) and lat != MISSING_32 and abs(lat) <= 900_000_000 and abs(lon) <= 1_800_000_000
        usable = (
            usable and (lat != 0 or lon != 0) and (satellites == MISSING_32 or satellites >= self.limits.min_satellites)
        )
        usable = usable and row[10] <= self.limits.max_accuracy * 10
        ignition = ("on" if flags & IGNITION_ON else "off") if flags & IGNITION_KNOWN else None
        return Said(at, lat, lon, speed if speed >= 0 else None, ignition, usable)

    def _near(self, one: Said, other: Said) -> bool:
        apart = metres(one, other)
        return apart <= 50 or apart * 3600 <= self.limits.max_speed * (other.at - one.at)

    def _keep(self) -> None:
        kept: Said | None = None
        chain: list[Said] = []
        for item in self.said:
            if not item.usable:
                continue
            if kept is None or self._near(kept, item):
                item.fix, kept, chain = True, item, []
                continue
            chain = [*chain, item] if chain and self._near(chain[-1], item) else [item]
            if len(chain) == 3:
                chain[0].anew = True
                for link in chain:
                    link.fix = True
                kept, chain = item, []

    def _derive(self) -> None:
        era: list[Said] = []
        for item in self.said:
            if not item.fix:
                continue
            era = [] if item.anew else era
            if item.speed is None:
                item.derived = True
                old = [other for other in era if other.at <= item.at - 5000]
                base = old[-1] if old else era[0] if era else None
                item.speed = 0.0 if base is None else metres(base, item) * 360_000 / (item.at - base.at)
            era.append(item)

    def _debounce(self) -> None:
        told = [item for item in self.said if item.ignition is not None]
        state: str | None = None
        index = 0
        while index < len(told):
            item = told[index]
            if state is None or item.ignition == state:
                state = item.ignition
                index += 1
                continue
            back = next((k for k in range(index + 1, len(told)) if told[k].ignition == state), None)
            if back is not None and told[back].at - item.at < self.limits.ignition_debounce * 1000:
                for other in told[index:back]:
                    other.ignition = None
                index = back
            else:
                state = item.ignition

    def _contradict(self) -> None:
        state: str | None = None
        place: Said | None = None
        newest: Said | None = None
        run: list[Said] = []
        for number, item in enumerate(self.said):
            newest = item if item.fix else newest
            if item.ignition == "off" and state != "off":
                state, run = "off", []
                place = newest
            elif item.ignition == "on":
                state, run = "on", []
            if state != "off" or not item.fix or item.speed is None:
                continue
            place = item if place is None else place
            run = [*run, item] if item.speed >= self.limits.move_speed * 100 else []
            if len(run) >= 3 and metres(place, item) > self.limits.tow_distance:
                run[0].ignition = "contradicted"
                state = "contradicted"
                start = self.said.index(run[0])
                for other in self.said[start + 1 :]:
                    if other.ignition == "on":
                        break
                    other.ignition = "contradicted" if other.ignition == "off" else other.ignition
                assert number >= start
