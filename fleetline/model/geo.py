"""Distances on the mean sphere, in arithmetic that gives the same bits one by one, in arrays and on every machine.

Only + - * / and the square root are used for ordinary legs, because IEEE 754 fixes their results; the sines of
different libraries and of numpy's vector units differ in the last bit, and a trip must not depend on that.
Positions are integers in 1e-7 degrees throughout.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_M: Final = 6_371_008.8
DEGREE_E7: Final = 10_000_000
TURN_E7: Final = 360 * DEGREE_E7
SHORT_E7: Final = 11_400_000
"""Up to this difference of latitude and of longitude (1.14 degrees) the series below are exact to 3e-15."""

_HALF_ARC: Final = math.pi / 360.0 / DEGREE_E7  # 1e-7 degrees -> half the angle in radians
_DIAMETER_M: Final = 2.0 * EARTH_RADIUS_M

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
AnyFloats = Floats | np.float64
AnyIntegers = Integers | np.int64


def cosine(lat_e7: int) -> float:
    """Cosine of a latitude within +-90 degrees, to 1e-13; from 1 - 2 sin**2 of half the angle."""
    half = lat_e7 * _HALF_ARC
    y = half * half
    sine = half * (
        1.0 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 + y * (-1 / 39916800 + y / 6227020800)))))
    )
    return 1.0 - 2.0 * sine * sine


def between_m(lat_a: int, lon_a: int, cos_a: float, lat_b: int, lon_b: int, cos_b: float) -> float:
    """Great circle in metres between two positions whose cosines of latitude are known."""
    north = lat_b - lat_a
    east = lon_b - lon_a
    if north > SHORT_E7 or north < -SHORT_E7 or east > SHORT_E7 or east < -SHORT_E7:
        return _far_m(lat_a, lon_a, cos_a, lat_b, lon_b, cos_b)
    half = north * _HALF_ARC
    y = half * half
    square = y * (1.0 - y * (1 / 3 - y * (2 / 45)))
    half = east * _HALF_ARC
    y = half * half
    square = square + cos_a * cos_b * (y * (1.0 - y * (1 / 3 - y * (2 / 45))))
    return _DIAMETER_M * math.sqrt(square) * (1.0 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336))))


def _far_m(lat_a: int, lon_a: int, cos_a: float, lat_b: int, lon_b: int, cos_b: float) -> float:
    east = lon_b - lon_a
    if east > TURN_E7 // 2:
        east -= TURN_E7
    elif east < -TURN_E7 // 2:
        east += TURN_E7
    if abs(east) <= SHORT_E7 and abs(lat_b - lat_a) <= SHORT_E7:
        return between_m(lat_a, 0, cos_a, lat_b, east, cos_b)
    vertical = math.sin((lat_b - lat_a) * _HALF_ARC)
    horizontal = math.sin(east * _HALF_ARC)
    square = vertical * vertical + cos_a * cos_b * horizontal * horizontal
    return _DIAMETER_M * math.asin(min(1.0, math.sqrt(square)))


def great_circle_m(lat_a: int, lon_a: int, lat_b: int, lon_b: int) -> float:
    """Length of the shortest way over the mean sphere.

    lat_*, lon_*  1e-7 degrees, WGS 84, |lat| <= 90 degrees, |lon| <= 180 degrees
    returns       metres, 0 to 20 015 115; up to 0.56 % off the ellipsoid
    source        haversine form; R = 6 371 008.8 m, IUGG mean radius
    """
    return between_m(lat_a, lon_a, cosine(lat_a), lat_b, lon_b, cosine(lat_b))


def cosines(lat_e7: Integers) -> Floats:
    """`cosine` of each, the same bits."""
    half = lat_e7 * _HALF_ARC
    y = half * half
    inner = y / 6227020800
    for term in (-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6):
        inner = y * (term + inner)
    sine = half * (1.0 + inner)
    return np.asarray(1.0 - 2.0 * sine * sine)


def betweens_m(
    lat_a: AnyIntegers, lon_a: AnyIntegers, cos_a: AnyFloats, lat_b: AnyIntegers, lon_b: AnyIntegers, cos_b: AnyFloats
) -> Floats:
    """`between_m` pair by pair, the same bits; the arguments broadcast and must be int64 and float64."""
    north = lat_b - lat_a
    east = lon_b - lon_a
    half = north * _HALF_ARC
    y = half * half
    square = y * (1.0 - y * (1 / 3 - y * (2 / 45)))
    half = east * _HALF_ARC
    y = half * half
    square = square + cos_a * cos_b * (y * (1.0 - y * (1 / 3 - y * (2 / 45))))
    metres = _DIAMETER_M * np.sqrt(square) * (1.0 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336))))
    far = (np.abs(north) > SHORT_E7) | (np.abs(east) > SHORT_E7)
    if far.any():
        shape = metres.shape
        operands = [np.broadcast_to(item, shape)[far].tolist() for item in (lat_a, lon_a, cos_a, lat_b, lon_b, cos_b)]
        metres[far] = [_far_m(*pair) for pair in zip(*operands, strict=True)]
    return np.asarray(metres)
