"""Which reports count, and which of several of one instant wins."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.model.motion import MISSING_64, Columns, Report, columns_of
from fleetline.model.settling import (
    ACCEPTED,
    FUTURE,
    NOT_OURS,
    TOO_OLD,
    concatenate,
    merge,
    select,
    settle_times,
    verdicts,
)

NOW = 1_773_100_800_000


def settled(at_ms: int, received_ms: int = NOW, offset_ms: int = 0) -> int:
    return int(settle_times(np.array([at_ms]), np.array([received_ms]), offset_ms)[0])


def verdict(at_ms: int, *, tolerance_ms: int = 900_000, ours_from_ms: int = 0) -> int:
    return int(verdicts(np.array([at_ms]), np.array([NOW]), tolerance_ms, ours_from_ms)[0])


def test_a_report_without_any_time_counts_at_its_receipt() -> None:
    assert settled(MISSING_64) == NOW


def test_the_clock_offset_of_a_device_is_added_first() -> None:
    assert settled(NOW - 3_600_000, offset_ms=3_600_000) == NOW


def test_a_receiver_whose_week_number_rolled_over_is_moved_forward_by_1024_weeks() -> None:
    assert settled(NOW - 1024 * 7 * 86_400_000) == NOW
    old_but_true = NOW - 1024 * 7 * 86_400_000 + 90 * 86_400_000
    assert settled(old_but_true) == old_but_true


def test_reports_from_the_future_the_past_or_an_earlier_owner_are_refused() -> None:
    assert verdict(NOW + 900_000) == ACCEPTED
    assert verdict(NOW + 900_001) == FUTURE
    assert verdict(946_684_800_000) == ACCEPTED
    assert verdict(946_684_799_999) == TOO_OLD
    assert verdict(NOW - 1, ours_from_ms=NOW) == NOT_OURS


def one(**values: object) -> Columns:
    return columns_of([Report(fix_at_ms=NOW, **values)])  # type: ignore[arg-type]  # keywords of Report


def test_a_second_report_of_one_instant_fills_what_the_first_lacks() -> None:
    merged = merge(concatenate([one(lat_deg=1.0, lon_deg=2.0, valid=True), one(ignition=True, supply_v=12.5)]))
    assert len(merged) == 1
    row = merged.rows[0]
    assert (row["lat_e7"], row["supply_mv"], row["flags"]) == (10_000_000, 12_500, 7)


def test_a_fix_beats_none_and_more_satellites_beat_fewer() -> None:
    poor = one(lat_deg=1.0, lon_deg=1.0, valid=True, satellites=4)
    good = one(lat_deg=2.0, lon_deg=2.0, valid=True, satellites=9)
    none = one(satellites=20)
    for order in ([poor, good, none], [none, good, poor], [good, none, poor]):
        merged = merge(concatenate(order))
        assert (merged.rows["lat_e7"][0], merged.rows["satellites"][0]) == (20_000_000, 9)


reports = st.builds(
    Report,
    fix_at_ms=st.integers(NOW, NOW + 5),
    valid=st.booleans(),
    lat_deg=st.one_of(st.none(), st.sampled_from([1.0, 2.0])),
    lon_deg=st.sampled_from([1.0, 2.0]),
    satellites=st.one_of(st.none(), st.integers(0, 5)),
    ignition=st.one_of(st.none(), st.booleans()),
    odometer_m=st.one_of(st.none(), st.integers(0, 3)),
    attributes=st.dictionaries(
        st.sampled_from(["a", "b"]), st.one_of(st.integers(0, 3), st.sampled_from(["x", "y"])), max_size=2
    ),
)


@given(st.lists(reports, min_size=1, max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_order_repeats_and_borders_of_parts_never_change_what_is_stored(
    many: list[Report], random: object, cut: int
) -> None:
    whole = merge(columns_of(many))
    shuffled = many + many[:cut]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    pieces = [merge(columns_of(piece)) for piece in (shuffled[:cut], shuffled[cut:]) if piece]
    again = merge(concatenate([*pieces, whole]))
    assert (again.rows == whole.rows).all()
    for name in whole.extra:
        assert [str(v) for v in again.extra[name].tolist()] == [str(v) for v in whole.extra[name].tolist()]


def test_rows_are_selected_with_all_their_readings() -> None:
    columns = columns_of([Report(fix_at_ms=NOW + i, attributes={"n": i}) for i in range(3)])
    assert select(columns, np.array([2, 0])).extra["n"].tolist() == [2, 0]
