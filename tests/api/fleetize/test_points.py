"""Points are written as C would write them, whatever the coordinates, by tables as by hand."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.api.dialects.fleetize.points import location_text, naive_points_text, points_text

# every hundredth value is a tie between two fifth decimals; they are what goes wrong first
LATITUDES = st.integers(-900_000_000, 900_000_000) | st.integers(-9_000_000, 9_000_000).map(lambda n: n * 100 + 50)
LONGITUDES = st.integers(-1_800_000_000, 1_800_000_000) | st.integers(-17_999_999, 17_999_999).map(
    lambda n: n * 100 + 50
)
SPEEDS = st.integers(0, 300) | st.integers(0, 120_000)
POINTS = st.lists(st.tuples(LATITUDES.filter(lambda n: abs(n) <= 900_000_000), LONGITUDES, SPEEDS), max_size=60)


def columns(points: list[tuple[int, int, int]]) -> list[np.ndarray]:
    return [np.array([point[index] for point in points], np.int32) for index in range(3)]


@settings(max_examples=150, deadline=None)
@given(POINTS)
def test_the_fast_text_is_byte_for_byte_the_plain_one(points: list[tuple[int, int, int]]) -> None:
    assert points_text(*columns(points)) == naive_points_text(*columns(points))


@settings(max_examples=150, deadline=None)
@given(LATITUDES)
def test_a_degree_is_the_exact_value_of_its_double_rounded_to_five_decimals(e7: int) -> None:
    exact = Decimal(e7 / 1e7).quantize(Decimal("0.00001"), ROUND_HALF_EVEN)
    zero = np.zeros(1, np.int32)
    lat = points_text(np.array([e7], np.int32), zero, zero).decode().split(",")[0]
    assert Decimal(lat) == exact and len(lat.split(".")[1]) == 5
    assert lat != "-0.00000"


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ((488_255_600, 93_311_100, 0), "48.82556,9.33111,0"),
        ((-1, 49, 7), "0.00000,0.00000,7"),
        ((-51, -500, 1), "-0.00001,-0.00005,1"),
        ((-900_000_000, -1_800_000_000, 999), "-90.00000,-180.00000,999"),
        ((900_000_000, 1_800_000_000, 1000), "90.00000,180.00000,1000"),
        ((99_999_999, -99_999_999, 12_003), "10.00000,-10.00000,12003"),
        ((156_250, 781_250, 45), "0.01562,0.07812,45"),
        ((488_777_850, 93_488_950, 5), f"{48.877785:.5f},{9.348895:.5f},5"),
    ],
)
def test_single_points_read_as_they_must(point: tuple[int, int, int], text: str) -> None:
    assert points_text(*columns([point])) == text.encode()


def test_no_point_is_an_empty_text_and_the_last_has_no_semicolon() -> None:
    assert points_text(*columns([])) == b""
    assert points_text(*columns([(0, 0, 0)] * 3)) == b"0.00000,0.00000,0;0.00000,0.00000,0;0.00000,0.00000,0"


def test_a_location_never_has_a_negative_zero() -> None:
    assert location_text(-0.0000001, -0.000004999) == "0.00000,0.00000"
    assert location_text(-0.00001, 9.348889) == "-0.00001,9.34889"
