"""Made-up drives that are as hard to pack as real ones: changing speed, curves, and a receiver that wavers."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from fastcrc import crc16

from fleetline.model.motion import Report

Floats = npt.NDArray[np.float64]
METRES_PER_DEGREE: Final = 111_195.0
SEED: Final = 304


def drive(seconds: int, start_ms: int, seed: int = SEED) -> list[Report]:
    """One report a second of a vehicle that never stands, at a tracker's own resolution; the same for the same seed.

    Speeds follow targets between 30 and 120 km/h that change every minute or so; the course turns in curves; positions
    waver by some decimetres, slowly, as filtered receivers do.
    """
    random = np.random.default_rng(seed)
    speed_kmh = np.maximum(_follow(random, random.uniform(30, 120, seconds // 60 + 1), seconds), 15.0)
    course_deg = np.cumsum(_noise(random, seconds, 0.97, 0.6))
    step_m = speed_kmh / 3.6
    north_m = np.cumsum(step_m * np.cos(np.radians(course_deg))) + _noise(random, seconds, 0.95, 0.1)
    east_m = np.cumsum(step_m * np.sin(np.radians(course_deg))) + _noise(random, seconds, 0.95, 0.1)
    # a long day must not leave the continent: the vehicle goes round in a country of 400 km
    lat_deg = 48.0 + _folded(north_m, 200_000.0) / METRES_PER_DEGREE
    lon_deg = 9.0 + _folded(east_m, 200_000.0) / (METRES_PER_DEGREE * 0.67)
    altitude_m = 400 + _noise(random, seconds, 0.9995, 0.5)
    satellites = np.clip(np.rint(12 + _noise(random, seconds, 0.99, 0.3)), 5, 20).astype(int)
    supply_v = np.round(14.1 + _noise(random, seconds, 0.9, 0.03), 3)
    odometer_m = np.cumsum(step_m)
    return [
        Report(
            fix_at_ms=start_ms + 1000 * i, valid=True,
            lat_deg=round(float(lat_deg[i]), 7), lon_deg=round(float(lon_deg[i]), 7),
            altitude_m=round(float(altitude_m[i])), speed_kmh=round(float(speed_kmh[i])),
            course_deg=round(float(course_deg[i])) % 360, satellites=int(satellites[i]), ignition=True,
            odometer_m=int(odometer_m[i]), supply_v=float(supply_v[i]),
            attributes={"gsm_signal": 4},
        )
        for i in range(seconds)
    ]  # fmt: skip


def _noise(random: np.random.Generator, count: int, memory: float, size: float) -> Floats:
    """(count,) values that forget slowly."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -memory], random.normal(0, size, count)), np.float64)


def _follow(random: np.random.Generator, targets: Floats, seconds: int) -> Floats:
    from scipy.signal import lfilter

    wanted = np.repeat(targets, 60)[:seconds]
    return np.asarray(lfilter([0.05], [1.0, -0.95], wanted), np.float64) + _noise(random, seconds, 0.8, 0.4)


def _folded(metres: Floats, most: float) -> Floats:
    """The same way, turned back wherever it would lead further than `most` from the middle."""
    return np.abs((metres + most) % (4 * most) - 2 * most) - most


RECORD: Final = struct.Struct(">QBiiHHBH14sBHBHBHBHBBIB")
FLAGS: Final = bytes((0, 10, 5, 239, 1, 240, 1, 21, 4, 69, 1, 1, 0, 4))
"""Event id; ten IO elements, five of one byte: ignition, movement, signal, GNSS status, input 1; four of two bytes."""


def packets(devices: int, count: int, records: int, start_s: int) -> Iterator[tuple[int, bytes]]:
    """(device index, Teltonika frame): `count` frames for each device in turn, `records` records each, one a second."""
    for turn in range(count):
        for device in range(devices):
            yield device, packet(device, start_s + turn * records, turn * records, records)


def packet(device: int, start_s: int, passed_s: int, records: int) -> bytes:
    """One frame like those of the load generator."""
    lat, lon = 480_000_000 + device % 100 * 1_000_000, 80_000_000 + device // 100 * 500_000
    body = b"".join(
        [
            RECORD.pack(
                (start_s + i) * 1000, 1, lon, lat + (passed_s + i) * 1000, 120, 7, 11, 40, FLAGS,
                181, 12, 182, 8, 66, 14_100, 67, 4_050, 1, 16, (passed_s + i) * 11, 0,
            )
            for i in range(records)
        ]
    )  # fmt: skip
    data = bytes((8, records)) + body + bytes((records,))
    return b"\0\0\0\0" + struct.pack(">I", len(data)) + data + struct.pack(">I", crc16.arc(data))
