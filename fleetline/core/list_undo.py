"""The undoing of a list: what one run changed is put back thing by thing, the last chunk first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
from msgspec import structs

from fleetline.core.fleet_undo import changes_of, undo_in
from fleetline.core.fleet_writing import Change
from fleetline.core.jobs import Work
from fleetline.core.list_import import Line, Order, Summary, order_of, packed, summary_of, unpacked
from fleetline.core.list_runs import Before, opened
from fleetline.core.ports.store import Tx
from fleetline.core.ports.world import Clock
from fleetline.core.power_fleets import fleet_of
from fleetline.core.registry_book import Writing
from fleetline.core.verdicts import Verdict
from fleetline.model.errors import NotFound
from fleetline.model.power import PowerResource
from fleetline.model.registry import Kind

BACK, LEFT = "taken_back", "left_alone"
REASONS: Final = {
    "stale": "was changed since",
    "unknown": "is not there any more",
    "duplicate": "what it was called before is in use",
}
NOUNS: Final = {"vehicle_group": "group", "driver_group": "group"}


class UndoRun:
    """Undoes runs; see `jobs.JobKind`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def run(self, work: Work) -> str:
        order, summary = order_of(work.job), summary_of(work.job)
        former = await self._former(work, order.of)
        finished = set(await work.parts("out"))
        for number, place in enumerate(reversed(former.versions or former.chunks)):
            if number in finished:
                continue
            async with work.chunk(number + 1) as tx:
                if order.what == "solar":
                    lines = await self._suns(tx, work.job.account_id, order, place)
                else:
                    lines = await self._registry(tx, work.job.account_id, order, place)
                for line in lines:
                    summary.counts[line.result] = summary.counts.get(line.result, 0) + 1
                await tx.power.add_part(work.job.job_id, "out", number, packed(lines))
                work.summary = msgspec.json.encode(summary).decode()
        return msgspec.json.encode(summary).decode()

    async def _former(self, work: Work, job_id: str) -> Summary:
        """What the run that is undone had come to."""
        async with work.chunk(work.job.done) as tx:
            job = await tx.power.job(work.job.account_id, job_id)
        if job is None:
            raise NotFound("import", job_id)
        return summary_of(job)

    async def _registry(self, tx: Tx, account_id: str, order: Order, version: int) -> list[Line]:
        work = await opened(tx, account_id, order, self._clock)
        named = await _names(tx, work, account_id, version)
        items = await undo_in(Change(tx, work, []), account_id, version)
        await work.finish()
        return [_line(kind, verdict, named.get((kind, verdict.id), ("", ""))) for kind, verdict in items]

    async def _suns(self, tx: Tx, account_id: str, order: Order, number: int) -> list[Line]:
        await tx.power.lock_account(account_id)
        body = await tx.power.part(order.of, "undo", number)
        before = msgspec.json.decode(unpacked(body), type=list[Before]) if body is not None else []
        present = await tx.power.resources(account_id, [one.resource_id for one in before])
        sites = [
            one.former.customer_site_id for one in before if one.former is not None and one.former.customer_site_id
        ]
        holders = await tx.power.holders(account_id, sites)
        now_ms = self._clock.now_ms()
        lines, gone, back, left = list[Line](), list[str](), list[PowerResource](), list[str]()
        for one in before:
            there = present.get(one.resource_id)
            reason = _hindrance(one, there, holders)
            lines.append(_solar_line(one, there or one.former, reason))
            if reason or there is None:
                continue
            if one.former is None:
                gone.append(one.resource_id)
            elif one.former.version != there.version:
                back.append(structs.replace(one.former, version=there.version + 1, updated_at_ms=now_ms))
            if one.joined and one.former is not None:
                left.append(one.resource_id)
        await self._put_back(tx, account_id, order, gone, back, left)
        return lines

    async def _put_back(
        self, tx: Tx, account_id: str, order: Order, gone: Sequence[str], back: Sequence[PowerResource],
        left: Sequence[str],
    ) -> None:  # fmt: skip
        now_ms, fleet_id = self._clock.now_ms(), order.choices.fleet_id
        await tx.power.touch_fleets_of(gone, now_ms)
        await tx.power.remove_resources(account_id, gone)
        await tx.power.keep_resources(back)
        if fleet_id is not None and left and await tx.power.fleets(account_id, [fleet_id]):
            fleet = await fleet_of(tx, account_id, fleet_id)
            if await tx.power.remove_members(fleet_id, left):
                await tx.power.keep_fleet(replace(fleet, updated_at_ms=now_ms, version=fleet.version + 1))


def _solar_line(one: Before, shown: PowerResource | None, reason: str) -> Line:
    key, name = ("", one.resource_id) if shown is None else (shown.customer_site_id or "", shown.name)
    return Line(row=0, key=key, name=name, id=one.resource_id, result=LEFT if reason else BACK, detail=reason)


def _hindrance(one: Before, there: PowerResource | None, holders: dict[str, PowerResource]) -> str:
    """Why a resource is left as it is; empty for none."""
    if there is None:
        return "" if one.former is None else REASONS["unknown"]
    if there.version != one.version:
        return REASONS["stale"]
    holder = holders.get(one.former.customer_site_id or "") if one.former is not None else None
    return REASONS["duplicate"] if holder is not None and holder.resource_id != one.resource_id else ""


async def _names(tx: Tx, work: Writing, account_id: str, version: int) -> dict[tuple[str, int], tuple[str, str]]:
    """(kind, id) -> (external id or number, name) of everything that a call changed."""
    changes = [logged.change for logged in await changes_of(tx.registry, account_id, version)]
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for kind in Kind:
        ids = sorted({change.item_id for change in changes if change.kind == kind.value})
        for member in await tx.registry.members_by_ids(work.book, kind, ids) if ids else []:
            found[kind.value, member.member_id] = (member.external_id, member.name)
    for change in changes:
        place = (change.kind, change.item_id)
        if place not in found and change.action == "added":
            key = str(change.detail.get("external_id") or change.detail.get("ident") or "")
            found[place] = (key, str(change.detail.get("name") or ""))
    return found


def _line(kind: str, verdict: Verdict, named: tuple[str, str]) -> Line:
    detail = "" if verdict.good else REASONS.get(verdict.outcome) or verdict.reason
    noun = NOUNS.get(kind, kind)
    return Line(
        row=0, key=named[0], name=named[1] or f"{noun} {verdict.id}", id=str(verdict.id),
        result=BACK if verdict.good else LEFT, detail=f"{noun} {detail}".strip(),
    )  # fmt: skip
