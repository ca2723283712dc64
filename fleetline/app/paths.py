"""Drives that never happened: where an imagined vehicle is at any moment, the same for the same seed."""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

from fleetline.model.motion import Report

DAY_S: Final = 86_400
_METRES_PER_DEGREE: Final = 111_195.0
_FIRST_DAY: Final = 19_723
"""1 January 2024, a Monday: odometers count from here."""
_BLOCK_M: Final = 180.0
_ACCELERATION: Final = 1.4
_BRAKING: Final = 1.9
_CORNER_MS: Final = 4.5
_WARM_C: Final = 90.0

_TOWNS: Final = (
    (52.5200, 13.4050),
    (48.2082, 16.3738),
    (48.1374, 11.5755),
    (50.0755, 14.4378),
    (52.2297, 21.0122),
    (48.8566, 2.3522),
    (40.4168, -3.7038),
    (45.4642, 9.1900),
)


class Phase(NamedTuple):
    """A stretch of a day with constant acceleration.

    at_s      seconds since the day began; travelled_m: the day's distance by then
    x_m, y_m  east and north of home; dx, dy: unit vector of travel
    """

    at_s: float
    travelled_m: float
    x_m: float
    y_m: float
    dx: float
    dy: float
    speed_ms: float
    acceleration: float
    engine: bool
    engine_since_s: float


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What stays the same for one seed.

    tilt      angle by which the town's streets are turned from the compass, radians
    trips     drives on a working day; each is a loop of `loop_blocks` blocks, so all working days are equally long
    """

    seed: int
    home_lat: float
    home_lon: float
    tilt: float
    works_weekends: bool
    trips: int
    loop_blocks: int
    start_odometer_m: float

    @property
    def daily_m(self) -> float:
        return self.trips * self.loop_blocks * _BLOCK_M

    @property
    def zone_s(self) -> int:
        """Local time as the sun has it: whole hours east of Greenwich, in seconds."""
        return round(self.home_lon / 15) * 3600


def vehicle_of(seed: int, near: tuple[float, float] | None = None) -> Vehicle:
    """The vehicle of a seed.

    near  latitude and longitude of its town; without it one of eight towns
    """
    chance = Random(f"vehicle {seed}")
    town = near or _TOWNS[chance.randrange(len(_TOWNS))]
    lat = town[0] + chance.uniform(-0.03, 0.03)
    lon = town[1] + chance.uniform(-0.04, 0.04)
    return Vehicle(
        seed=seed,
        home_lat=lat,
        home_lon=lon,
        tilt=Random(f"town {town}").uniform(0, math.pi / 4),
        works_weekends=chance.random() < 0.2,
        trips=chance.randint(2, 4),
        loop_blocks=2 * chance.randint(16, 48),
        start_odometer_m=chance.uniform(5_000, 180_000) * 1000,
    )


def _works(vehicle: Vehicle, day: int) -> bool:
    return vehicle.works_weekends or (day - _FIRST_DAY) % 7 < 5


def _days_worked(vehicle: Vehicle, day: int) -> int:
    """Working days from the first day up to, not including, `day`; negative before it."""
    if vehicle.works_weekends:
        return day - _FIRST_DAY
    weeks, rest = divmod(day - _FIRST_DAY, 7)
    return weeks * 5 + min(rest, 5)


class _Day:
    """A day being laid out: phases are appended one after another."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.at_s = self.travelled_m = self.x_m = self.y_m = self.speed_ms = 0.0
        self.heading = (0.0, 1.0)
        self.engine = False
        self.engine_since_s = -DAY_S / 2

    def go(self, duration_s: float, acceleration: float = 0.0) -> None:
        if duration_s <= 0:
            return
        dx, dy = self.heading
        where = (self.at_s, self.travelled_m, self.x_m, self.y_m, dx, dy)
        self.phases.append(Phase(*where, self.speed_ms, acceleration, self.engine, self.engine_since_s))
        way = self.speed_ms * duration_s + acceleration * duration_s**2 / 2
        self.at_s += duration_s
        self.travelled_m += way
        self.x_m += dx * way
        self.y_m += dy * way
        self.speed_ms = max(0.0, self.speed_ms + acceleration * duration_s)

    def turn_engine(self, on: bool) -> None:
        self.engine, self.engine_since_s = on, self.at_s

    def straight(self, length_m: float, cruise_ms: float, leave_ms: float) -> None:
        """Drive `length_m` at up to `cruise_ms`, leaving at `leave_ms` where the length allows it."""
        enter = self.speed_ms
        reach = (2 * _ACCELERATION * _BRAKING * length_m + _BRAKING * enter**2 + _ACCELERATION * leave_ms**2) / (
            _ACCELERATION + _BRAKING
        )
        peak = max(min(cruise_ms, math.sqrt(reach)), enter, leave_ms)
        gain, loss = (peak**2 - enter**2) / (2 * _ACCELERATION), (peak**2 - leave_ms**2) / (2 * _BRAKING)
        self.go((peak - enter) / _ACCELERATION, _ACCELERATION)
        self.go((length_m - gain - loss) / peak)
        self.go((peak - leave_ms) / _BRAKING, -_BRAKING)
        self.speed_ms = leave_ms


def _drive_loop(day: _Day, chance: Random, blocks: int) -> None:
    """Once around a rectangle of streets with a stop for a delivery at its far corner."""
    wide = chance.randint(blocks // 8, blocks // 2 - blocks // 8)
    sides = (wide, blocks // 2 - wide, wide, blocks // 2 - wide)
    turn = chance.choice((1, -1))
    dx, dy = chance.choice(((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)))
    day.turn_engine(True)
    day.heading = (dx, dy)
    day.go(chance.uniform(15, 60))
    for side, length in enumerate(sides):
        cruise = chance.choice((30, 50, 50, 60)) / 3.6
        done = 0
        while done < length:
            stretch = min(chance.randint(1, 4), length - done)
            done += stretch
            at_corner = done == length
            halts = at_corner and side in (1, 3)
            red = not halts and chance.random() < 0.4
            day.straight(
                stretch * _BLOCK_M, cruise, 0.0 if halts or red else (_CORNER_MS if at_corner else cruise * 0.8)
            )
            if red:
                day.go(chance.uniform(8, 45))
        if side == 1:
            _deliver(day, chance)
        dx, dy = -turn * dy, turn * dx
        day.heading = (dx, dy)
    day.go(chance.uniform(5, 40))
    day.turn_engine(False)


def _deliver(day: _Day, chance: Random) -> None:
    day.go(chance.uniform(3, 20))
    if chance.random() < 0.7:
        day.turn_engine(False)
        day.go(chance.uniform(240, 1500))
        day.turn_engine(True)
    day.go(chance.uniform(5, 90))


@lru_cache(maxsize=64)
def _phases(vehicle: Vehicle, number: int) -> tuple[Phase, ...]:
    """The day as phases; the first begins with it. `number` counts days since 1970 in local time."""
    chance = Random(f"day {vehicle.seed} {number}")
    day = _Day()
    slot = 13 * 3600 / vehicle.trips
    for trip in range(vehicle.trips if _works(vehicle, number) else 0):
        start = 6.5 * 3600 + trip * slot + chance.uniform(0, 1800)
        day.go(max(start - day.at_s, 60.0))
        _drive_loop(day, chance, vehicle.loop_blocks)
    day.go(max(DAY_S - day.at_s, 1.0))
    return tuple(day.phases)


def first_departure_ms(vehicle: Vehicle, at_ms: int) -> int:
    """When the vehicle first leaves on the working day of `at_ms`, or on the next one."""
    number = (at_ms // 1000 + vehicle.zone_s) // DAY_S
    while not _works(vehicle, number):
        number += 1
    first = next(phase for phase in _phases(vehicle, number) if phase.engine)
    return round((number * DAY_S - vehicle.zone_s + first.at_s) * 1000)


def drive(
    seed: int,
    start_at_ms: int,
    end_at_ms: int,
    step_s: float,
    *,
    near: tuple[float, float] | None = None,
    parked_step_s: float | None = None,
) -> Iterator[Report]:
    """What the tracker of one vehicle reports in [start, end): where it is depends on seed and time alone.

    step_s         between reports; parked_step_s: while the engine is off, as trackers do (default: the same)
    near           latitude and longitude of the vehicle's town; without it one of eight towns, by the seed
    """
    vehicle = vehicle_of(seed, near)
    at_ms = float(start_at_ms)
    while at_ms < end_at_ms:
        report = report_at(vehicle, round(at_ms))
        yield report
        at_ms += 1000 * (step_s if report.ignition or parked_step_s is None else parked_step_s)


def report_at(vehicle: Vehicle, at_ms: int) -> Report:
    """What the vehicle's tracker reports at one moment."""
    local_s = at_ms / 1000 + vehicle.zone_s
    number = int(local_s // DAY_S)
    second = local_s - number * DAY_S
    phases = _phases(vehicle, number)
    phase = phases[bisect_right(phases, second, key=lambda item: item.at_s) - 1]
    since = second - phase.at_s
    way = phase.speed_ms * since + phase.acceleration * since**2 / 2
    speed_ms = max(0.0, phase.speed_ms + phase.acceleration * since)
    return _report(vehicle, at_ms, number, phase, way, speed_ms, second - phase.engine_since_s)


def _report(
    vehicle: Vehicle, at_ms: int, number: int, phase: Phase, way: float, speed_ms: float, engine_s: float
) -> Report:
    x, y = phase.x_m + phase.dx * way, phase.y_m + phase.dy * way
    east = x * math.cos(vehicle.tilt) - y * math.sin(vehicle.tilt)
    north = x * math.sin(vehicle.tilt) + y * math.cos(vehicle.tilt)
    lat = vehicle.home_lat + north / _METRES_PER_DEGREE
    lon = vehicle.home_lon + east / (_METRES_PER_DEGREE * math.cos(math.radians(vehicle.home_lat)))
    course = (90 - math.degrees(math.atan2(phase.dy, phase.dx) + vehicle.tilt)) % 360
    day_m = phase.travelled_m + way
    total = vehicle.start_odometer_m + _days_worked(vehicle, number) * vehicle.daily_m + day_m
    noise = Random(vehicle.seed * 1_000_003 + at_ms).random()
    speed = round(speed_ms * 3.6)
    warmth = 1 - math.exp(-engine_s / 240) if phase.engine else math.exp(-engine_s / 3600)
    ambient = 12.0 + 6.0 * math.sin(number / 58.0)
    return Report(
        fix_at_ms=at_ms,
        valid=True,
        lat_deg=round(lat, 7),
        lon_deg=round(lon, 7),
        altitude_m=float(round(180 + 25 * math.sin(x / 900) + 20 * math.cos(y / 1300))),
        speed_kmh=float(speed),
        course_deg=float(round(course) % 360),
        satellites=9 + int(noise * 7),
        hdop=round(1.4 - noise * 0.7, 1),
        ignition=phase.engine,
        odometer_m=float(round(total)),
        obd_speed_kmh=float(speed) if phase.engine else None,
        rpm=float(_rpm(speed_ms, noise)) if phase.engine else None,
        coolant_c=float(round(ambient + (_WARM_C - ambient) * warmth)) if phase.engine else None,
        supply_v=round((14.0 if phase.engine else 12.5) + noise * 0.2, 3),
        battery_v=round(4.05 + noise * 0.05, 3),
        attributes={
            "moving": int(speed > 0),
            "gsm_signal": 3 + int(noise * 3),
            "fuel_pct": 95 - int(total / 7000) % 85,
        },
    )


def _rpm(speed_ms: float, noise: float) -> int:
    """Engine speed: idling, or what the gear for this speed makes of it."""
    if speed_ms < 1.0:
        return 780 + round(noise * 40)
    gear = min(5, 1 + int(speed_ms / 5))
    return round(900 + 1500 * (speed_ms / (gear * 5.5)) + noise * 60)
