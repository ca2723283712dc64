"""Nobody sees, counts or changes what is not theirs: every route of our own API, asked by strangers and members."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetline.api.dialects.own import DIALECT
from fleetline.api.routes import Route
from fleetline.model.access import Permissions
from tests.api.own_kit import ROOF, Installation, Person

MARK = "ALPHA"
SKIPPED = frozenset({"/api/v1/live/events", "/api/v1/setup"})
"""A stream, which tests/api/test_own_live.py hears; and what works only before there is any account."""
ROUTES = [route for route in DIALECT.routes if route.path not in SKIPPED and not route.is_open]


@dataclass
class Fleet:
    """One account full of things, all of which bear its mark."""

    boss: Person
    ids: Mapping[str, Any]

    async def all_of_it(self) -> list[Any]:
        """Everything that its owner sees, to be compared before and after."""
        paths = (
            "/vehicles", "/drivers", "/vehicle-groups", "/driver-groups", "/devices", "/users", "/sessions",
            "/credentials", "/account", "/changes", f"/devices/{self.ids['device_id']}/fittings",
            "/vehicles?archived=true", "/solar/resources", "/solar/fleets", "/imports",
        )  # fmt: skip
        return [await self.boss.get(path) for path in paths]


async def fleet(here: Installation, mark: str, lat: float = 47.1234567) -> Fleet:
    boss = await here.account(mark)
    [device] = await boss.add_devices(f"{mark} car")
    [vehicle] = (await boss.get("/vehicles"))["items"]
    [driver] = (await boss.do("POST", "/drivers", [{"external_id": f"{mark}-D", "name": f"{mark} driver"}]))["outcomes"]
    [group] = (await boss.do("POST", "/vehicle-groups", [{"name": f"{mark} group"}]))["outcomes"]
    await boss.do("POST", f"/vehicle-groups/{group['id']}/members", [vehicle["id"]])
    [gone] = await boss.add_vehicles(f"{mark}-gone")
    await boss.do("DELETE", "/vehicles", [gone])
    made = await boss.do("POST", "/credentials", {"kind": "fleetize-token", "name": f"{mark} token"}, 201)
    [user] = (await boss.do("POST", "/users", [{"email": f"member@{mark}.example"}]))["outcomes"]
    here.clock.move(1_200)
    now = here.clock.ms
    await here.drive(device, [now - 600_000 + 10_000 * step for step in range(60)], lat=lat)
    session = (await boss.get("/session"))["session_id"]
    [roof] = (await boss.do("POST", "/solar/resources", [{"name": f"{mark} roof", "site": ROOF}]))["outcomes"]
    suns = await boss.do("POST", "/solar/fleets", {"name": f"{mark} suns", "resource_ids": [roof["id"]]}, 201)
    asked = {"kind": "clear_sky", "from_at_ms": 0, "to_at_ms": 86_400_000, "resource_ids": [roof["id"]]}
    run = await boss.do("POST", "/solar/simulations", asked, 202)
    sheet = f"Vehicle ID\n{mark}-listed\n".encode()
    listed = (await boss.call("POST", "/imports?what=vehicles", sheet, [("content-type", "text/csv")])).json()
    return Fleet(
        boss,
        {
            "vehicle_id": vehicle["id"], "driver_id": driver["id"], "group_id": group["id"], "device_id": device,
            "credential_id": made["credential"]["id"], "user_id": user["user"]["id"], "session_id": session,
            "gone": gone, "version": 1_000_000, "resource_id": roof["id"], "fleet_id": suns["id"],
            "import_id": listed["id"], "simulation_id": run["id"],
        },
    )  # fmt: skip


def bodies(ids: Mapping[str, Any]) -> dict[str, Any]:
    """A body for each route that takes one, about the things with these ids."""
    vehicle, driver, group, device = ids["vehicle_id"], ids["driver_id"], ids["group_id"], ids["device_id"]
    return {
        "POST /vehicles": [{"external_id": "X", "name": "X", "group_ids": [group]}],
        "PATCH /vehicles": [{"id": vehicle, "name": "taken over"}],
        "DELETE /vehicles": [vehicle],
        "POST /vehicles/restore": [ids["gone"]],
        "POST /vehicles/import": b"Vehicle ID\nX2\n",
        "PATCH /vehicles/{vehicle_id}": {"name": "taken over"},
        "POST /drivers": [{"external_id": "X", "name": "X"}],
        "PATCH /drivers": [{"id": driver, "name": "taken over"}],
        "DELETE /drivers": [driver],
        "POST /drivers/restore": [driver],
        "POST /drivers/import": b"Driver ID\nX2\n",
        "PATCH /drivers/{driver_id}": {"name": "taken over"},
        "POST /vehicle-groups": [{"name": "X", "parent_id": group}],
        "PATCH /vehicle-groups": [{"id": group, "name": "taken over"}],
        "DELETE /vehicle-groups": [group],
        "PATCH /vehicle-groups/{group_id}": {"name": "taken over"},
        "POST /vehicle-groups/{group_id}/members": [vehicle],
        "DELETE /vehicle-groups/{group_id}/members": [vehicle],
        "POST /driver-groups": [{"name": "X", "parent_id": group}],
        "PATCH /driver-groups": [{"id": group, "name": "taken over"}],
        "DELETE /driver-groups": [group],
        "PATCH /driver-groups/{group_id}": {"name": "taken over"},
        "POST /driver-groups/{group_id}/members": [driver],
        "DELETE /driver-groups/{group_id}/members": [driver],
        "POST /vehicle-groups/restore": [group],
        "POST /driver-groups/restore": [driver],
        "POST /devices/restore": [device],
        "POST /devices": [{"ident": "350000000000099", "name": "X"}],
        "PATCH /devices": [{"id": device, "api": False}],
        "DELETE /devices": [device],
        "POST /devices/import": b"imei,name\n350000000000098,X3\n",
        "PATCH /devices/{device_id}": {"api": False},
        "POST /devices/{device_id}/calibrations": {"mileage_km": 5},
        "POST /devices/{device_id}/test-position": {"lat_deg": 12.0, "lon_deg": 9.0},
        "POST /fittings": [{"device_id": device, "vehicle_id": None}],
        "PATCH /me": {"theme": "dark"},
        "POST /me/password": {"current": "not this one", "new": "another one"},
        "PATCH /account": {"name": "X"},
        "POST /users": [{"email": "x@x.example"}],
        "PATCH /users": [{"id": ids["user_id"], "disabled": True}],
        "PATCH /users/{user_id}": {"disabled": True},
        "POST /users/{user_id}/password": {},
        "POST /solar/resources": [{"name": "X", "site": ROOF}],
        "PUT /solar/resources/{resource_id}": {"name": "taken over", "site": ROOF},
        "PATCH /solar/resources/{resource_id}": {"name": "taken over"},
        "PUT /solar/resources/{resource_id}/measurements": {"from_at_ms": 0, "step_s": 3600, "power_ac_kw": [1.0]},
        "POST /solar/simulations": {
            "kind": "clear_sky",
            "from_at_ms": 0,
            "to_at_ms": 86_400_000,
            "resource_ids": [ids["resource_id"]],
        },
        "POST /solar/fleets": {"name": "X", "resource_ids": [ids["resource_id"]]},
        "PUT /solar/fleets/{fleet_id}": {"name": "taken over"},
        "POST /solar/fleets/{fleet_id}/resources": [ids["resource_id"]],
        "DELETE /solar/fleets/{fleet_id}/resources": [ids["resource_id"]],
        "POST /imports": b"Vehicle ID\nX4\n",
        "POST /imports/{import_id}/again": {"preview": False},
        "POST /credentials": {"kind": "fleetize-token", "user_id": ids["user_id"]},
        "POST /credentials/{credential_id}/roll": {},
    }


OWN_THINGS = frozenset(
    {
        "POST /vehicles/import", "POST /drivers", "POST /drivers/import", "POST /devices", "POST /devices/import",
        "PATCH /me", "PATCH /account", "POST /users", "POST /solar/resources",
        "POST /imports",
    }
)  # fmt: skip
"""Calls that say nothing of anybody else's things, and so are carried out for whoever makes them."""


def name_of(route: Route) -> str:
    return f"{route.method} {route.path.removeprefix('/api/v1')}"


async def ask(person: Person, route: Route, ids: Mapping[str, Any]) -> Any:
    path = route.path.removeprefix("/api/v1")
    for name, value in ids.items():
        path = path.replace("{" + name + "}", str(value))
    if route.path.endswith("/search"):
        path += f"?q={MARK.lower()}"
    body = bodies(ids).get(name_of(route))
    kind = [("content-type", "text/csv")] if isinstance(body, bytes) else []
    return await person.call(route.method, path, body, kind)


def test_every_route_that_changes_something_is_asked_here() -> None:
    names = ("vehicle_id", "driver_id", "group_id", "device_id", "user_id", "gone", "resource_id", "fleet_id")
    asked = set(bodies(dict.fromkeys(names, 1)))
    takes = {name_of(route) for route in ROUTES if route.body is not None}
    assert asked == takes


async def test_two_accounts_never_meet_on_any_route(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    stranger = (await fleet(here, "beta", 12.0)).boss
    before = await theirs.all_of_it()
    for route in ROUTES:
        if name_of(route) == "DELETE /session":
            continue
        answer = await ask(stranger, route, theirs.ids)
        assert MARK.lower() not in answer.text.lower(), (name_of(route), answer.text)
        assert "47.12" not in answer.text and "471234567" not in answer.text, name_of(route)
        named = [part for part in route.path.split("/") if part.startswith("{")]
        if named:
            assert (answer.status, answer.json()["code"]) == (404, "not_found"), (name_of(route), answer.text)
        elif route.method != "GET" and name_of(route) not in OWN_THINGS and answer.status == 200:
            done = answer.json()
            assert (done["done"], done["refused"]) == (0, 1), (name_of(route), answer.text)
    after = await theirs.all_of_it()
    assert after == before


async def test_a_stranger_learns_the_same_of_what_is_anothers_and_of_what_never_was(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    stranger = (await fleet(here, "beta", 12.0)).boss
    nobody = {name: 4_000_000_001 if isinstance(value, int) else "cred_nobody" for name, value in theirs.ids.items()}
    for route in ROUTES:
        named = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        if not named:
            continue
        real, made_up = await ask(stranger, route, theirs.ids), await ask(stranger, route, nobody)
        for name in named:
            shown = str(theirs.ids[name]), str(nobody[name])
            one = real.text.replace(shown[0], "ID").split("request_id")[0]
            other = made_up.text.replace(shown[1], "ID").split("request_id")[0]
            assert (real.status, one) == (made_up.status, other), name_of(route)


async def test_every_route_wants_a_session(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    nobody = Person(here.caller, "nobody", "", "", "")
    for route in ROUTES:
        answer = await ask(nobody, route, theirs.ids)
        assert (answer.status, answer.json()["code"]) == (401, "not_signed_in"), name_of(route)
        assert answer.header("www-authenticate") == "Bearer"


async def test_a_member_changes_nothing_but_what_is_its_own(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    member = await here.person(theirs.boss.account_id, "m@x.example", permissions=Permissions(all_devices=True))
    before = await theirs.all_of_it()
    own = {"PATCH /me", "POST /me/password", "DELETE /me/sessions/{session_id}", "DELETE /session"}
    for route in ROUTES:
        if route.method == "GET" or name_of(route) in own:
            continue
        answer = await ask(member, route, theirs.ids)
        assert (answer.status, answer.json()["code"]) == (403, "not_allowed"), name_of(route)
    assert await theirs.all_of_it() == before


async def test_a_token_that_may_read_only_changes_nothing(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    made = await theirs.boss.do("POST", "/credentials", {"kind": "fleetline-token", "read_only": True}, 201)
    reader = Person(here.caller, made["secrets"]["token"], theirs.boss.account_id, "", "")
    before = await theirs.all_of_it()
    for route in ROUTES:
        if route.method == "GET":
            continue
        answer = await ask(reader, route, theirs.ids)
        assert (answer.status, answer.json()["code"]) == (403, "read_only"), name_of(route)
    after = await theirs.all_of_it()
    assert [part for part in after if part != before[after.index(part)]] == []


async def test_a_member_sees_what_is_granted_and_nothing_else_on_any_route(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    boss = theirs.boss
    [own_device] = await boss.add_devices("Mine")
    member = await here.person(boss.account_id, "m@x.example", permissions=Permissions(devices=frozenset({own_device})))
    for route in ROUTES:
        if route.method != "GET":
            continue
        answer = await ask(member, route, theirs.ids)
        text = answer.text.replace('"name":"ALPHA","plan"', "")  # the account's own name
        assert MARK not in text and "471234567" not in text, (name_of(route), answer.text)
        if {"vehicle_id", "driver_id", "group_id", "device_id"} & {part.strip("{}") for part in route.path.split("/")}:
            assert answer.status == 404, (name_of(route), answer.text)
    assert [v["name"] for v in (await member.get("/vehicles"))["items"]] == ["Mine"]
    assert (await member.get("/vehicle-groups"))["items"] == []
    assert (await member.get("/live"))["name"] == ["Mine"]


async def test_a_granted_group_shows_its_vehicles_and_those_of_the_groups_below(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    boss, group = theirs.boss, theirs.ids["group_id"]
    [below] = (await boss.do("POST", "/vehicle-groups", [{"name": "Below", "parent_id": group}]))["outcomes"]
    [other] = (await boss.do("POST", "/vehicle-groups", [{"name": "Other"}]))["outcomes"]
    low, _ = await boss.add_vehicles("LOW", "HIDDEN")
    await boss.do("POST", f"/vehicle-groups/{below['id']}/members", [low])
    await boss.do("POST", f"/vehicle-groups/{other['id']}/members", [low])
    member = await here.person(boss.account_id, "m@x.example", permissions=Permissions(groups=frozenset({below["id"]})))
    [seen] = (await member.get("/vehicles"))["items"]
    assert (seen["id"], [g["name"] for g in seen["groups"]]) == (low, ["Below"]), "another group of it stays unknown"
    [shown] = (await member.get("/vehicle-groups"))["items"]
    assert (shown["name"], shown["parent_id"]) == ("Below", None), "the way up stays unknown"
    assert (await member.get(f"/vehicles?group={other['id']}"))["items"] == []
    upper = await here.person(boss.account_id, "u@x.example", permissions=Permissions(groups=frozenset({group})))
    assert {v["id"] for v in (await upper.get("/vehicles"))["items"]} == {low, theirs.ids["vehicle_id"]}
    assert (await upper.get("/live"))["device_id"] == [theirs.ids["device_id"]]


async def test_withheld_parts_are_null_on_every_route_and_named_in_a_header(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    [device] = [theirs.ids["device_id"]]
    ident = (await theirs.boss.get(f"/devices/{device}"))["ident"]
    everything = frozenset({"imei", "sensors", "location", "mileage", "routes"})
    member = await here.person(
        theirs.boss.account_id, "m@x.example", permissions=Permissions(all_devices=True, withhold=everything)
    )
    for route in ROUTES:
        if route.method != "GET":
            continue
        answer = await ask(member, route, theirs.ids)
        assert ident not in answer.text, name_of(route)
        assert "47.12" not in answer.text and "471234567" not in answer.text, name_of(route)
    live = await member.call("GET", "/live")
    assert live.header("x-fleetline-withheld") == "imei, location, mileage, routes, sensors"
    assert (live.json()["lat_e7"], live.json()["mileage_km"]) == ([None], [None])
    assert (await theirs.boss.get("/live"))["lat_e7"] == [471234567]
    vehicle = await member.get(f"/vehicles/{theirs.ids['vehicle_id']}")
    assert (vehicle["device"]["ident"], vehicle["external_id"], vehicle["now"]["lat_deg"]) == (None, None, None)
    assert (await member.get(f"/vehicles/{theirs.ids['vehicle_id']}/trips"))["items"] is None
    positions = await member.get(f"/vehicles/{theirs.ids['vehicle_id']}/positions?attributes=true")
    assert set(positions["lat_e7"]) == {None} and set(positions["supply_v"]) == {None}
    assert positions["attributes"] is None
    # what is withheld is no way to find things either
    for path in (f"/vehicles?external_id={ident}", "/vehicles?sort=external_id", f"/devices?ident={ident}"):
        assert (await member.call("GET", path)).status == 422
    assert (await member.get(f"/vehicles?q={ident[:8]}"))["items"] == []
    assert (await member.get(f"/search?q={ident[:8]}"))["items"] == []


async def test_history_reaches_back_as_far_as_the_permissions_say(here: Installation) -> None:
    theirs = await fleet(here, MARK)
    member = await here.person(
        theirs.boss.account_id, "m@x.example", permissions=Permissions(all_devices=True, history_days=2)
    )
    vehicle, now = theirs.ids["vehicle_id"], here.clock.ms
    assert (await member.call("GET", f"/vehicles/{vehicle}/trips?from={now - 2 * 86_400_000}")).status == 200
    for what in ("trips", "positions"):
        answer = await member.call("GET", f"/vehicles/{vehicle}/{what}?from={now - 3 * 86_400_000}")
        assert (answer.status, answer.json()["code"]) == (403, "not_in_plan")
