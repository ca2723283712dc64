"""The recorded calls of the assets API are answered byte for byte."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fleetline.stores.engine import Engine
from tests.api.trimble_kit import assets_over, milliseconds, set_state
from tests.kit import CountedIds, HandClock

FOLDER = Path(__file__).parents[1] / "recordings" / "trimble"
RECORDINGS = sorted(FOLDER.glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_every_recording_is_played() -> None:
    assert len(RECORDINGS) == 27


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
async def test_a_recorded_call_is_answered_byte_for_byte(
    path: Path, engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path
) -> None:
    recording = read(path)
    assets = await assets_over(engine, clock, ids, tmp_path, public_url=recording.get("public_url", ""))
    clock.ms = milliseconds(recording["clock"])
    await set_state(engine, recording)
    for step in recording["calls"]:
        answer = await assets.call(step["method"], step["target"], step.get("body", ""), token=step.get("token", "own"))
        body = re.sub(r'"token":"[\w-]+\.[\w-]+\.[\w-]+"', '"token":"<JWT>"', answer.text)
        for ours, given in step.get("given", {}).items():  # ids that no sequence of ours would give
            body = body.replace(f":{ours},", f":{given},")
        assert (answer.status, body) == (step["status"], step["answer"]), (path.stem, step["target"])
        assert answer.header("content-type") == "application/json; charset=utf-8"
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-request-id")
