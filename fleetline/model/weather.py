"""Weather over a grid of cells: its fields and ranges, which cell a place is in, and blocks of days as packed bytes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import zstandard

from fleetline.model.errors import FleetlineError
from fleetline.model.power import Limit

Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

FIELDS: Final = ("ghi_wm2", "dni_wm2", "dhi_wm2", "temperature_c", "wind_ms", "rain_mm", "snowfall_cm")
"""In the order of the bits of a packed block."""

RANGES: Final[Mapping[str, Limit]] = {
    "ghi_wm2": Limit(-10, 1600),
    "dni_wm2": Limit(-10, 1500),
    "dhi_wm2": Limit(-10, 1200),
    "temperature_c": Limit(-70, 60),
    "wind_ms": Limit(0, 75),
    "rain_mm": Limit(0, 300),
    "snowfall_cm": Limit(0, 100),
}
LIGHT: Final = ("ghi_wm2", "dni_wm2", "dhi_wm2")

STEPS_S: Final = (3600, 1800, 900, 300, 60)
BLOCK_DAYS: Final = 8
BLOCK_S: Final = BLOCK_DAYS * 86_400
DAY_S: Final = 86_400
REACH_KM: Final = 25.0
EARTH_KM: Final = 6371.0088
LARGEST_INFLATED: Final = 8 * 1024 * 1024


class WeatherKind(StrEnum):
    """What a value is: it happened, it is what the season usually brings, or it is expected."""

    OBSERVED = "observed"
    TYPICAL = "typical"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class WeatherSource:
    """What a source has fixed with its first delivery: step, and size of its cells in hundredths of a degree."""

    name: str
    step_s: int
    resolution_e2: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Equal steps of some cells.

    start_s   of the first step, UTC; of typical weather in any year
    cells     (n,) see `cell_code`; values: field -> (n, steps), NaN where nothing is known
    issue_at_ms  of a forecast, else 0
    """

    source: str
    kind: WeatherKind
    start_s: int
    step_s: int
    resolution_e2: int
    cells: IntArray
    values: Mapping[str, Float32Array]
    issue_at_ms: int = 0

    @property
    def count(self) -> int:
        """Steps."""
        return int(next(iter(self.values.values())).shape[1])


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: values that are now stored, and how many of them stood in the place of others."""

    stored: int
    replaced: int
    cells: int


def cell_code(latitude_deg: float, longitude_deg: float, resolution_e2: int) -> int:
    """The cell a place is in: the nearest multiple of the resolution, ties north and east; 180 is -180."""
    return int(cell_codes(np.array([latitude_deg]), np.array([longitude_deg]), resolution_e2)[0])


def cell_codes(latitude_deg: FloatArray, longitude_deg: FloatArray, resolution_e2: int) -> IntArray:
    """(n,) cells of many places; a number that orders by latitude, then longitude."""
    # a hundred-millionth of a cell is far below the precision of any place and hides what decimals lose in binary
    lat = np.floor(np.round(latitude_deg * 100.0 / resolution_e2, 8) + 0.5).astype(np.int64) * resolution_e2
    lon = np.floor(np.round(longitude_deg * 100.0 / resolution_e2, 8) + 0.5).astype(np.int64) * resolution_e2
    lon = (lon + 18_000) % 36_000
    return np.asarray((lat + 9_000) * 36_000 + lon, dtype=np.int64)


def cell_places(codes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes of the middles of cells, degrees."""
    lat, lon = np.divmod(np.asarray(codes, np.int64), 36_000)
    return (lat - 9_000) / 100.0, (lon - 18_000) / 100.0


def nearest_cells(latitude_deg: FloatArray, longitude_deg: FloatArray, known: IntArray, resolution_e2: int) -> IntArray:
    """(n,) index into `known` of the cell each place takes, -1 where none is near enough.

    known  (m,) sorted codes of the cells that have data
    source the own cell, else the nearest within REACH_KM, ties to the lower latitude, then longitude
    """
    own = cell_codes(latitude_deg, longitude_deg, resolution_e2)
    if not len(known):
        return np.full(len(own), -1, np.int64)
    at = np.minimum(np.searchsorted(known, own), len(known) - 1)
    found = np.where(known[at] == own, at, -1)
    places: dict[tuple[float, float], int] = {}
    lat, lon = cell_places(known)
    band = math.degrees(REACH_KM / EARTH_KM) * 1.001
    for index in np.flatnonzero(found < 0):
        place = (float(latitude_deg[index]), float(longitude_deg[index]))
        if place not in places:
            first, stop = np.searchsorted(lat, [place[0] - band, place[0] + band])
            places[place] = _nearest(place, lat[first:stop], lon[first:stop], int(first))
        found[index] = places[place]
    return found


def _nearest(place: tuple[float, float], lat: FloatArray, lon: FloatArray, first: int) -> int:
    if not len(lat):
        return -1
    own, other = np.radians(place[0]), np.radians(lat)
    half = np.sin((other - own) / 2) ** 2
    half = half + np.cos(own) * np.cos(other) * np.sin(np.radians(lon - place[1]) / 2) ** 2
    # a millimetre, so that cells at the same distance tie whatever their rounding
    distance = np.round(2 * EARTH_KM * np.arcsin(np.sqrt(half)), 6)
    nearest = int(np.argmin(distance))
    return first + nearest if float(distance[nearest]) <= REACH_KM else -1


def lit(values: Mapping[str, Float32Array]) -> BoolArray:
    """Where there is enough light to compute with: GHI, or DNI with DHI; same shape as the values."""
    some = next(iter(values.values()))
    none = np.full(some.shape, False)
    ghi, dni, dhi = (~np.isnan(values[name]) if name in values else none for name in LIGHT)
    return np.asarray(ghi | (dni & dhi))


def nominal_s(times_s: IntArray) -> IntArray:
    """Seconds into a year of 365 days at the same month, day and time of day; 29 February is the 28th."""
    days = np.floor_divide(times_s, DAY_S)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    month = months.astype(np.int64) % 12
    day = np.where((month == 1) & (day == 28), 27, day)
    starts = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
    return np.asarray((starts[month] + day) * DAY_S + times_s % DAY_S, dtype=np.int64)


def is_leap_day(times_s: IntArray) -> BoolArray:
    """Whether each instant lies in a 29 February, UTC."""
    dates = np.floor_divide(times_s, DAY_S).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    return np.asarray((months.astype(np.int64) % 12 == 1) & (day == 28), dtype=np.bool_)


class BlockPacker:
    """Turns blocks into bytes and back; belongs to one thread at a time."""

    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=1)
        self._unpacker = zstandard.ZstdDecompressor()

    def pack(self, values: Mapping[str, Float32Array]) -> bytes:
        """Some fields of one cell, each (steps,), as bytes."""
        present = [name for name in FIELDS if name in values]
        mask = sum(1 << FIELDS.index(name) for name in present)
        table = np.stack([values[name] for name in present]).astype("<f4")
        return bytes([mask]) + self._packer.compress(table.tobytes())

    def unpack(self, body: bytes) -> dict[str, Float32Array]:
        """The fields of one cell, each (steps,); views of one array that may not be written to."""
        mask = body[0]
        present = [name for index, name in enumerate(FIELDS) if mask >> index & 1]
        flat = np.frombuffer(self._unpacker.decompress(body[1:], LARGEST_INFLATED), "<f4")
        return dict(zip(present, flat.reshape(len(present), -1), strict=True))


@dataclass(frozen=True, slots=True)
class FileWeather:
    """What a weather file says, place by place.

    typical  it stands for every year
    parts    of one place each
    """

    typical: bool
    step_s: int
    parts: "tuple[PlaceWeather, ...]"


@dataclass(frozen=True, slots=True)
class PlaceWeather:
    """Values of one place at the starts of their steps, seconds since 1970 UTC, in any order; NaN where missing."""

    latitude_deg: float
    longitude_deg: float
    starts_s: IntArray
    values: Mapping[str, FloatArray]


class FileUnreadable(FleetlineError):
    """A weather file is not in the format it is said to be in, or holds what cannot be.

    reason  for people; field: the attribute or column that it is about, by the name that stands in the reason
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
