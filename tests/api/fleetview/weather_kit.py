"""What tests of weather share: its fields by short names, and the calls that push it and read power."""

from typing import Any

from tests.api.fleetview.kit import Client

GHI = "globalHorizontalIrradiance_WattsPerMeterSquared"
DNI = "directNormalIrradiance_WattsPerMeterSquared"
DHI = "diffuseHorizontalIrradiance_WattsPerMeterSquared"
TEMPERATURE = "ambientTemperature_DegreesC"
WIND = "windSpeed_MetersPerSecond"


def cell(latitude: float = 36.1, longitude: float = -80.0, **fields: Any) -> dict[str, Any]:
    return {"latitude": latitude, "longitude": longitude, **fields}


def push(*cells: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"kind": "observed", "startTime": "2025-06-21T14:00:00Z", "cells": list(cells), **changes}


async def stored(client: Client, body: dict[str, Any], source: str = "default") -> dict[str, Any]:
    answer = await client.send("PUT", f"/v1/weather/{source}", body)
    assert answer.status == 200, answer.text
    return dict(answer.json())


async def power(client: Client, resource_id: str, query: str = "") -> dict[str, Any]:
    span = "" if "startTime" in query else "&startTime=2025-06-21T14:00:00Z&endTime=2025-06-21T17:00:00Z"
    answer = await client.get(f"/v1/resources/{resource_id}/power?{query.removeprefix('&')}{span}")
    assert answer.status == 200, answer.text
    return dict(answer.json())


def watts(found: dict[str, Any]) -> list[float | None]:
    return [period["powerAC_kW"] for period in found["periods"]]
