"""What is packed comes back as it was, in few bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.model.motion import MISSING_32, MISSING_64, ROW, Columns, Report, columns_of, empty_rows
from fleetline.model.packing import Damaged, pack_columns, unpack_columns


def same(a: Columns, b: Columns) -> bool:
    return (
        bool((a.rows == b.rows).all())
        and set(a.extra) == set(b.extra)
        and all(
            a.extra[n].dtype == b.extra[n].dtype
            and np.array_equal(a.extra[n], b.extra[n], equal_nan=a.extra[n].dtype.kind == "f")
            for n in a.extra
        )
    )


numbers_64 = st.one_of(st.just(MISSING_64), st.integers(-(2**61), 2**61))
numbers_32 = st.one_of(st.just(MISSING_32), st.integers(-(2**31), 2**31 - 1))


@st.composite
def any_columns(draw: st.DrawFn) -> Columns:
    count = draw(st.integers(0, 30))
    rows = empty_rows(count)
    for name in ROW.names or ():
        kind = numbers_64 if ROW[name].itemsize == 8 else numbers_32
        rows[name] = draw(st.lists(kind, min_size=count, max_size=count))
    rows["flags"] = draw(st.lists(st.integers(0, 127), min_size=count, max_size=count))
    rows["received_at_ms"] = np.clip(rows["received_at_ms"], -(2**60), 2**60)
    rows["at_ms"] = np.clip(rows["at_ms"], -(2**60), 2**60)
    texts = np.empty(count, object)
    texts[:] = draw(st.lists(st.one_of(st.none(), st.text()), min_size=count, max_size=count))
    floats = np.array(draw(st.lists(st.floats(), min_size=count, max_size=count)), np.float64)
    integers = np.array(draw(st.lists(numbers_64, min_size=count, max_size=count)), np.int64)
    return Columns(rows, {"text": texts, "float": floats, "integer": integers})


@given(any_columns())
@settings(max_examples=60, deadline=None)
def test_any_columns_come_back_as_they_were(columns: Columns) -> None:
    assert same(unpack_columns(pack_columns(columns)), columns)


def test_only_the_wanted_columns_are_unpacked() -> None:
    columns = columns_of([Report(fix_at_ms=1000, lat_deg=1.5, lon_deg=2.5, speed_kmh=7, attributes={"io_9": 3})])
    found = unpack_columns(pack_columns(columns), only=["at_ms", "lat_e7"])
    assert found.rows["lat_e7"][0] == 15_000_000
    assert found.rows["speed_e2"][0] == MISSING_32
    assert found.extra == {}


def test_bytes_that_were_never_packed_are_called_damaged() -> None:
    whole = pack_columns(columns_of([Report(fix_at_ms=1000)]))
    for broken in (b"", b"\x02abc", whole[:-3], whole[:1] + b"junk"):
        with pytest.raises(Damaged):
            unpack_columns(broken)


def test_an_hour_of_driving_at_one_hertz_needs_less_than_ten_bytes_a_position() -> None:
    random = np.random.default_rng(7)
    count = 3600
    rows = empty_rows(count)
    rows["at_ms"] = 1_773_100_800_000 + np.arange(count) * 1000
    rows["received_at_ms"] = np.repeat(rows["at_ms"][29::30], 30) + random.integers(100, 900, 120).repeat(30)
    speed = np.clip(np.cumsum(random.normal(0, 0.6, count)) + 14, 0, 30)
    heading = np.cumsum(random.normal(0, 0.03, count))
    rows["lat_e7"] = 480_000_000 + np.cumsum(speed * np.cos(heading)) * 89.9 + random.normal(0, 4, count)
    rows["lon_e7"] = 90_000_000 + np.cumsum(speed * np.sin(heading)) * 134 + random.normal(0, 6, count)
    rows["speed_e2"] = np.round(speed * 3.6) * 100
    rows["course_e2"] = np.round(np.degrees(heading) % 360) * 100
    rows["altitude_dm"] = np.round(250 + np.cumsum(random.normal(0, 0.2, count))) * 10
    rows["satellites"] = 11 + random.integers(-1, 2, count)
    rows["odometer_m"] = 100_000 + np.cumsum(speed)
    rows["flags"] = 7
    packed = pack_columns(Columns(rows, {"gsm_signal": np.full(count, 4)}))
    assert len(packed) / count < 9.9
    assert same(unpack_columns(packed), Columns(rows, {"gsm_signal": np.full(count, 4)}))
