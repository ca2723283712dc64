"""Distances: exact enough, the same one by one and in arrays, and whole across the date line and the poles."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.model.geo import EARTH_RADIUS_M, betweens_m, cosine, cosines, great_circle_m

latitudes = st.integers(-900_000_000, 900_000_000)
longitudes = st.integers(-1_800_000_000, 1_800_000_000)
small = st.integers(-30_000_000, 30_000_000)


def haversine(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    a, b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def test_a_hundredth_of_a_degree_of_latitude_is_1111_95_metres() -> None:
    assert round(great_circle_m(480_000_000, 100_000_000, 480_100_000, 100_000_000), 2) == 1111.95


def test_a_quarter_of_the_globe_is_a_quarter_of_its_circumference() -> None:
    quarter = math.pi / 2 * EARTH_RADIUS_M
    assert math.isclose(great_circle_m(0, 0, 900_000_000, 0), quarter, rel_tol=1e-12)
    assert math.isclose(great_circle_m(0, 0, 0, 900_000_000), quarter, rel_tol=1e-12)


def test_the_way_across_the_date_line_is_the_short_one() -> None:
    across = great_circle_m(0, 1_799_999_000, 0, -1_799_999_000)
    assert math.isclose(across, great_circle_m(0, -1000, 0, 1000), rel_tol=1e-9)


@given(latitudes)
def test_cosines_are_right_to_one_part_in_ten_million_millions(lat: int) -> None:
    assert abs(cosine(lat) - math.cos(math.radians(lat / 1e7))) < 2e-13


@given(st.integers(-890_000_000, 890_000_000), longitudes, small, small)
def test_short_ways_agree_with_the_textbook_formula(lat: int, lon: int, north: int, east: int) -> None:
    other_lat = max(-900_000_000, min(900_000_000, lat + north))
    other_lon = max(-1_800_000_000, min(1_800_000_000, lon + east))
    expected = haversine(lat / 1e7, lon / 1e7, other_lat / 1e7, other_lon / 1e7)
    assert math.isclose(great_circle_m(lat, lon, other_lat, other_lon), expected, rel_tol=1e-7, abs_tol=1e-6)


@settings(max_examples=50)
@given(st.lists(st.tuples(latitudes, longitudes, latitudes, longitudes, small, small), min_size=1, max_size=40))
def test_arrays_give_the_same_bits_as_single_pairs(pairs: list[tuple[int, int, int, int, int, int]]) -> None:
    rows = [(a, b, c, d) for a, b, c, d, _, _ in pairs]
    rows += [
        (a, b, max(-900_000_000, min(900_000_000, a + n)), b + e) for a, b, _, _, n, e in pairs if abs(b + e) < 18e8
    ]
    lat_a, lon_a, lat_b, lon_b = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    many = betweens_m(lat_a, lon_a, cosines(lat_a), lat_b, lon_b, cosines(lat_b))
    assert many.tolist() == [great_circle_m(*row) for row in rows]
    assert cosines(lat_a).tolist() == [cosine(row[0]) for row in rows]


@given(latitudes, longitudes, latitudes, longitudes)
def test_there_and_back_are_equally_long(lat_a: int, lon_a: int, lat_b: int, lon_b: int) -> None:
    there, back = great_circle_m(lat_a, lon_a, lat_b, lon_b), great_circle_m(lat_b, lon_b, lat_a, lon_a)
    assert math.isclose(there, back, rel_tol=1e-12, abs_tol=1e-9)
    assert 0.0 <= there <= math.pi * EARTH_RADIUS_M + 1e-6
