"""One call of every route of this API with its answer, as the recordings of the test suite have them (rule T-110)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetline.api.dialects.trimble.lists import BASE_PATH
from fleetline.api.guide import Example

TOKEN: Final = {"token": "<JWT>", "expires": "2019-01-21T19:18:23.228Z"}
ACCOUNTS: Final = {
    "data": [
        {"AccountName": "Fleet Account 1", "AccountId": "FLTACC1"},
        {"AccountName": "Fleet Account 2", "AccountId": "FLTACC2"},
    ]
}
ADDED_AT: Final = "2020-05-27T20:36:06.647"
MERRY: Final = {"vehicleGroupId": 557474, "vehicleGroupName": "MerryHillVehicles", "modifiedOn": ADDED_AT}
CHERRY: Final = MERRY | {"vehicleGroupId": 557473, "vehicleGroupName": "CherryHillVehicles"}
NORTH: Final = {"vehicleGroupId": 557473, "vehicleGroupName": "North", "modifiedOn": "2020-05-28T08:00:00.1"}
VEHICLES: Final[Mapping[str, Any]] = {
    "added": {
        "error": {
            "message": "The request finished without adding duplicate vehicleIds for the Partner", "code": -12,
            "duplicate_ids": ["veh1"],
        },
        "data": [
            {"Id": 304954, "Name": "vehicle 2", "VehicleId": "veh2", "ModifiedOn": "2019-03-28T21:02:19.03"},
        ],
    },
    "renames": [{"vehicleId": "veh1", "Name": "vehicle new 1"}, {"vehicleId": "veh3", "Name": "vehicle 3"}],
    "renamed": {
        "error": {
            "message": "The request finished without updating non-existent vehicleIds", "code": -11,
            "ids_not_found": ["veh3"],
        },
        "data": [
            {"Id": 304953, "Name": "vehicle new 1", "VehicleId": "veh1", "ModifiedOn": "2019-03-28T20:44:54.673"},
        ],
    },
    "query": {}, "listed": None, "deleted": {"message": "Successfully deleted vehicle with Id: veh2"},
    "groups": {"message": "Successfully added all vehicle groups to the account.", "data": [CHERRY, MERRY]},
}  # fmt: skip
DRIVERS: Final[Mapping[str, Any]] = {
    "added": {
        "error": {
            "message": "The request finished without adding duplicate driverIds", "code": -12,
            "duplicate_ids": ["drv1"],
        },
        "data": [
            {"Id": 337318, "Name": "driver 2", "DriverId": "drv2", "ModifiedOn": "2019-03-29T14:19:17.34"},
        ],
    },
    "renames": [{"driverId": "drv9", "Name": "x"}],
    "renamed": {
        "error": {
            "message": "The request finished without updating non-existent driverIds", "code": -11,
            "ids_not_found": ["drv9"],
        },
        "data": [],
    },
    "query": {"limit": "1"},
    "listed": {
        "href": "https://fleet.example/api/assets/v1/drivers?limit=1", "offset": 0, "limit": 1, "size": 2,
        "first": {"href": "https://fleet.example/api/assets/v1/drivers?offset=0&limit=1"},
        "next": {"href": "https://fleet.example/api/assets/v1/drivers?offset=1&limit=1"},
        "last": {"href": "https://fleet.example/api/assets/v1/drivers?offset=1&limit=1"},
        "data": [
            {
                "id": 337317, "name": "driver 1", "driverId": "drv1", "modifiedOn": "2019-03-28T10:00:00",
                "driverGroups": [{"driverGroupId": 1345522, "driverGroupName": "CherryHillDrivers"}],
            }
        ],
    },
    "deleted": {"message": "Successfully deleted driver with Id: drv2"},
    "groups": [
        {"driverGroupId": 1345522, "driverGroupName": "CherryHillDrivers", "modifiedOn": "2023-02-15T14:00:40.09"},
        {"driverGroupId": 1345562, "driverGroupName": "MerryHillDrivers", "modifiedOn": "2023-02-15T14:00:40.09"},
    ],
}  # fmt: skip


def _members(noun: str, short: str, facts: Mapping[str, Any], group_id: str) -> Iterator[tuple[str, Example]]:
    """Examples of vehicles or drivers and of their groups. group_id: where the id of a new group stands"""
    key, path, groups = f"{noun}Id", f"{BASE_PATH}/{noun}s", f"{BASE_PATH}/{noun}groups"
    one = f"{groups}/{{{noun}GroupId}}"
    chosen = {f"{noun}GroupId": "{{" + f"{noun}GroupId" + "}}"}
    new = [{key: f"{short}1", "Name": f"{noun} 1"}, {key: f"{short}2", "Name": f"{noun} 2"}]
    names = [{f"{noun}GroupName": f"{hill}Hill{noun.title()}s"} for hill in ("Cherry", "Merry")]
    yield f"POST {path}", Example(body=new, answer=facts["added"])
    yield f"PUT {path}", Example(body=facts["renames"], answer=facts["renamed"])
    yield f"GET {path}", Example(query=facts["query"], answer=facts["listed"])
    yield f"DELETE {path}", Example(query={key: f"{short}2"}, answer=facts["deleted"], at_end=True)
    yield f"POST {groups}", Example(body=names, answer=facts["groups"], keeps={f"{noun}GroupId": group_id})
    yield (
        f"PUT {one}",
        Example(path=chosen, body={f"{noun}GroupName": "North"},
                answer={"message": f"Successfully updated {noun} group.", "data": True}),
    )  # fmt: skip
    yield f"GET {groups}", Example(answer=_group_list(noun))
    yield (
        f"PUT {one}/{noun}s",
        Example(path=chosen, body=[f"{short.upper()}1", f"{short}9", f"{short}1"], answer={
            "error": {
                "message": f"The request finished without assigning non-existent {key}s", "code": -11,
                "ids_not_found": [f"{short}9"],
            },
            "data": [f"{short}1"],
        }),
    )  # fmt: skip
    parted = {"message": f"Successfully unassigned all {noun}s from the {noun} group.", "data": [f"{short}1"]}
    yield f"DELETE {one}/{noun}s", Example(path=chosen, body=[f"{short}1"], answer=parted)
    deleted = {"message": f"Successfully deleted {noun} group with Id: 557473"}
    yield f"DELETE {one}", Example(path=chosen, answer=deleted, at_end=True)


def _group_list(noun: str) -> dict[str, Any]:
    address = f"https://fleet.example{BASE_PATH}/{noun}groups"
    records = [
        {f"{noun}GroupId": 557474, f"{noun}GroupName": f"MerryHill{noun.title()}s", "modifiedOn": ADDED_AT},
        {f"{noun}GroupId": 557473, f"{noun}GroupName": "North", "modifiedOn": "2020-05-28T08:00:00.1"},
    ]
    return {
        "href": address, "offset": 0, "limit": 20, "size": 2, "first": {"href": f"{address}?offset=0&limit=20"},
        "data": records,
    }  # fmt: skip


NONE: Final = "answers 501: this server has no route modifier sets"

EXAMPLES: Final[Mapping[str, Example]] = {
    f"POST {BASE_PATH}/accounts/authenticate": Example(
        body={"apiKey": "{{apiKey}}"}, answer=TOKEN, keeps={"bearerToken": "token"},
        also=(
            Example(
                title="Exchange a partner's key for a token", body={"apiKey": "{{partnerKey}}"},
                keeps={"partnerToken": "token"},
            ),
        ),
    ),
    f"GET {BASE_PATH}/accounts": Example(bearer="partnerToken", answer=ACCOUNTS),
    **dict(_members("vehicle", "veh", VEHICLES, "data[0].vehicleGroupId")),
    **dict(_members("driver", "drv", DRIVERS, "[0].driverGroupId")),
    f"GET {BASE_PATH}/avoidFavorSets": Example(left_out=NONE),
    f"GET {BASE_PATH}/avoidFavorSets/vehicleGroups": Example(left_out=NONE),
}  # fmt: skip
