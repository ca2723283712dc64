"""The rules of the trip engine written down a second time, over whole lists and with no thought for cost."""

from dataclasses import dataclass, field
from typing import Any

from fleetline.model.motion import Rows
from fleetline.model.trips.thresholds import Thresholds
from tests.model.trips_reference_reports import Heard, Said, metres

DAY = 86_400_000


@dataclass(slots=True)
class Halt:
    """A stand as the list of its fixes; `run` how many of the last ones are moving without a break."""

    fixes: list[int]
    parking: bool
    known: bool = False
    run: int = 0
    off: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    heard: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Trip:
    """A route as the list of its fixes; `legs` are counted, `lines` are stands crossed in a straight line."""

    fixes: list[int]
    rule: str
    anchor: int
    left: Halt | None
    exists: bool = False
    continued: bool = False
    pauses: list[tuple[int, int, int]] = field(default_factory=list)
    legs: list[int] = field(default_factory=list)
    lines: list[tuple[int, float]] = field(default_factory=list)


class Reference:
    """Folds all rows, no odometers.

    routes  (origin, destination, both rules, fixes, (kind, start, end) of pauses, metres) each; days: metres by day
    """

    def __init__(self, rows: Rows, thresholds: Thresholds | None = None) -> None:
        self.limits = Thresholds() if thresholds is None else thresholds
        self.said = Heard(rows, self.limits).said
        self.routes: list[tuple[Any, ...]] = []
        self.days: dict[int, float] = {}
        self.fixes = [item for item in self.said if item.fix]
        self.at_fix: list[str] = []
        self.state = "unknown"
        self.off_since = 0
        self.halt: Halt | None = None
        self.trip: Trip | None = None
        self._walk()

    def _walk(self) -> None:
        place = -1
        for item in self.said:
            before = self.fixes[place] if place >= 0 else None
            self._ignite(item, before)
            if item.fix:
                place += 1
                self._fix(place)
                self._heard(item)
            else:
                self._heard(item)
                self._off_parking(item.at, before)

    def _heard(self, item: Said) -> None:
        if self.halt is not None and self.state in ("on", "off"):
            self.halt.heard.append((item.at, self.state))

    def _ignite(self, item: Said, before: Said | None) -> None:
        if item.ignition is None or item.ignition == self.state:
            return
        if self.state == "off" and self.halt is not None:
            self.halt.off.append((self.off_since, item.at))
            self._off_parking(item.at, before)
        if item.ignition == "off":
            self.off_since = item.at
        self.state = item.ignition

    def _off_parking(self, at: int, before: Said | None) -> None:
        halt = self.halt
        if halt is None or halt.parking or before is None or self.state != "off":
            return
        due = self.off_since + self.limits.parking_min * 1000
        if at >= due and due <= max(before.at, self.fixes[halt.fixes[0]].at) + self.limits.gap_split * 1000:
            self._park("ignition_off")

    def _quiet(self, here: int) -> bool:
        """The leg into this fix is slow on average."""
        leg, taken = metres(self.fixes[here - 1], self.fixes[here]), self.fixes[here].at - self.fixes[here - 1].at
        return leg * 3600 < self.limits.quiet_speed * taken

    def _is_slow(self, here: int) -> bool:
        item = self.fixes[here]
        assert item.speed is not None
        if item.speed < self.limits.move_speed * 100 or self.state == "off":
            return True
        following = here + 1 < len(self.fixes)
        return following and self.fixes[here + 1].at - item.at >= 60_000 and self._quiet(here + 1)

    def _fix(self, here: int) -> None:
        item, slow = self.fixes[here], self._is_slow(here)
        self.at_fix.append(self.state)
        if here == 0 or item.at - self.fixes[here - 1].at > self.limits.gap_split * 1000:
            if here:
                self._silence(here)
            self.halt, self.trip = Halt([here], True, run=0 if slow else 1), None
            return
        halt = self.halt
        if halt is None:
            self._travel(here, slow)
        elif self.state != "off" and (by_speed := self._leaves(halt, here)) is not None:
            self._leave(halt, here, slow, by_speed)
        else:
            self._stay(halt, here, slow)

    def _leaves(self, halt: Halt, here: int) -> bool | None:
        anchor, item = self.fixes[halt.fixes[0]], self.fixes[here]
        assert item.speed is not None
        radius = self.limits.derived_radius if item.derived else self.limits.drift_radius
        by_speed = metres(anchor, item) > radius and item.speed >= self.limits.move_speed * 100
        if not by_speed and metres(anchor, item) <= self.limits.leave_radius:
            return None
        if here + 1 < len(self.fixes) and metres(anchor, self.fixes[here + 1]) <= radius:
            return None
        return by_speed

    def _stay(self, halt: Halt, here: int, slow: bool) -> None:
        halt.fixes.append(here)
        halt.run = 0 if slow else halt.run + 1
        halt.gaps.append(here)
        trip = self.trip
        if trip is not None:
            trip.fixes.append(here)
            if slow and self._back(trip, here):
                return
        if not halt.parking:
            self._off_parking(self.fixes[here].at, self.fixes[here - 1])
        if halt.parking or not slow or self.state == "off":
            return
        standing = self.fixes[here].at - self.fixes[halt.fixes[0]].at
        unknown = not halt.heard and self.state not in ("on", "off")
        if unknown and standing >= self.limits.parking_min * 1000:
            self._park("stood")
        elif standing >= self.limits.idle_limit * 1000:
            self._park("idle_limit")
            self.state = "unknown" if self.state == "on" else self.state

    def _leave(self, halt: Halt, here: int, slow: bool, by_speed: bool) -> None:
        by_run = by_speed and not slow
        inside = halt.fixes[: len(halt.fixes) - halt.run] if by_run else halt.fixes
        departure = halt.fixes[len(inside)] if len(inside) < len(halt.fixes) else here
        if inside and not halt.parking:
            self._judge(halt, inside, departure)
        if halt.parking:
            self._depart(halt, inside, departure)
        elif inside:
            self._pause(halt, inside, departure)
        self.halt = None
        self._travel(here, slow)

    def _standing(self, inside: list[int], departure: int) -> int:
        end = departure if self._quiet(departure) else inside[-1]
        return self.fixes[end].at - self.fixes[inside[0]].at

    def _judge(self, halt: Halt, inside: list[int], departure: int) -> None:
        standing = self._standing(inside, departure)
        known = any(at < self.fixes[departure].at for at, _ in halt.heard)
        if not known and standing >= self.limits.parking_min * 1000:
            self._park("stood")
        elif standing >= self.limits.idle_limit * 1000:
            self._park("idle_limit")

    def _pause(self, halt: Halt, inside: list[int], departure: int) -> None:
        trip = self.trip
        assert trip is not None
        leaving = self.fixes[departure].at
        off = max((end - start for start, end in halt.off if end <= leaving), default=0)
        first, last = inside[0], inside[-1]
        long_ms = self.limits.long_stop_min * 1000
        legs = [*inside[1:], departure] if self._quiet(departure) else inside[1:]
        broken = any(
            self.fixes[leg].at - self.fixes[leg - 1].at > long_ms and not self._on_at_both(leg) for leg in legs
        )
        if off > 0 and off >= self.limits.ignition_debounce * 1000:
            trip.pauses.append((1, self.fixes[first].at, leaving))
        elif self._standing(inside, departure) >= long_ms and not broken:
            trip.pauses.append((2, self.fixes[first].at, leaving))
        trip.lines.append((self.fixes[last].at, metres(self.fixes[first], self.fixes[last])))
        trip.legs += [index for index in halt.fixes if index > last]

    def _on_at_both(self, leg: int) -> bool:
        return self.at_fix[leg - 1] == "on" and self.at_fix[leg] == "on"

    def _leg(self, here: int) -> float:
        apart = metres(self.fixes[here - 1], self.fixes[here])
        return 0.0 if self.fixes[here].anew and apart > 1000 else apart

    def _depart(self, halt: Halt, inside: list[int], departure: int) -> None:
        origin, rule = departure, "first_seen_moving"
        outside = [index for index in halt.fixes if not inside or index > inside[-1]]
        if inside:
            waited = self.fixes[departure].at - self.fixes[inside[-1]].at
            if waited < self.limits.parking_min * 1000 or not self._quiet(departure):
                origin, rule = inside[-1], "left_standing"
        if self.state == "contradicted":
            rule = "ignition_contradicted"
        fixes = sorted({origin, *(index for index in halt.fixes if index >= origin)})
        self.trip = Trip(fixes, rule, halt.fixes[0], halt)
        self.trip.legs = [index for index in outside if inside or index != halt.fixes[0]]

    def _travel(self, here: int, slow: bool) -> None:
        trip, item = self.trip, self.fixes[here]
        assert trip is not None
        if trip.fixes[-1] != here:
            trip.fixes.append(here)
        trip.legs.append(here)
        age = item.at - self.fixes[trip.fixes[0]].at
        if self._far(trip, trip.fixes) and age >= self.limits.min_trip_duration * 1000:
            trip.exists = True
        if slow and self._back(trip, here):
            return
        if slow:
            self.halt = Halt([here], False)
            self._off_parking(item.at, self.fixes[here - 1])
        elif age >= DAY and trip.exists:
            self._close(trip, here, "length_limit", trip.fixes)
            self.trip = Trip([here], "continued", here, None, exists=True, continued=True)

    def _far(self, trip: Trip, fixes: list[int]) -> bool:
        anchor = self.fixes[trip.anchor]
        return any(metres(anchor, self.fixes[index]) >= self.limits.min_trip_distance for index in fixes)

    def _back(self, trip: Trip, here: int) -> bool:
        if trip.exists or trip.left is None:
            return False
        if metres(self.fixes[trip.anchor], self.fixes[here]) > self.limits.drift_radius:
            return False
        self.halt, self.trip = trip.left, None
        self.halt.fixes = [*self.halt.fixes, here]
        self.halt.run = 0
        return True

    def _silence(self, here: int) -> None:
        before, item = self.fixes[here - 1], self.fixes[here]
        self._off_parking(item.at, before)
        anchor = None if self.halt is None else self.halt.fixes[0]
        apart, taken = metres(before, item), item.at - before.at
        moved = not item.anew and apart >= self.limits.min_trip_distance and not self._quiet(here)
        unconfirmed = self.trip is not None and not self.trip.exists
        if self.trip is not None:
            anchor = self.trip.anchor if unconfirmed else anchor
            self._end(self.trip, here - 1 if self.halt is None else self.halt.fixes[0], "silence")
        if moved:
            if unconfirmed and anchor is not None:
                self._straight(anchor, here - 1)
            self.routes.append((before.at, item.at, "silent_move", "silent_move", 2, (), apart))
            self._share(before.at, item.at, apart)
        elif anchor is not None:
            away = metres(self.fixes[anchor], item)
            if away > self.limits.drift_radius and not (item.anew and away > 1000):
                self._share(before.at, item.at, away)
        else:
            self._share(before.at, item.at, self._leg(here))
        assert taken > 0

    def _straight(self, anchor: int, here: int) -> None:
        away = metres(self.fixes[anchor], self.fixes[here])
        if away > self.limits.drift_radius and not (self.fixes[here].anew and away > 1000):
            self._share(self.fixes[here].at, self.fixes[here].at, away)

    def _park(self, rule: str) -> None:
        halt, trip = self.halt, self.trip
        assert halt is not None
        halt.parking = True
        if trip is not None:
            if not trip.exists:
                self._straight(trip.anchor, halt.fixes[0])
            self._end(trip, halt.fixes[0], rule)
        self.trip = None

    def _end(self, trip: Trip, here: int, rule: str) -> None:
        self._close(trip, here, rule, [index for index in trip.fixes if index <= here])
        self.trip = None

    def _close(self, trip: Trip, here: int, rule: str, fixes: list[int]) -> None:
        if not trip.exists:
            return
        length = sum(self._leg(leg) for leg in trip.legs) + sum(line for _, line in trip.lines)
        for leg in trip.legs:
            self._share(self.fixes[leg - 1].at, self.fixes[leg].at, self._leg(leg))
        for at, line in trip.lines:
            self._share(at, at, line)
        origin, end = self.fixes[fixes[0]].at, self.fixes[here].at
        if trip.continued and not (self._far(trip, fixes) and end - origin >= self.limits.min_trip_duration * 1000):
            return
        own = (
            length
            if trip.rule != "first_seen_moving"
            else length - sum(self._leg(i) for i in trip.legs if i == fixes[0])
        )
        if trip.rule == "ignition_contradicted":
            own = length - sum(self._leg(index) for index in trip.legs if index == fixes[0])
        self.routes.append((origin, end, trip.rule, rule, len(fixes), tuple(trip.pauses), own))

    def _share(self, start: int, end: int, length: float) -> None:
        if end <= (start // DAY + 1) * DAY:
            self.days[start // DAY] = self.days.get(start // DAY, 0.0) + length
            return
        at = start
        while at < end:
            stop = min(end, (at // DAY + 1) * DAY)
            self.days[at // DAY] = self.days.get(at // DAY, 0.0) + length * (stop - at) / (end - start)
            at = stop
