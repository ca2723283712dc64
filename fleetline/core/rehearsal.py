"""Reports sent in a device's name from inside, on the way of all others: a test position, data for a first look."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.core import fleet
from fleetline.core.administration import NotAllowed
from fleetline.core.fleet_writing import Answered, changing
from fleetline.core.intake import Intake, Link
from fleetline.core.registry_register import register
from fleetline.core.workspace import Workspace
from fleetline.model.errors import Invalid, Unavailable
from fleetline.model.motion import Report
from fleetline.model.registry import Added, Kept, NewDevice
from fleetline.model.wire import TrackerProtocol

PATIENCE_S: Final = 10.0
TAKEN: Final = b"+"
DENIED: Final = b"-"


@dataclass(frozen=True, slots=True)
class Sample:
    """An imagined vehicle with its tracker and what that has reported so far, ascending."""

    device: NewDevice
    reports: Sequence[Report]


Samples = Callable[[str, int], Sequence[Sample]]
"""(account id, now in ms) -> what an installation may be filled with."""


class _NoLine:
    """The far end of a link that has none."""

    def close(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Sends from inside. protocol: one that can be written as well as read; samples: made anew at each call"""

    intake: Intake
    protocol: TrackerProtocol
    samples: Samples

    async def test_position(
        self, workspace: Workspace, device_id: int, *, lat_deg: float | None, lon_deg: float | None, speed_kmh: float
    ) -> None:
        """File one report of this moment, marked with the attribute `test`; without a place at the latest known one.

        errors  NotAllowed; NotFound device; Invalid place: it has none; Unavailable
        """
        if not workspace.principal.administers or workspace.principal.read_only:
            raise NotAllowed("administrators")
        device = await fleet.device(workspace, device_id)
        if lat_deg is None or lon_deg is None:
            lat_deg, lon_deg = await self._place(workspace, device_id)
        now_ms = workspace.core.clock.now_ms()
        report = Report(
            fix_at_ms=now_ms, valid=True, lat_deg=lat_deg, lon_deg=lon_deg, speed_kmh=speed_kmh,
            attributes={"test": True},
        )  # fmt: skip
        await self._deliver(device_id, device.ident, [report])
        await self._settle(workspace)

    async def _place(self, workspace: Workspace, device_id: int) -> tuple[float, float]:
        assert workspace.core.history is not None, "what rehearses belongs to history"
        for view in await workspace.history.devices(workspace.core.clock.now_ms(), api_only=False):
            if view.device_id == device_id and view.live.lat_e7 is not None and view.live.lon_e7 is not None:
                return view.live.lat_e7 / 1e7, view.live.lon_e7 / 1e7
        raise Invalid("lat_deg", "is needed, because the device has no position yet")

    async def fill(self, workspace: Workspace) -> tuple[int, int]:
        """Register the samples and file what they reported: (how many, version of the registry, to undo by).

        errors  NotAllowed; Unavailable
        """
        samples = self.samples(workspace.account_id, workspace.core.clock.now_ms())
        answered = Answered()
        async with changing(workspace, 0, answered, atomic=False) as change:
            outcomes = await register(change.work, [sample.device for sample in samples])
        done = 0
        for sample, outcome in zip(samples, outcomes, strict=True):
            if isinstance(outcome, Added | Kept):
                await self._deliver(outcome.device_id, sample.device.ident, sample.reports)
                done += 1
        await self._settle(workspace)
        return done, answered.done.version

    async def _deliver(self, device_id: int, ident: str, reports: Sequence[Report]) -> None:
        """Returns when all of it is durable. errors: Unavailable"""
        assert self.protocol.encode is not None, "a protocol that can be written was asked for"
        link = Link(device_id, ident, self.protocol.name, _NoLine())
        answers: list[bytes] = []
        taken = asyncio.Event()
        frames = self.protocol.encode(ident, reports)

        def answer(said: bytes) -> None:
            answers.append(said)
            if len(answers) == len(frames):
                taken.set()

        for frame in frames:
            self.intake.deliver(link, frame, answer, TAKEN, DENIED, 1)
        try:
            await asyncio.wait_for(taken.wait(), PATIENCE_S)
        except TimeoutError as fault:
            raise Unavailable("the journal is busy") from fault
        if DENIED in answers:
            raise Unavailable("the journal cannot be written")

    async def _settle(self, workspace: Workspace) -> None:
        assert workspace.core.history is not None, "what rehearses belongs to history"
        await workspace.core.history.settle()
