"""All ids of a filter: what a bulk call on everything that matches is made with, for nobody more than they may see."""

from tests.api.own_kit import Installation, Person


async def test_the_ids_of_a_filter_come_whole_and_in_its_order(boss: Person) -> None:
    numbers = await boss.add_vehicles("V1", "V2", "X3")
    assert await boss.get("/vehicles/matching?sort=-external_id&q=v") == {
        "count": 2, "ids": [numbers[1], numbers[0]],
    }  # fmt: skip
    await boss.do("DELETE", "/vehicles", [numbers[0]])
    assert (await boss.get("/vehicles/matching"))["ids"] == numbers[1:]
    assert (await boss.get("/vehicles/matching?archived=true"))["ids"] == [numbers[0]]


async def test_another_accounts_things_never_match(here: Installation, boss: Person) -> None:
    await boss.add_vehicles("V1")
    other = await here.account("Other")
    assert await other.get("/vehicles/matching") == {"count": 0, "ids": []}


async def test_a_test_position_needs_a_process_that_takes_reports(boss: Person) -> None:
    [device] = await boss.add_devices("Van")
    answer = await boss.call("POST", f"/devices/{device}/test-position", {"lat_deg": 1, "lon_deg": 2})
    assert (answer.status, answer.json()["code"]) == (403, "no_intake")
    assert (await boss.call("POST", f"/devices/{device}/test-position", {"lat_deg": 91})).status == 422
