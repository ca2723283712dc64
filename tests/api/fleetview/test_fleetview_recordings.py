"""The recorded calls of this API are answered byte for byte.

A recording: `plan` of the account, `uuids` and `secrets` that are drawn first, and `calls` in order, each with the
seconds to `wait` before it, `headers` sent, and what is answered: `status`, `answer` and the headers that are named.
KEY, CID, SECRET and TOKEN stand for the client's own.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.fleetview.kit import Client, World

FOLDER = Path(__file__).parents[2] / "recordings" / "fleetview"
RECORDINGS = sorted(FOLDER.glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def filled(text: str, client: Client) -> str:
    words = {"<KEY>": client.key, "<CID>": client.client_id, "<SECRET>": client.secret, "<TOKEN>": client.token}
    for word, value in words.items():
        text = text.replace(word, value)
    return text


async def played(world: World, client: Client, call: dict[str, Any]) -> dict[str, Any]:
    """What is answered, in the form of a recording."""
    world.clock.move(call.get("wait", 0))
    headers = [(name, filled(value, client)) for name, value in call["headers"].items()]
    body = filled(call.get("body", ""), client).encode()
    answer = await client.caller.call(call["method"], filled(call["target"], client), body, headers)
    kept = {name: answer.header(name) for name in call["answered"]}
    text = answer.text.replace(client.client_id, "<CID>") if answer.body else ""
    return {"status": answer.status, "answered": kept, "answer": text}


async def prepared(world: World, recording: dict[str, Any]) -> Client:
    client = await world.client(plan=recording.get("plan", "unlimited"), sign_in=recording.get("sign_in", True))
    world.ids.uuids, world.ids.secrets = list(recording.get("uuids", [])), list(recording.get("secrets", []))
    return client


def test_every_recording_is_played() -> None:
    assert len(RECORDINGS) == 9


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
async def test_a_recorded_call_is_answered_byte_for_byte(path: Path, world: World) -> None:
    recording = read(path)
    client = await prepared(world, recording)
    for call in recording["calls"]:
        expected = {name: call[name] for name in ("status", "answered", "answer")}
        assert await played(world, client, call) == expected, (path.stem, call["target"])
