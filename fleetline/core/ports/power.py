"""Solar resources, fleets, weather, jobs and measurements as the core asks for them inside one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fleetline.model.power import Fleet, PowerResource
from fleetline.model.resource import Place, ResourceFilter
from fleetline.model.resource_job import Job
from fleetline.model.weather import FileWeather, WeatherSource


@dataclass(frozen=True, slots=True)
class SitePlace:
    """Where a resource is and how many rows of the physics it has."""

    resource_id: str
    latitude_deg: float
    longitude_deg: float
    rows: int


class ResourceRows(Protocol):
    """Resources of accounts; each read takes the account it may see."""

    async def lock_account(self, account_id: str) -> None:
        """Nobody else changes the account's resources, fleets, sources or jobs until the transaction ends."""
        ...

    async def resources(self, account_id: str, resource_ids: Sequence[str]) -> dict[str, PowerResource]: ...

    async def holders(self, account_id: str, customer_site_ids: Sequence[str]) -> dict[str, PowerResource]:
        """Customer's own site id -> the resource that has it."""
        ...

    async def known(self, account_id: str, resource_ids: Sequence[str]) -> set[str]:
        """Those of the ids that are resources of the account."""
        ...

    async def places(self, account_id: str, resource_ids: Sequence[str]) -> list[SitePlace]:
        """Of those of the ids that are resources of the account."""
        ...

    async def find_resources(
        self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int
    ) -> list[PowerResource]:
        """By creation time, then id, from after that place."""
        ...

    async def find_resource_ids(
        self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int
    ) -> list[Place]:
        """The same walk with nothing but times and ids."""
        ...

    async def keep_resources(self, resources: Iterable[PowerResource]) -> None:
        """Add what is new and change what is not, all of one account.

        They enter and leave fleets that have a filter at once, which gives those fleets a new version.
        """
        ...

    async def remove_resources(self, account_id: str, resource_ids: Sequence[str]) -> int:
        """With their measurements and memberships; how many there were."""
        ...


class FleetRows(Protocol):
    """Fleets and who is in them."""

    async def fleets(self, account_id: str, fleet_ids: Sequence[str]) -> dict[str, Fleet]: ...

    async def fleet_named(self, account_id: str, name_key: str) -> Fleet | None: ...

    async def find_fleets(
        self, account_id: str, after: Place | None, most: int, resource_id: str | None = None
    ) -> list[Fleet]:
        """By creation time, then id; only those that a resource is in, when one is named."""
        ...

    async def keep_fleet(self, fleet: Fleet) -> None: ...

    async def refill_fleet(self, fleet: Fleet) -> None:
        """After its filter has changed: who fits it now is a member by it, who does not is none by it."""
        ...

    async def remove_fleet(self, fleet_id: str) -> None:
        """The resources stay."""
        ...

    async def listed_ids(self, fleet_id: str) -> list[str]:
        """Members that were put in by their ids, whether they fit the filter or not, in the order of their ids."""
        ...

    async def member_counts(self, fleet_ids: Sequence[str]) -> dict[str, int]: ...

    async def members(self, account_id: str, fleet_ids: Sequence[str]) -> list[PowerResource]:
        """Everybody in any of these fleets once, by creation, then id."""
        ...

    async def places_of_fleet(self, account_id: str, fleet_id: str) -> list[SitePlace]: ...

    async def member_sums(self, fleet_id: str) -> tuple[int, int]:
        """(rows of the physics, versions) of all members, added up."""
        ...

    async def add_members(self, fleet_id: str, resource_ids: Sequence[str]) -> int:
        """Put them on the list; how many were not on it before."""
        ...

    async def remove_members(self, fleet_id: str, resource_ids: Sequence[str]) -> int:
        """Take them off the list, those that fit the filter stay members; how many were on it."""
        ...

    async def touch_fleets_of(self, resource_ids: Sequence[str], at_ms: int) -> None:
        """A new version of every fleet that one of these resources is in."""
        ...


@dataclass(frozen=True, slots=True)
class WeatherRow:
    """Some days of one cell; see `model.weather`. steps: how many have enough light to compute with."""

    cell: int
    block: int
    steps: int
    body: bytes


class WeatherRows(Protocol):
    """Weather of accounts."""

    async def source(self, account_id: str, name: str) -> WeatherSource | None: ...

    async def sources(self, account_id: str) -> list[WeatherSource]: ...

    async def add_source(self, account_id: str, source: WeatherSource) -> None: ...

    async def remove_source(self, account_id: str, name: str) -> None:
        """With all its data."""
        ...

    async def weather_cells(self, account_id: str, source: str, kind: str, issue_at_ms: int = 0) -> list[int]:
        """In ascending order."""
        ...

    async def last_issue(self, account_id: str, source: str, by_ms: int) -> int | None:
        """The newest forecast issued by then."""
        ...

    async def issues(self, account_id: str, source: str) -> list[int]:
        """Ascending."""
        ...

    async def weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, cells: Sequence[int], blocks: tuple[int, int]
    ) -> list[WeatherRow]:
        """Blocks from the first to the last, both included."""
        ...

    async def weather_of_cell(self, account_id: str, source: str, kind: str, cell: int) -> list[WeatherRow]:
        """All blocks of one cell in order; of forecasts the newest issue's."""
        ...

    async def keep_weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, rows: Sequence[WeatherRow]
    ) -> None: ...

    async def remove_weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, cells: Sequence[tuple[int, int]]
    ) -> None:
        """Of these (cell, block); a cell without any block left is no longer one that has data."""
        ...

    async def weather_blocks(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, after: tuple[int, int], most: int
    ) -> list[WeatherRow]:
        """Cell by cell, block by block, from after that one."""
        ...


class JobRows(Protocol):
    """Jobs and the parts they read and write."""

    async def add_job(self, job: Job) -> None: ...

    async def job(self, account_id: str, job_id: str) -> Job | None: ...

    async def find_jobs(self, account_id: str, kinds: Sequence[str], after: Place | None, most: int) -> list[Job]:
        """Those of some kinds, by creation time, then id."""
        ...

    async def latest_jobs(self, account_id: str, kinds: Sequence[str], before: Place | None, most: int) -> list[Job]:
        """The other way round, from before that place."""
        ...

    async def count_jobs(self, account_id: str, state: str) -> int: ...

    async def job_waits(self, now_ms: int, most_running: int) -> bool:
        """Whether `claim_job` would find one."""
        ...

    async def claim_job(self, owner: str, now_ms: int, until_ms: int, most_running: int) -> Job | None:
        """The oldest that waits or whose owner is silent, of an account with fewer than that many running."""
        ...

    async def renew_job(self, job_id: str, owner: str, until_ms: int) -> bool:
        """False when the job is no longer this owner's: cancelled, removed or taken over."""
        ...

    async def change_job(self, job: Job) -> None:
        """Store state, progress, summary, times and owner."""
        ...

    async def remove_job(self, job_id: str) -> None: ...

    async def add_part(self, job_id: str, role: str, number: int, body: bytes) -> None:
        """One that is there already is replaced."""
        ...

    async def part(self, job_id: str, role: str, number: int) -> bytes | None: ...

    async def part_numbers(self, job_id: str, role: str) -> list[int]: ...

    async def remove_parts(self, job_id: str, role: str) -> None: ...

    async def finished_before(self, at_ms: int, most: int) -> list[str]: ...


class MeasurementRows(Protocol):
    """What the meters of resources said."""

    async def measurements(
        self, resource_ids: Sequence[str], step_s: int, blocks: tuple[int, int]
    ) -> list[tuple[str, int, bytes]]:
        """(resource_id, block, body) of blocks from the first to the last, both included."""
        ...

    async def keep_measurements(self, rows: Sequence[tuple[str, int, int, bytes]]) -> None:
        """rows: (resource_id, step_s, block, body)"""
        ...


@dataclass(frozen=True, slots=True)
class KeptReply:
    """The first reply to a call that carried a key against repetition; status 0: it is not answered yet."""

    request_hash: str
    status: int
    headers: str
    body: bytes
    at_ms: int


class ReplyRows(Protocol):
    """Replies that are given again."""

    async def claim_reply(self, account_id: str, key: str, request_hash: str, at_ms: int) -> bool:
        """False, and nothing changed, when the key is there already, claimed or answered."""
        ...

    async def renew_reply(self, account_id: str, key: str, at_ms: int) -> None:
        """A claim that is not answered yet is as fresh as this."""
        ...

    async def reply(self, account_id: str, key: str) -> KeptReply | None: ...

    async def keep_reply(self, account_id: str, key: str, reply: KeptReply) -> None:
        """In the place of its claim."""
        ...

    async def forget_reply(self, account_id: str, key: str, until_ms: int) -> None:
        """Unless it is younger than that."""
        ...

    async def forget_replies(self, until_ms: int, most: int) -> None:
        """Of all accounts, up to that many in one go."""
        ...


class PowerTables(ResourceRows, FleetRows, WeatherRows, JobRows, MeasurementRows, ReplyRows, Protocol):
    """The whole slice, as `tx.power`."""


class WeatherFiles(Protocol):
    """Reads weather files."""

    def read(self, form: str, body: bytes, place: tuple[float, float] | None) -> FileWeather:
        """The file in one of the known forms; slow.

        place   latitude and longitude, for files that do not say
        errors  FileUnreadable
        """
        ...
