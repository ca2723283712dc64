"""What a device does and what is wrong with it, by its reports and by the clock (fleetize Z-72, Z-73, section 10)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetline.model.motion import POWER_CUT, POWER_RESTORED, TAMPERED, Rows
from fleetline.model.trips.fold import Fold
from fleetline.model.trips.latest import Latest
from fleetline.model.trips.live import Live, live, served_day
from fleetline.model.trips.thresholds import Thresholds
from fleetline.model.trips.watch import Alarm, Watch
from tests.model.trips_kit import DAY_S, Script, join, report, routes_by

T = Thresholds()
START_S = DAY_S + 8 * 3600


class Tracker:
    """One device through every machine, message by message."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.latest = Latest()
        self.watch = Watch()
        self.heartbeat_ms: int | None = None
        self.alarms: list[Alarm] = []

    def hear(self, rows: Rows) -> "Tracker":
        received = int(rows["received_at_ms"].max())
        self.alarms += self.watch.tick(received, self.fold.view(received), T)
        self.heartbeat_ms = received
        self.latest.merge(rows)
        self.fold.feed(rows)
        self.alarms += self.watch.feed(rows, self.fold.view(received), T)
        return self

    def beat(self, now_s: float) -> "Tracker":
        self.heartbeat_ms = round(now_s * 1000)
        self.alarms += self.watch.hear(self.heartbeat_ms)
        return self

    def at(self, now_s: float, *, retired: bool = False) -> Live:
        now = round(now_s * 1000)
        return live(
            self.fold.view(now),
            self.latest,
            self.watch,
            now,
            thresholds=T,
            heartbeat_ms=self.heartbeat_ms,
            retired=retired,
        )


def driving(ignition: bool | None = True) -> tuple[Tracker, Script]:
    script = Script(START_S).stand(60, ignition).leave(ignition).drive(2, 40, ignition)
    return Tracker().hear(script.done()), script


def more(tracker: Tracker, script: Script, told: int) -> Tracker:
    """Deliver what the script wrote after its first `told` reports."""
    return tracker.hear(join(script.rows[told:]))


def test_a_device_never_heard_of_is_unused_and_has_no_error() -> None:
    state = Tracker().at(START_S)
    assert (state.status_code, state.error_code, state.lat_e7, state.speed_kmh) == (5, 0, None, None)
    assert state.valid_until_ms is None


def test_a_first_heartbeat_makes_it_not_moved_yet() -> None:
    assert Tracker().beat(START_S).at(START_S + 1).status_code == 4


def test_a_retired_device_is_unused_again() -> None:
    tracker, script = driving()
    assert tracker.at(script.at_s + 3, retired=True).status_code == 5


def test_a_first_trip_at_40_kmh_is_active() -> None:
    tracker, script = driving()
    state = tracker.at(script.at_s + 3)
    assert (state.status_code, state.speed_kmh) == (2, 40)


def test_a_red_light_is_inactive_and_ignition_off_is_offline_at_once() -> None:
    tracker, script = driving()
    told = len(script.rows)
    script.stand(60, True)
    more(tracker, script, told)
    assert tracker.at(script.at_s).status_code == 3
    assert tracker.at(script.at_s).speed_kmh == 0
    tracker.hear(report(script.at_s + 5, 48.0 + script.north_m / 111_195, speed=0, ignition=False))
    assert tracker.at(script.at_s + 6).status_code == 1


def test_eleven_minutes_in_a_tunnel_are_offline_and_then_active() -> None:
    tracker, script = driving()
    told = len(script.rows)
    assert tracker.at(script.at_s + 590).status_code == 2
    assert tracker.at(script.at_s + 660).status_code == 1
    script.silent(661, 11_000).say(60, True)
    assert more(tracker, script, told).at(script.at_s + 3).status_code == 2


def test_a_device_that_is_offline_has_no_speed() -> None:
    tracker, script = driving()
    assert (tracker.at(script.at_s + 3).speed_kmh, tracker.at(script.at_s + 700).speed_kmh) == (40, 0)


def test_a_clock_ahead_of_time_does_not_hide_silence() -> None:
    tracker, script = driving()
    row = script.silent(700, 5000).say(40, True).rows[-1]
    received = script.at_s - 650
    row["received_at_ms"] = round(received * 1000)
    tracker.hear(row)
    assert [tracker.at(received + wait).status_code for wait in (600, 601)] == [2, 1]


def test_forty_minutes_of_idling_are_inactive_throughout() -> None:
    tracker, script = driving()
    for _ in range(40):
        script.at_s += 60
        script.say(0, True)
        tracker.hear(script.rows[-1])
        assert tracker.at(script.at_s + 30).status_code == 3


def test_a_replayed_past_is_not_the_present() -> None:
    script = Script(START_S).stand(60).leave().drive(2, 40)
    rows = script.done()
    rows["received_at_ms"] = round((script.at_s + 7200) * 1000)
    assert Tracker().hear(rows).at(script.at_s + 7201).status_code == 1


def test_unknown_ignition_in_a_parking_is_offline() -> None:
    tracker, script = driving(None)
    told = len(script.rows)
    script.stand(320, None).leave(None)
    state = more(tracker, script, told).at(script.at_s + 3)
    assert (state.status_code, state.parked) == (1, True)


def test_the_latest_value_wins_and_a_late_one_only_fills_what_is_missing() -> None:
    latest = Latest()
    latest.merge(join([report(START_S + 60, supply_mv=14_000)]))
    latest.merge(join([report(START_S, supply_mv=12_000, rpm=900)]))
    assert latest.supply_mv == (14_000, (START_S + 60) * 1000)
    assert latest.rpm == (900, START_S * 1000)
    assert latest.newest_ms == (START_S + 60) * 1000


def test_many_rows_merge_like_one_by_one() -> None:
    chance = np.random.default_rng(3)
    rows = join(report(START_S + i, rpm=int(chance.integers(0, 5)) or -(2**31), coolant_e1=i) for i in range(60))
    whole, single = Latest(), Latest()
    whole.merge(rows)
    for index in chance.permutation(60).tolist():
        single.merge(rows[index : index + 1])
    assert whole == single


def test_engine_speed_is_zero_while_ignition_is_off_and_unknown_when_never_told() -> None:
    script = Script(START_S).stand(60).leave().drive(2, 40)
    tracker = Tracker().hear(script.done())
    assert tracker.at(script.at_s).rpm is None
    row = script.silent(30, 300).say(40, True, rpm=2100).rows[-1]
    assert tracker.hear(row).at(script.at_s).rpm == 2100
    assert tracker.hear(script.silent(30, 0).say(0, False).rows[-1]).at(script.at_s).rpm == 0


def test_the_vehicles_own_speed_counts_before_that_of_the_fix() -> None:
    tracker, script = driving()
    row = script.silent(30, 400).say(50, True, obd_speed_e2=5250).rows[-1]
    assert tracker.hear(row).at(script.at_s).speed_kmh == 53


def test_the_heading_is_that_of_the_latest_moving_fix_and_kept_while_standing() -> None:
    tracker, script = driving()
    tracker.hear(script.silent(30, 500).say(60, True, course_e2=35_960).rows[-1])
    assert tracker.at(script.at_s).heading_deg == 0
    tracker.hear(script.silent(10, 0).say(0, True, course_e2=9000).rows[-1])
    assert tracker.at(script.at_s).heading_deg == 0


def test_without_a_change_of_the_clock_the_state_holds_until_it_says() -> None:
    tracker, script = driving()
    told = len(script.rows)
    more(tracker, script.stand(60, False), told)
    now = script.at_s
    seen = 0
    while (until := tracker.at(now).valid_until_ms) is not None and seen < 8:
        before, after = tracker.at(until / 1000 - 0.001), tracker.at(until / 1000)
        assert replace(tracker.at(now), valid_until_ms=None) == replace(before, valid_until_ms=None)
        assert after.valid_until_ms is None or after.valid_until_ms > until
        now = until / 1000
        seen += 1
    assert seen >= 3


def test_a_parking_by_the_clock_needs_no_message() -> None:
    tracker, script = driving()
    told = len(script.rows)
    begin = script.at_s + 10
    more(tracker, script.stand(20, False), told)
    assert not tracker.at(begin + 299).parked
    state = tracker.at(begin + 300)
    assert state.parked and state.parked_at_ms == begin * 1000


# errors


def event(at_s: float, flags: int = 0, **columns: Any) -> Rows:
    return report(at_s, 48.0, speed=0, ignition=False, flags=flags, **columns)


def test_a_power_cut_shows_at_once_and_its_return_is_a_modification_for_a_day() -> None:
    tracker = Tracker().hear(event(START_S)).hear(event(START_S + 60, POWER_CUT))
    cut = START_S + 60
    assert (tracker.at(cut + 5).error_code, tracker.at(cut + 5).error_ms) == (2, cut * 1000)
    tracker.hear(event(cut + 600, POWER_RESTORED))
    for now in (cut + 605, cut + 86_999):
        assert (tracker.at(now).error_code, tracker.at(now).error_ms) == (1, (cut + 600) * 1000)
    assert tracker.at(cut + 87_000).error_code in (0, 3)
    assert tracker.beat(cut + 87_000).at(cut + 87_000).error_code == 0
    assert [(alarm.code, alarm.raised) for alarm in tracker.alarms] == [(2, True), (2, False), (1, True)]


def test_a_supply_that_falls_away_counts_from_its_first_report_on_a_device_that_had_one() -> None:
    tracker = Tracker().hear(event(START_S, supply_mv=12_500)).hear(event(START_S + 60, supply_mv=200))
    assert tracker.at(START_S + 61).error_code == 0
    tracker.hear(event(START_S + 120, supply_mv=100))
    assert (tracker.at(START_S + 121).error_code, tracker.at(START_S + 121).error_ms) == (2, (START_S + 60) * 1000)
    assert tracker.hear(event(START_S + 180, supply_mv=12_000)).at(START_S + 181).error_code == 1
    never = Tracker().hear(event(START_S, supply_mv=0)).hear(event(START_S + 60, supply_mv=0))
    assert never.at(START_S + 61).error_code == 0


def test_tampering_is_a_modification_until_somebody_has_seen_it() -> None:
    tracker = Tracker().hear(event(START_S, TAMPERED))
    assert tracker.at(START_S + 5).error_code == 1
    assert [alarm.raised for alarm in tracker.watch.acknowledge((START_S + 9) * 1000)] == [False]
    assert tracker.at(START_S + 10).error_code == 0


def test_parked_and_silent_is_no_error_for_a_day() -> None:
    script = Script(START_S).stand(60).leave().drive(2).stand(400, False)
    tracker = Tracker().hear(script.done())
    contact = tracker.heartbeat_ms
    assert contact is not None
    assert tracker.at(contact / 1000 + 23 * 3600).error_code == 0
    late = tracker.at(contact / 1000 + 25 * 3600)
    assert (late.error_code, late.error_ms) == (3, contact)


def test_silence_on_the_way_is_no_signal_after_ten_minutes_until_any_message() -> None:
    tracker, _ = driving()
    contact = tracker.heartbeat_ms
    assert contact is not None
    assert tracker.at(contact / 1000 + 599).error_code == 0
    assert (tracker.at(contact / 1000 + 600).error_code, tracker.at(contact / 1000 + 600).error_ms) == (3, contact)
    tracker.alarms += tracker.watch.tick(contact + 700_000, tracker.fold.view(contact + 700_000), T)
    tracker.beat(contact / 1000 + 700)
    assert tracker.at(contact / 1000 + 701).error_code == 0
    assert tracker.alarms == [
        Alarm(3, True, contact + 600_000, contact),
        Alarm(3, False, contact + 700_000, contact),
    ]


def test_parked_with_ignition_on_silence_is_no_signal_after_ten_minutes() -> None:
    tracker, script = driving()
    told = len(script.rows)
    more(tracker, script.stand(5 * 3600, True, step_s=600), told)
    contact = tracker.heartbeat_ms
    assert contact is not None
    state = tracker.at(contact / 1000 + 600)
    assert (state.parked, state.ignition, state.error_code) == (True, True, 3)


def no_fix(tracker: Tracker, first_s: float, seconds: int, ignition: bool | None) -> Tracker:
    for at in range(0, seconds + 1, 60):
        tracker.hear(report(first_s + at, ignition=ignition))
    return tracker


def test_a_garage_with_ignition_off_is_no_error() -> None:
    tracker, script = driving()
    told = len(script.rows)
    more(tracker, script.stand(400, False), told)
    assert no_fix(tracker, script.at_s, 1800, False).at(script.at_s + 1801).error_code == 0


@pytest.mark.parametrize("ignition", [True, None])
def test_reports_without_a_fix_while_driving_are_no_gps_from_the_first_one(ignition: bool | None) -> None:
    tracker, script = driving(ignition)
    first = script.at_s + 30
    assert no_fix(tracker, first, 240, ignition).at(first + 241).error_code == 0
    state = no_fix(tracker, first + 270, 60, ignition).at(first + 335)
    assert (state.error_code, state.error_ms) == (4, first * 1000)
    script.silent(400, 300).say(40, ignition)
    assert tracker.hear(script.rows[-1]).at(script.at_s + 1).error_code == 0


@pytest.mark.parametrize("poor", [{"hdop_e2": 501}, {"satellites": 3}, {"accuracy_dm": 1001}])
def test_three_poor_fixes_running_are_bad_gps_until_three_good_ones(poor: dict[str, int]) -> None:
    tracker = Tracker()
    codes = []
    for index, columns in enumerate([{}, poor, poor, {}, poor, poor, poor, {}, {}, {}]):
        tracker.hear(event(START_S + 10 * index, **columns))
        codes.append((tracker.at(START_S + 10 * index + 3).error_code, tracker.at(START_S + 10 * index + 3).error_ms))
    begin = (START_S + 40) * 1000
    assert codes == [(0, None)] * 6 + [(5, begin)] * 3 + [(0, None)]


def test_reports_older_than_the_newest_change_no_error() -> None:
    tracker = Tracker().hear(event(START_S + 600))
    tracker.watch.feed(event(START_S, POWER_CUT), tracker.fold.view((START_S + 700) * 1000), T)
    assert tracker.at(START_S + 700).error_code == 0


def test_the_gravest_condition_is_shown_first() -> None:
    tracker = Tracker().hear(event(START_S, TAMPERED)).hear(event(START_S + 60, POWER_CUT | TAMPERED))
    assert tracker.at(START_S + 61).error_code == 2


def test_many_quiet_reports_leave_the_watch_as_one_by_one() -> None:
    script = Script(START_S).stand(60).leave().drive(10).stand(900, False)
    rows = script.done()
    rows["supply_mv"] = 12_600
    view = Fold().view(0)
    whole, single = Watch(), Watch()
    whole.feed(rows, view, T)
    for index in range(len(rows)):
        row = rows[index]
        single.hear(int(row["received_at_ms"]))
        single.newest_ms = int(row["at_ms"])
        single._report(row.item(), True, False, T, [])
    assert whole == single


# the served day


def test_the_latest_activity_day_is_that_of_the_route_until_an_hour_after_it() -> None:
    script = Script(DAY_S + 86_400 - 900).stand(60).leave().drive(30).stand(60, False)
    (route,) = routes_by(script.done(), script.at_s)
    day = DAY_S // 86_400
    assert route.day == day and route.destination_ms // 86_400_000 == day + 1
    assert served_day(route.destination_ms + 3_599_000, route, 0) == day
    assert served_day(route.destination_ms + 3_600_000, route, 0) == day + 1
    assert served_day(None, None, DAY_S * 1000) == day
