"""What the whole program answers, with its journal, parts, checkpoints and caches, is what one plain fold says."""

import random

import msgspec
import pytest

from fleetline.api.dialects.fleetize.day import day_json
from fleetline.api.dialects.fleetize.device import device_json
from fleetline.api.dialects.fleetize.scope import DEVICE_FIELDS, EVERYTHING
from fleetline.model.motion import Rows
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.kit import HandClock
from tests.model.trips_kit import DAY_S, join, report

START_S = DAY_S + 15 * 3600


def outing(seed: int) -> Rows:
    """Two days of driving and standing by chance; some reports arrive late, some trackers tell no ignition."""
    chance = random.Random(seed)
    rows, at_s, lat, lon = [], float(START_S), 48.0, 10.0
    knows_ignition = chance.random() < 0.7
    late_s = 0.0
    while at_s < START_S + 86_400:
        drives = chance.random() < 0.6
        for _ in range(chance.randrange(5, 40)):
            at_s += chance.choice([10, 20, 30, 60, 61])
            if drives:
                lat += chance.uniform(0.001, 0.006)
                lon += chance.uniform(-0.002, 0.004)
            late_s = max(0.0, late_s + (chance.uniform(600, 7200) if chance.random() < 0.02 else -300))
            rows.append(
                report(
                    at_s,
                    lat + chance.uniform(-1e-5, 1e-5),
                    lon,
                    speed=chance.randrange(20, 90) if drives else 0,
                    ignition=drives or chance.random() < 0.3 if knows_ignition else None,
                    received_s=round(at_s + 2 + late_s),
                    supply_mv=chance.randrange(12_000, 14_500),
                    course_e2=chance.randrange(360) * 100,
                )
            )
        if not drives:
            at_s += chance.choice([0, 120, 400, 3000, 9000])
    made = join(rows)
    # a tracker's seconds and its ten-millionths of a degree are whole numbers
    made["at_ms"] = made["at_ms"] // 1000 * 1000
    return made


@pytest.mark.parametrize("seed", range(4))
async def test_the_program_answers_what_one_plain_fold_says(make: MakeWorld, clock: HandClock, seed: int) -> None:
    car = Car(1, mileage_km=500, rows=outing(seed))
    clock.ms = DAY_S * 1000
    world = await make(car, stored=True)
    assert world.station is not None
    for moment_s in sorted(random.Random(seed).sample(range(START_S, START_S + 130_000), 6)):
        await world.station.go_on(moment_s * 1000)
        now_ms = clock.ms
        for day_s in (None, DAY_S, DAY_S + 86_400):
            answer = await world.call("device", device=1, **({} if day_s is None else {"time": day_s}))
            plain = day_json(await world.desk.day(1, day_s, now_ms), EVERYTHING, frozenset(), now_ms)
            assert answer.json() == msgspec.json.decode(plain), (moment_s, day_s)
        (view,) = await world.desk.devices(now_ms)
        listed = (await world.call("devicelist")).json()
        assert listed == [msgspec.json.decode(device_json(view, DEVICE_FIELDS, frozenset(), now_ms)[0])], moment_s
