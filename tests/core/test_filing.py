"""What the journal holds is filed once, whatever happens in between."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
import zstandard

from fleetline.app.plug import find_protocols
from fleetline.core.filing import Filing
from fleetline.core.groups import Frames, pack_frames, squeezed, unpack_frames
from fleetline.core.parts import file_frames, read_parts
from fleetline.core.ports.history import DeviceFacts, Part
from fleetline.model.errors import Unavailable
from fleetline.model.motion import Report
from fleetline.model.settling import concatenate, merge
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import MemoryJournal

NOW = 1_773_100_800_000
PROTOCOLS = find_protocols()


def frames_of(times_ms: Sequence[int], per_packet: int = 3) -> list[bytes]:
    reports = [
        Report(
            fix_at_ms=at,
            valid=True,
            lat_deg=48.0,
            lon_deg=9.0,
            speed_kmh=50,
            course_deg=10,
            altitude_m=200,
            satellites=9,
        )
        for at in times_ms
    ]
    encode = PROTOCOLS["teltonika"].encode
    assert encode is not None
    return encode("350000000000006", reports, records_per_packet=per_packet)[1:]  # type: ignore[call-arg]  # its own option


def group_of(device_id: int, times_ms: Sequence[int], received_ms: int = NOW, per_packet: int = 3) -> Frames:
    frames = frames_of(times_ms, per_packet)
    return Frames([device_id] * len(frames), [received_ms] * len(frames), ["teltonika"] * len(frames), frames)


def times_in(parts: Sequence[Part]) -> list[int]:
    return merge(concatenate(read_parts(parts, PROTOCOLS))).rows["at_ms"].tolist()


def test_frames_are_sorted_into_device_hours_and_a_frame_over_the_border_stands_in_both() -> None:
    border = NOW - NOW % 3_600_000
    times = [border - 2000, border - 1000, border, border + 1000]
    filed = file_frames([group_of(7, times, per_packet=4), group_of(8, times[:1])], PROTOCOLS, {})
    assert [(part.device_id, part.hour - border // 3_600_000) for part in filed.parts] == [(7, -1), (7, 0), (8, -1)]
    assert times_in(filed.parts[:1]) == times[:2]
    assert times_in(filed.parts[1:2]) == times[2:]
    assert filed.heard == {7: NOW, 8: NOW}
    assert filed.refusals == []


def test_reports_that_cannot_be_are_refused_with_a_reason_and_the_others_of_the_frame_are_kept() -> None:
    times = [NOW + 3_600_000, NOW - 1000, 5_000_000]
    filed = file_frames([group_of(7, times)], PROTOCOLS, {})
    assert sorted((r.reason, r.reports) for r in filed.refusals) == [("future", 1), ("too_old", 1)]
    assert all(r.frame == frames_of(times)[0] for r in filed.refusals)
    assert times_in(filed.parts) == [NOW - 1000]


def test_a_devices_clock_offset_and_its_first_day_here_are_heeded_when_parts_are_read_again() -> None:
    facts = {7: DeviceFacts(clock_offset_ms=-7_200_000, ours_from_ms=NOW - 5000)}
    filed = file_frames([group_of(7, [NOW + 7_200_000 - 9000, NOW + 7_200_000 - 1000])], PROTOCOLS, facts)
    assert [(r.reason, r.reports) for r in filed.refusals] == [("not_ours", 1)]
    assert times_in(filed.parts) == [NOW - 1000]


def test_a_broken_frame_costs_only_itself() -> None:
    good = group_of(7, [NOW - 1000])
    broken = Frames(
        [7, *good.device_ids], [NOW, NOW], ["teltonika"] * 2, [good.frames[0][:-6] + b"\x00" * 6, *good.frames]
    )
    filed = file_frames([broken], PROTOCOLS, {})
    assert len(filed.refusals) == 1
    assert times_in(filed.parts) == [NOW - 1000]


def test_reports_of_two_protocols_in_one_group_are_both_filed() -> None:
    teltonika = group_of(7, [NOW - 1000])
    body = b"\n".join((b"", b"id=x&lat=1&lon=2&timestamp=%d" % (NOW // 1000), b""))
    both = Frames([7, 8], [NOW, NOW], ["teltonika", "osmand"], [teltonika.frames[0], body])
    filed = file_frames([both], PROTOCOLS, {})
    found = read_parts(filed.parts, PROTOCOLS)
    assert [int(columns.rows["at_ms"][0]) for columns in found] == [NOW - 1000, NOW - NOW % 1000]


async def parts_of(store: EngineStore, device_id: int) -> list[Part]:
    async with store.read() as tx:
        return await tx.history.parts_of_hours(device_id, 0, 10**7)


async def test_what_a_killed_run_left_in_the_journal_is_filed_exactly_once(engine: Engine) -> None:
    store, journal = EngineStore(engine), MemoryJournal()
    for second in range(200):
        await journal.append(pack_frames(group_of(7, [NOW + second * 1000], per_packet=1)))
    first = Filing(store, journal, 1, PROTOCOLS)
    await first.start()
    await first.stop()
    rows = list(journal.rows)
    assert (rows, first.waiting) == ([], 0)
    again = Filing(store, journal, 1, PROTOCOLS)
    await again.start()
    await again.stop()
    times = [t for columns in read_parts(await parts_of(store, 7), PROTOCOLS) for t in columns.rows["at_ms"].tolist()]
    assert sorted(times) == [NOW + second * 1000 for second in range(200)]


async def test_a_journal_row_that_was_filed_but_not_yet_forgotten_is_not_filed_again(engine: Engine) -> None:
    store, journal = EngineStore(engine), MemoryJournal()
    await journal.append(pack_frames(group_of(7, [NOW])))
    kept = list(journal.rows)
    filing = Filing(store, journal, 1, PROTOCOLS)
    await filing.start()
    await filing.stop()
    journal.rows = kept  # the process died between the commit and the clean-up
    again = Filing(store, journal, 1, PROTOCOLS)
    await again.start()
    await again.stop()
    assert len(await parts_of(store, 7)) == 1


async def test_packed_groups_are_read_back_by_what_they_hold_not_by_what_they_take(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, journal = EngineStore(engine), MemoryJournal()
    group = group_of(1, [NOW - 1000 * number for number in range(300)])
    for _ in range(40):
        await journal.append(squeezed(pack_frames(group), zstandard.ZstdCompressor()))
    size = sum(map(len, group.frames))
    assert len(journal.rows[0][1]) < size // 4, "packed well, as trackers' frames are"
    monkeypatch.setattr("fleetline.core.filing.READ_BYTES", 5 * size)
    asked = list[int]()

    async def read_after(journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        asked.append(limit)
        return await MemoryJournal.read_after(journal, journal_id, limit)

    journal.read_after = read_after  # type: ignore[method-assign]
    filing = Filing(store, journal, 1, PROTOCOLS)
    await filing.start()
    await filing.stop()
    assert max(asked) == 5
    assert sum(len(unpack_frames(part.body[24:]).frames) for part in await parts_of(store, 1)) >= 40 * len(group.frames)


async def test_flush_returns_when_everything_committed_before_it_is_filed(engine: Engine) -> None:
    store, journal = EngineStore(engine), MemoryJournal()
    filing = Filing(store, journal, 1, PROTOCOLS)
    await filing.start()
    for second in range(3):
        group = group_of(7, [NOW + second * 1000])
        filing.committed(await journal.append(pack_frames(group)), group)
    await filing.flush()
    assert times_in(await parts_of(store, 7)) == [NOW, NOW + 1000, NOW + 2000]
    filing.touched[9] = NOW + 5
    filing.touch()
    await filing.flush()
    async with store.read() as tx:
        assert [(row.device_id, row.heard_at_ms) for row in await tx.history.latest([7, 9])] == [(7, NOW), (9, NOW + 5)]
    await filing.stop()


async def test_while_the_store_is_away_the_journal_keeps_everything_and_filing_goes_on_afterwards(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, journal = EngineStore(engine), MemoryJournal()
    filing = Filing(store, journal, 1, PROTOCOLS)
    await filing.start()
    working = engine.write

    def away() -> object:
        raise Unavailable("the server closed the connection")

    monkeypatch.setattr(engine, "write", away)
    group = group_of(7, [NOW])
    filing.committed(await journal.append(pack_frames(group)), group)
    with pytest.raises(Unavailable):
        await filing.flush()
    await asyncio.sleep(0.7)
    assert filing.trouble == "the server closed the connection"
    monkeypatch.setattr(engine, "write", working)
    await filing.flush()
    await filing.stop()
    assert (times_in(await parts_of(store, 7)), filing.trouble) == ([NOW], None)


def test_times_are_the_same_by_the_short_way_and_by_decoding() -> None:
    frames = [frame for group in ([NOW, NOW + 1000], [NOW + 5, NOW - 9, NOW]) for frame in frames_of(group)]
    for protocol in PROTOCOLS.values():
        if protocol.times is None:
            continue
        at_ms, frame, refused = protocol.times(frames)
        decoded = protocol.decode_many(frames)
        assert np.array_equal(at_ms, decoded.columns.rows["at_ms"])
        assert np.array_equal(frame, decoded.frame)
        assert refused == decoded.refused
