"""Positions as text: `lat,lon` of a location and `lat,lon,speed;...` of a route, each degree as C's `%.5f`."""

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]
Whole = npt.NDArray[np.int32]

TIE: Final = 50
"""What is left of a hundred ten-millionths when the fifth decimal stands between two digits."""

MOST_SPEED: Final = 100_000
SPLITTER: Final = 134_217_729.0
SCALE: Final = 1e7


def location_text(lat_deg: float, lon_deg: float) -> str:
    """`lat,lon`, five decimals, never `-0.00000`."""
    return f"{_plain(lat_deg)},{_plain(lon_deg)}"


def _plain(degrees: float) -> str:
    text = f"{degrees:.5f}"
    return text[1:] if text == "-0.00000" else text


def points_text(lat_e7: Ints, lon_e7: Ints, speed_kmh: Ints) -> bytes:
    """All points joined by `;`, none at the end.

    lat_e7, lon_e7  (n,) whole ten-millionths of a degree, within the globe
    speed_kmh       (n,) whole km/h
    returns         the same bytes as `naive_points_text`, some fifty times faster
    """
    count = len(lat_e7)
    if count == 0:
        return b""
    if int(speed_kmh.min()) < 0 or int(speed_kmh.max()) >= MOST_SPEED:
        return naive_points_text(lat_e7, lon_e7, speed_kmh)
    tables = _tables()
    words = np.empty((count, 7), np.uint32)
    lat, lon = hundred_thousandths(lat_e7), hundred_thousandths(lon_e7)
    lat_whole, lat_digits, lat_last = _parts(lat)
    lon_whole, lon_digits, lon_last = _parts(lon)
    thousands, rest = _split(speed_kmh.astype(np.int32), 1000)
    words[:, 0] = tables.signed[lat_whole + (lat < 0) * np.int32(100)]
    words[:, 1] = tables.digits[lat_digits]
    words[:, 2] = tables.middle[lat_last + (lon < 0) * np.int32(10)]
    words[:, 3] = tables.degrees[lon_whole]
    words[:, 4] = tables.digits[lon_digits]
    words[:, 5] = tables.last[lon_last * np.int32(100) + thousands]
    words[:, 6] = tables.speed[rest + (thousands > 0) * np.int32(1000)]
    return words.tobytes().translate(None, b"\0")[:-1]


def naive_points_text(lat_e7: Ints, lon_e7: Ints, speed_kmh: Ints) -> bytes:
    """One point after the other, for the few values that the tables do not hold; the reference of the tests."""
    rows = zip(lat_e7.tolist(), lon_e7.tolist(), speed_kmh.tolist(), strict=True)
    return ";".join(f"{location_text(lat / SCALE, lon / SCALE)},{speed}" for lat, lon, speed in rows).encode("ascii")


def hundred_thousandths(e7: Ints) -> Whole:
    """(n,) degrees x 100,000, rounded as C's `%.5f` rounds the double nearest to e7 / 10**7.

    Where two decimals are equally near, that double lies above, below or on the middle: its exact distance decides.
    """
    size = np.abs(e7.astype(np.int32))
    whole, rest = _split(size, 100)
    whole += rest > TIE
    ties = np.flatnonzero(rest == TIE)
    if len(ties):
        above = _above(size[ties].astype(np.float64))
        odd = (whole[ties] & 1) == 1
        whole[ties] += (above > 0) | ((above == 0) & odd)
    return np.where(e7 < 0, -whole, whole)


def _above(e7: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sign of (the double nearest to e7 / 10**7) x 10**7 - e7, exactly: Dekker's product of two doubles."""
    degrees = e7 / SCALE
    product = degrees * SCALE
    big = SPLITTER * degrees
    high = big - (big - degrees)
    low = degrees - high
    # 10**7 has 24 bits, so each of these products is exact
    error = (high * SCALE - product) + low * SCALE
    return np.asarray((product - e7) + error)


def _split(values: Whole, by: int) -> tuple[Whole, Whole]:
    whole = values // np.int32(by)
    return whole, values - whole * np.int32(by)


def _parts(value: Whole) -> tuple[Whole, Whole, Whole]:
    """Whole degrees, four decimals and the fifth, without the sign."""
    whole, decimals = _split(np.abs(value), 100_000)
    digits, last = _split(decimals, 10)
    return whole, digits, last


class _Tables:
    """Four characters a word: index -> the bytes of a uint32, NUL where a place stays empty.

    signed   whole degrees of a latitude with sign and point, index degrees + (100 when negative)
    degrees  whole degrees of a longitude with point
    digits   four digits
    middle   fifth decimal, comma, sign of the longitude, index digit + (10 when negative)
    last     fifth decimal, comma, thousands of the speed, index digit x 100 + thousands
    speed    the speed's last three digits and `;`, index speed + (1,000 when thousands stand before)
    """

    def __init__(self) -> None:
        self.signed = _words([f"{sign}{degree}." for sign in ("", "-") for degree in range(100)])
        self.degrees = _words([f"{degree}." for degree in range(200)])
        self.digits = _words([f"{digits:04}" for digits in range(10_000)])
        self.middle = _words([f"{digit},{sign}" for sign in ("", "-") for digit in range(10)])
        self.last = _words([f"{digit},{thousands or ''}" for digit in range(10) for thousands in range(100)])
        self.speed = _words([f"{speed};" for speed in range(1000)] + [f"{speed:03};" for speed in range(1000)])


@lru_cache(1)
def _tables() -> _Tables:
    return _Tables()


def _words(texts: list[str]) -> npt.NDArray[np.uint32]:
    return np.frombuffer("".join(text.ljust(4, "\0") for text in texts).encode("ascii"), np.uint32)
