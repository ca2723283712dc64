"""One call of every route of this API, in an order in which all of them work on a fresh installation."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetline.api.dialects.own.examples_solar import IMPORTS, SOLAR
from fleetline.api.guide import Example

ROOT: Final = "/api/v1"
OUTCOME: Final = "outcomes[0].id"
OTHER: Final = "outcomes[1].id"
DAY: Final = {"from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z"}
ENDLESS: Final = "goes on for ever"


def var(name: str) -> str:
    return "{{" + name + "}}"


def number(name: str) -> str:
    """In a JSON body: the variable as a number."""
    return "{{#" + name + "}}"


def _members(kind: str, short: str, change: Mapping[str, Any]) -> Iterator[tuple[str, Example]]:
    """Vehicles or drivers."""
    path, name = f"/{kind}s", f"{kind}Id"
    one = {f"{kind}_id": var(name)}
    columns = f"{kind.title()} ID,{kind.title()} Name"
    items = [
        {"external_id": f"{short}1", "name": f"{kind.title()} 1"},
        {"external_id": f"{short}2", "name": f"{kind.title()} 2"},
    ]
    yield f"GET {path}", Example(query={"q": kind, "sort": "name", "limit": "50"})
    yield f"POST {path}", Example(body=items, keeps={name: OUTCOME, f"other{kind.title()}Id": OTHER})
    yield f"PATCH {path}", Example(body=[{"id": number(name), **change}])
    yield f"DELETE {path}", Example(body=[number(f"other{kind.title()}Id")])
    yield f"POST {path}/restore", Example(body=[number(f"other{kind.title()}Id")])
    yield f"GET {path}/matching", Example(query={"q": kind})
    yield f"GET {path}/export", Example()
    yield (
        f"POST {path}/import",
        Example(query={"preview": "true"}, body=f"{columns}\n{short}3,{kind.title()} 3\n", media="text/csv"),
    )
    yield f"GET {path}/{{{kind}_id}}", Example(path=one)
    yield f"PATCH {path}/{{{kind}_id}}", Example(path=one, body={"name": f"{kind.title()} one"})
    yield f"DELETE {path}/{{{kind}_id}}", Example(path=one, at_end=True)
    yield f"GET {path}/{{{kind}_id}}/changes", Example(path=one)


def _groups(kind: str) -> Iterator[tuple[str, Example]]:
    path, name, other = f"/{kind}-groups", f"{kind}GroupId", f"other{kind.title()}GroupId"
    one = {"group_id": var(name)}
    yield f"GET {path}", Example()
    yield f"POST {path}", Example(body=[{"name": "North"}, {"name": "South"}], keeps={name: OUTCOME, other: OTHER})
    yield f"PATCH {path}", Example(body=[{"id": number(other), "parent_id": number(name)}])
    yield f"DELETE {path}", Example(body=[number(other)])
    yield f"POST {path}/restore", Example(body=[number(other)])
    yield f"GET {path}/{{group_id}}", Example(path=one)
    yield f"PATCH {path}/{{group_id}}", Example(path=one, body={"name": "North and west"})
    yield f"DELETE {path}/{{group_id}}", Example(path=one, at_end=True)
    yield f"POST {path}/{{group_id}}/members", Example(path=one, body=[number(f"{kind}Id")])
    yield f"DELETE {path}/{{group_id}}/members", Example(path=one, body=[number(f"{kind}Id")])


def _session() -> Iterator[tuple[str, Example]]:
    person = {"email": var("email"), "password": var("password")}
    yield "GET /status", Example(answer={"version": "1.0.0", "setup_needed": True})
    yield "POST /setup", Example(body={"organisation": "Acme", **person, "time_zone": "Europe/Berlin"})
    yield (
        "POST /session",
        Example(
            body={**person, "keep": "token"}, keeps={"bearerToken": "token"},
            answer={"token": "TOKEN", "csrf": None, "expires_in_s": 1209600},
            also=tuple(
                Example(title=f"Sign in {nth} time, for a session to end", body={**person, "keep": "token"})
                for nth in ("a second", "a third")
            ),
        ),
    )  # fmt: skip
    yield "GET /session", Example()
    yield "DELETE /session", Example(at_end=True)
    yield "PATCH /me", Example(body={"theme": "dark", "units": "metric"}, answer={"theme": "dark", "units": "metric"})
    yield "POST /me/password", Example(body={"current": var("password"), "new": var("password")}, at_end=True)
    yield "GET /me/sessions", Example(keeps={"sessionId": "items[0].id", "otherSessionId": "items[1].id"})
    yield "DELETE /me/sessions/{session_id}", Example(path={"session_id": var("sessionId")})
    yield "GET /openapi.json", Example()


def _devices() -> Iterator[tuple[str, Example]]:
    one = {"device_id": var("deviceId")}
    items = [
        {"ident": "350000000000006", "name": "Van 17", "type": "CAR", "mileage_km": 12500},
        {"ident": "350000000000014", "name": "Van 18"},
    ]
    yield "GET /devices", Example(query={"limit": "50"})
    yield "POST /devices", Example(body=items, keeps={"deviceId": OUTCOME, "otherDeviceId": OTHER})
    yield "PATCH /devices", Example(body=[{"id": number("deviceId"), "api": True}])
    yield "DELETE /devices", Example(body=[number("otherDeviceId")])
    yield "POST /devices/restore", Example(body=[number("otherDeviceId")])
    yield "GET /devices/export", Example()
    yield (
        "POST /devices/import",
        Example(
            query={"preview": "true"}, media="text/csv",
            body="imei,name,type,description,mileage\n350000000000022,Van 19,CAR,,800\n",
        ),
    )  # fmt: skip
    yield "GET /devices/{device_id}", Example(path=one)
    yield "PATCH /devices/{device_id}", Example(path=one, body={"clock_offset_s": 0})
    yield "DELETE /devices/{device_id}", Example(path=one, at_end=True)
    yield "GET /devices/{device_id}/fittings", Example(path=one)
    yield "GET /devices/{device_id}/calibrations", Example(path=one)
    yield "POST /devices/{device_id}/calibrations", Example(path=one, body={"mileage_km": 12600})
    yield "POST /devices/{device_id}/test-position", Example(path=one, body={"lat_deg": 48.7758, "lon_deg": 9.1829})
    yield "POST /demo-data", Example(left_out="fills the account with vehicles")
    yield "POST /fittings", Example(body=[{"device_id": number("deviceId"), "vehicle_id": number("vehicleId")}])
    yield "GET /vehicles/{vehicle_id}/fittings", Example(path={"vehicle_id": var("vehicleId")})


def _what_happens() -> Iterator[tuple[str, Example]]:
    yield "GET /search", Example(query={"q": "van"})
    yield "GET /changes", Example(query={"kind": "vehicle"}, keeps={"version": "items[0].version"})
    yield "POST /changes/{version}/undo", Example(path={"version": var("version")})
    yield "GET /audit", Example(query={"limit": "50"})
    yield "GET /live", Example()
    yield "GET /live/events", Example(left_out=ENDLESS)
    for kind in ("vehicle", "device"):
        one = {f"{kind}_id": var(f"{kind}Id")}
        yield f"GET /{kind}s/{{{kind}_id}}/trips", Example(path=one, query=DAY)
        yield f"GET /{kind}s/{{{kind}_id}}/positions", Example(path=one, query=DAY | {"format": "json"})
        yield f"GET /{kind}s/{{{kind}_id}}/days", Example(path=one, query={"from": "2026-06-01", "to": "2026-06-08"})


def _administration() -> Iterator[tuple[str, Example]]:
    user, key = {"user_id": var("userId")}, {"credential_id": var("credentialId")}
    yield "GET /account", Example()
    yield "PATCH /account", Example(body={"time_zone": "Europe/Berlin"})
    yield "GET /plans", Example()
    yield "GET /users", Example()
    yield (
        "POST /users",
        Example(body=[{"email": "dora@example.org", "role": "member"}], keeps={"userId": "outcomes[0].user.id"}),
    )
    yield "PATCH /users", Example(body=[{"id": var("userId"), "permissions": {"devices": "all"}}])
    yield "GET /users/{user_id}", Example(path=user)
    yield "PATCH /users/{user_id}", Example(path=user, body={"disabled": False})
    yield "POST /users/{user_id}/password", Example(path=user, body={"new": "another good password"})
    yield "GET /sessions", Example()
    yield "DELETE /sessions/{session_id}", Example(path={"session_id": var("otherSessionId")})
    yield "GET /credentials", Example()
    yield (
        "POST /credentials",
        Example(body={"kind": "fleetize-token", "name": "Reports"}, keeps={"credentialId": "credential.id"}),
    )
    yield "POST /credentials/{credential_id}/roll", Example(path=key, body={"overlap_s": 3600})
    yield "POST /credentials/{credential_id}/end-tokens", Example(path=key)
    yield "DELETE /credentials/{credential_id}", Example(path=key)
    yield "GET /requests", Example(query={"limit": "50"})


def _all() -> Iterator[tuple[str, Example]]:
    yield from _session()
    yield from _members("vehicle", "V", {"description": "Blue", "type": "CAR"})
    yield from _members("driver", "D", {"name": "Dora"})
    yield from _groups("vehicle")
    yield from _groups("driver")
    yield from _devices()
    yield from _what_happens()
    yield from _administration()
    yield from SOLAR
    yield from IMPORTS


EXAMPLES: Final[Mapping[str, Example]] = {
    f"{key.partition(' ')[0]} {ROOT}{key.partition(' ')[2]}": example for key, example in _all()
}
