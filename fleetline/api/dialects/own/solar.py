"""Solar resources, fleets of them and their power, thinly over the core's own words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from fleetline.api.dialects.own.calls import Query, body_of, converted, expected_revision, packed, query_of
from fleetline.api.dialects.own.history import span
from fleetline.api.dialects.own.replies import Listed, answer, nothing, one
from fleetline.api.dialects.own.solar_shapes import (
    BasisShown,
    FilterBody,
    FleetBody,
    FleetPower,
    GroupPower,
    MembersChanged,
    PowerShown,
    ResourceBody,
    SolarDone,
    SolarOutcome,
    Text,
    body_shown,
    fleet_shown,
    resource_shown,
    summary_shown,
)
from fleetline.api.dialects.own.words import ManyInvalid
from fleetline.api.http import Request, Response
from fleetline.core.fleet import check_sees_all
from fleetline.model.errors import Conflict, FleetlineError, Invalid
from fleetline.model.power import MemberFilter, Tracking
from fleetline.model.registry import findable
from fleetline.model.resource import Box, Draft, FleetDraft, ResourceFilter, Stale
from fleetline.model.resource_query import (
    FURTHEST_AHEAD_S,
    LONGEST_S,
    MOST_PERIODS,
    Basis,
    GroupBy,
    PowerQuery,
    SeriesKind,
)
from fleetline.model.site_faults import site_faults

if TYPE_CHECKING:
    from fleetline.core.power import PowerDesk
    from fleetline.core.workspace import Workspace

MOST_ADDED: Final = 1_000
PERIODS_S: Final = ("60", "300", "900", "1800", "3600")
KINDS: Final = {"past": SeriesKind.HISTORICAL, "clear_sky": SeriesKind.CLEAR_SKY, "forecast": SeriesKind.FORECAST}
GROUPINGS: Final = tuple(group.value for group in GroupBy)
FIELDS: Final = ("dc_kw", "poa_wm2", "cell_c", "ghi_wm2", "dni_wm2", "dhi_wm2", "temperature_c", "wind_ms")


def desk_of(workspace: "Workspace") -> "PowerDesk":
    """errors: NotAllowed: grants name devices, so whoever has only grants sees no solar power"""
    check_sees_all(workspace)
    return workspace.power


def draft_of(body: ResourceBody) -> Draft:
    """errors: ManyInvalid with the path of each fault"""
    if faults := [(f"site.{path}", reason) for path, reason in site_faults(body.site)]:
        raise ManyInvalid(faults)
    names = (
        body.name,
        body.description,
        body.customer_site_id,
        body.zone,
        body.feeder,
        body.customer_class,
        *body.tags,
    )
    if not all(findable(text) for text in names if text):
        raise Invalid("name", "and the other texts must be text that can be kept")
    return Draft(
        name=body.name, site=body.site, description=body.description, customer_site_id=body.customer_site_id,
        zone=body.zone, feeder=body.feeder, customer_class=body.customer_class, tags=body.tags,
    )  # fmt: skip


def id_of(request: Request, name: str) -> str:
    request.notes.subject = request.params[name][:64]
    return request.params[name] if findable(request.params[name]) else "-"


def _versions(request: Request) -> frozenset[int] | None:
    revision = expected_revision(request)
    return None if revision is None else frozenset({revision})


async def resources(workspace: "Workspace", request: Request) -> Response:
    desk, asked = desk_of(workspace), query_of(request)
    limit, after = asked.limit(), asked.cursor(tuple[int, str])
    found = await desk.resources.page(workspace.account_id, filter_of(asked), _place(after), limit + 1)
    items = [resource_shown(resource) for resource in found[:limit]]
    follows = packed((items[-1].created_at_ms, items[-1].id)) if len(found) > limit else None
    return answer(Listed(items, follows, 0))


def filter_of(asked: Query) -> ResourceFilter:
    """Which resources the query wants. errors: Invalid"""
    return ResourceFilter(
        fleet_id=asked.text("fleet") or None, box=_box(asked), customer_site_id=asked.text("customer_site_id") or None,
        zone=asked.text("zone") or None, customer_class=asked.text("customer_class") or None,
        name_part=asked.text("q") or None,
    )  # fmt: skip


def _place(after: tuple[int, str] | None) -> tuple[int, str] | None:
    if after is not None and (not 0 <= after[0] < 2**62 or not findable(after[1])):
        raise Invalid("cursor", "is none that this list gave")
    return after


def _box(asked: Query) -> Box | None:
    text = asked.text("box")
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid("box", "must be west,south,east,north in degrees", text) from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid("box", "must be west,south,east,north in degrees", text)
    return Box(west, south, east, north)


async def add_resources(workspace: "Workspace", request: Request) -> Response:
    desk, items = desk_of(workspace), body_of(request, list[ResourceBody])
    if len(items) > MOST_ADDED:
        raise Invalid("body", f"must have at most {MOST_ADDED} items")
    outcomes = []
    for item in items:
        try:
            made = await desk.resources.add(workspace.account_id, draft_of(item))
        except (Invalid, Conflict) as fault:
            outcomes.append(_refused(fault))
            continue
        outcomes.append(SolarOutcome(outcome="added", id=made.resource_id, revision=made.version))
    good = sum(outcome.outcome == "added" for outcome in outcomes)
    return answer(SolarDone(outcomes, good, len(outcomes) - good))


def _refused(fault: FleetlineError) -> SolarOutcome:
    if isinstance(fault, Conflict):
        return SolarOutcome(outcome="duplicate", field=fault.field, reason="is in use already")
    assert isinstance(fault, Invalid), "the two faults that are caught"
    return SolarOutcome(outcome="refused", field=fault.field, reason=fault.reason)


async def show_resource(workspace: "Workspace", request: Request) -> Response:
    found = await desk_of(workspace).resources.get(workspace.account_id, id_of(request, "resource_id"))
    return one(resource_shown(found), found.version, request)


async def put_resource(workspace: "Workspace", request: Request) -> Response:
    desk, body = desk_of(workspace), body_of(request, ResourceBody)
    wanted = id_of(request, "resource_id")
    found = await desk.resources.put(workspace.account_id, wanted, draft_of(body), _versions(request))
    return one(resource_shown(found), found.version, request)


async def patch_resource(workspace: "Workspace", request: Request) -> Response:
    """Only what the patch names changes; lists are replaced whole (RFC 7396)."""
    desk, patch, wanted = desk_of(workspace), body_of(request, dict[str, Any]), id_of(request, "resource_id")
    before = await desk.resources.get(workspace.account_id, wanted)
    expected = expected_revision(request)
    if expected not in (None, before.version):
        raise Stale("resource")
    merged = merged_with(msgspec.to_builtins(body_shown(before)), patch)
    draft = draft_of(converted(merged, ResourceBody))
    found = await desk.resources.put(workspace.account_id, wanted, draft, frozenset({before.version}))
    return one(resource_shown(found), found.version, request)


def merged_with(target: Any, patch: Any) -> Any:
    """The value with a patch laid over it. source: RFC 7396"""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged_with(out.get(name), value)
    return out


async def delete_resource(workspace: "Workspace", request: Request) -> Response:
    wanted = id_of(request, "resource_id")
    await desk_of(workspace).resources.remove(workspace.account_id, wanted, _versions(request))
    return nothing()


async def fleets(workspace: "Workspace", request: Request) -> Response:
    desk, asked = desk_of(workspace), query_of(request)
    limit, after = asked.limit(), _place(asked.cursor(tuple[int, str]))
    if resource := asked.text("resource"):
        found = await desk.fleets.fleets_of(workspace.account_id, resource, after, limit + 1)
    else:
        found = await desk.fleets.page(workspace.account_id, after, limit + 1)
    items = [fleet_shown(counted.fleet, counted.count) for counted in found[:limit]]
    follows = packed((items[-1].created_at_ms, items[-1].id)) if len(found) > limit else None
    return answer(Listed(items, follows, 0))


def _fleet_draft(request: Request) -> FleetDraft:
    body: FleetBody = body_of(request, FleetBody)
    if not all(findable(text) for text in (body.name, *body.tags, *(body.resource_ids or ()))):
        raise Invalid("name", "and the other texts must be text that can be kept")
    if isinstance(body.filter, msgspec.UnsetType):
        return FleetDraft(body.name, body.description, body.tags, body.resource_ids)
    wanted = None if body.filter is None else _member_filter(body.filter)
    return FleetDraft(body.name, body.description, body.tags, body.resource_ids, wanted, keeps_filter=False)


def _member_filter(body: FilterBody) -> MemberFilter:
    wanted = MemberFilter(**msgspec.structs.asdict(body))
    texts = (wanted.zone, wanted.feeder, wanted.customer_class, *wanted.tags)
    if not all(findable(text) for text in texts if text is not None):
        raise Invalid("filter", "must be of text that can be kept")
    if wanted == MemberFilter() or (wanted.box is not None and wanted.box[1] > wanted.box[3]):
        raise Invalid("filter", "must name something, its box from south to north")
    return wanted


async def add_fleet(workspace: "Workspace", request: Request) -> Response:
    made = await desk_of(workspace).fleets.add(workspace.account_id, _fleet_draft(request))
    return one(fleet_shown(made.fleet, made.count), made.fleet.version, request, status=201)


async def show_fleet(workspace: "Workspace", request: Request) -> Response:
    found = await desk_of(workspace).fleets.get(workspace.account_id, id_of(request, "fleet_id"))
    return one(fleet_shown(found.fleet, found.count), found.fleet.version, request)


async def put_fleet(workspace: "Workspace", request: Request) -> Response:
    desk, draft, wanted = desk_of(workspace), _fleet_draft(request), id_of(request, "fleet_id")
    found = await desk.fleets.put(workspace.account_id, wanted, draft, _versions(request))
    return one(fleet_shown(found.fleet, found.count), found.fleet.version, request)


async def delete_fleet(workspace: "Workspace", request: Request) -> Response:
    await desk_of(workspace).fleets.remove(workspace.account_id, id_of(request, "fleet_id"), _versions(request))
    return nothing()


async def members(workspace: "Workspace", request: Request) -> Response:
    desk, asked = desk_of(workspace), query_of(request)
    limit, after = asked.limit(), _place(asked.cursor(tuple[int, str]))
    found = await desk.fleets.members(workspace.account_id, id_of(request, "fleet_id"), after, limit + 1)
    items = [resource_shown(resource) for resource in found[:limit]]
    follows = packed((items[-1].created_at_ms, items[-1].id)) if len(found) > limit else None
    return answer(Listed(items, follows, 0))


async def add_members(workspace: "Workspace", request: Request) -> Response:
    desk, ids = desk_of(workspace), body_of(request, list[Text])
    _check_ids(ids)
    done = await desk.fleets.add_members(workspace.account_id, id_of(request, "fleet_id"), ids)
    return answer(MembersChanged(done.added, done.removed, done.count))


async def remove_members(workspace: "Workspace", request: Request) -> Response:
    desk, ids, wanted = desk_of(workspace), body_of(request, list[Text]), id_of(request, "fleet_id")
    _check_ids(ids)
    before = await desk.fleets.get(workspace.account_id, wanted)
    for resource_id in dict.fromkeys(ids):
        await desk.fleets.remove_member(workspace.account_id, wanted, resource_id)
    after = await desk.fleets.get(workspace.account_id, wanted)
    return answer(MembersChanged(0, before.count - after.count, after.count))


def _check_ids(ids: Sequence[str]) -> None:
    if len(ids) > MOST_ADDED or not all(findable(text) for text in ids):
        raise Invalid("body", f"must be at most {MOST_ADDED} ids")


async def summary(workspace: "Workspace", request: Request) -> Response:
    today = datetime.fromtimestamp(request.received_at_ms / 1000, UTC).date()
    found = await desk_of(workspace).fleets.summary(workspace.account_id, id_of(request, "fleet_id"), today)
    return answer(summary_shown(found))


def power_query(asked: Query, now_ms: int) -> PowerQuery:
    """The series that the query asks for; its ends are moved outwards to whole periods. errors: Invalid"""
    word = asked.word("kind", tuple(KINDS), "past")
    kind, period_s = KINDS[word], int(asked.word("period_s", PERIODS_S, "3600"))
    if kind is SeriesKind.FORECAST:
        start_s = now_ms // 1000 // period_s * period_s
        end_ms = asked.instant("to") or now_ms + 86_400_000
        if asked.instant("from") is not None:
            raise Invalid("from", "is now for a forecast")
    else:
        from_ms, end_ms = span(asked, now_ms)
        start_s = from_ms // 1000 // period_s * period_s
    end_s = -(-end_ms // 1000 // period_s) * period_s
    longest_s = FURTHEST_AHEAD_S if kind is SeriesKind.FORECAST else LONGEST_S
    if not 0 < end_s - start_s <= longest_s or (end_s - start_s) // period_s > MOST_PERIODS:
        raise Invalid(
            "to", f"must be after the beginning, by at most {longest_s // 86_400} days and {MOST_PERIODS} periods"
        )
    return PowerQuery(
        kind=kind, start_s=start_s, end_s=end_s, period_s=period_s, source=asked.text("source") or "default",
        fields=asked.words("fields", FIELDS), group_by=GroupBy(asked.word("group_by", GROUPINGS, "none")),
        as_of_ms=now_ms,
    )  # fmt: skip


def numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if value != value else value for value in np.round(values, 6).tolist()]


def basis_shown(basis: Basis) -> BasisShown:
    return BasisShown(
        assumed=list(basis.assumed), not_modelled=list(basis.not_modelled),
        failures=[(failure.resource_id, failure.code) for failure in basis.failures],
        forecast_made_at_ms=basis.issue_at_ms, forecast_model=basis.forecast_model,
    )  # fmt: skip


def _word(kind: SeriesKind) -> str:
    return next(word for word, known in KINDS.items() if known is kind)


async def resource_power(workspace: "Workspace", request: Request) -> Response:
    desk, wanted = desk_of(workspace), power_query(query_of(request), request.received_at_ms)
    found = await desk.series.resource(workspace.account_id, id_of(request, "resource_id"), wanted)
    fields = {name: numbers(values) for name, values in found.values.items() if name != "ac_kw"}
    return answer(
        PowerShown(
            kind=_word(wanted.kind), from_at_ms=wanted.start_s * 1000, to_at_ms=wanted.end_s * 1000,
            period_s=wanted.period_s, power_ac_kw=numbers(found.values["ac_kw"]), fields=fields,
            basis=basis_shown(found.basis),
        )
    )  # fmt: skip


async def fleet_power(workspace: "Workspace", request: Request) -> Response:
    desk, wanted = desk_of(workspace), power_query(query_of(request), request.received_at_ms)
    found = await desk.series.fleet(workspace.account_id, id_of(request, "fleet_id"), wanted)
    groups = [
        GroupPower(
            key=group.key.value if isinstance(group.key, Tracking) else group.key, resources=group.count,
            total_kw=group.total_kw,
            power_ac_kw=numbers(group.power_ac_kw), available_kw=numbers(group.available_kw),
        )
        for group in found.groups
    ]  # fmt: skip
    return answer(
        FleetPower(
            kind=_word(wanted.kind), from_at_ms=wanted.start_s * 1000, to_at_ms=wanted.end_s * 1000,
            period_s=wanted.period_s, groups=groups, basis=basis_shown(found.basis),
        )
    )  # fmt: skip
