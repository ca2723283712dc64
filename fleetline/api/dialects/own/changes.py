"""What was done: the feed of changes for programs that follow along, and the audit trail for people."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from fleetline.api.dialects.own.calls import Query, id_in_path, packed, query_of
from fleetline.api.dialects.own.replies import Listed, answer
from fleetline.api.dialects.own.things import ChangeShown, change_shown, shows
from fleetline.api.http import Request, Response
from fleetline.core import acts, fleet, fleet_undo
from fleetline.core.administration import NotAllowed
from fleetline.model.errors import Invalid
from fleetline.model.registry import Kind, LoggedChange

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

KINDS: Final = ("vehicle", "driver", "vehicle_group", "driver_group", "device", "account")
LAST: Final = 2**62


class Feed(msgspec.Struct, frozen=True):
    """Changes after a place; ask again with `after` = `next`, which is always there. `more`: there is more already."""

    items: list[ChangeShown]
    next: str
    more: bool


async def feed(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    after = asked.cursor(tuple[int, int], "after") or (0, 0)
    _check_place(after, "after")
    found, more = await fleet.changes(workspace, after, asked.limit())
    kinds = asked.words("kind", KINDS)
    items = [change_shown(logged) for logged in found if not kinds or logged.change.kind in kinds]
    place = (found[-1].version, found[-1].ordinal) if found else after
    return answer(Feed(items, packed(place), more))


def _check_place(place: tuple[int, ...], name: str) -> None:
    if not all(0 <= number <= LAST for number in place):
        raise Invalid(name, "is none that this list gave")


async def audit(workspace: "Workspace", request: Request) -> Response:
    """Registry and account side by side, the newest first."""
    if not workspace.principal.administers:
        raise NotAllowed("audit")
    asked = query_of(request)
    limit, from_ms = asked.limit(), asked.instant("from") or 0
    place = asked.cursor(tuple[int, int, int, str])
    if place is not None:
        _check_place(place[:3], "cursor")
    before_ms, to_ms = (place[2], place[3]) if place else (LAST, ""), asked.instant("to")
    wanted = _wanted(asked, (place[0], place[1]) if place else None)
    changes, more = await fleet.item_changes(workspace, wanted)
    done: list[acts.Act] = []
    if not asked.words("kind", (*KINDS, *ACT_KINDS)) or asked.words("kind", (*KINDS, *ACT_KINDS))[0] in ACT_KINDS:
        done = await acts.acts(workspace, before=before_ms, from_ms=from_ms, limit=limit + 1)
    merged = _merged(changes, [act for act in done if to_ms is None or act.at_ms < to_ms])
    page = merged[:limit]
    follows = packed(_place(page, place)) if more or len(merged) > limit else None
    return answer(Listed([shown for shown, _ in page], follows, await fleet.version(workspace)))


ACT_KINDS: Final = ("user", "credential", "session", "account")


def _wanted(asked: Query, before: tuple[int, int] | None) -> fleet.ChangesWanted:
    return fleet.ChangesWanted(
        before=before, limit=asked.limit(), kinds=asked.words("kind", (*KINDS, *ACT_KINDS)),
        item_id=asked.whole("id", 0, 2**53 - 1), actor=asked.text("actor"), from_ms=asked.instant("from") or 0,
        to_ms=asked.instant("to"),
    )  # fmt: skip


Place = tuple[int, int, int, str]
Entry = tuple[ChangeShown, tuple[int, int] | tuple[int, str]]


def _merged(changes: list[LoggedChange], done: list[acts.Act]) -> list[Entry]:
    entries: list[Entry] = [(change_shown(logged), (logged.version, logged.ordinal)) for logged in changes]
    entries += [(act_shown(act), (act.at_ms, act.act_id)) for act in done]
    return sorted(entries, key=lambda entry: entry[0].at_ms, reverse=True)


def _place(page: list[Entry], before: Place | None) -> Place:
    """Where both lists go on: behind the last of each that the page shows."""
    version, ordinal, at_ms, act_id = before or (LAST, LAST, LAST, "")
    for shown, key in page:
        if shown.kind in ACT_KINDS and isinstance(key[1], str):
            at_ms, act_id = key[0], key[1]
        elif isinstance(key[1], int):
            version, ordinal = key[0], key[1]
    return version, ordinal, at_ms, act_id


def act_shown(act: acts.Act) -> ChangeShown:
    detail: dict[str, Any] = msgspec.json.decode(act.detail)
    return ChangeShown(
        version=0, place=0, at_ms=act.at_ms, actor=act.actor, door="api", kind=act.kind, id=act.subject,
        action=act.action, detail=detail,
    )  # fmt: skip


async def of_vehicle(workspace: "Workspace", request: Request) -> Response:
    return await _of(workspace, request, Kind.VEHICLE)


async def of_driver(workspace: "Workspace", request: Request) -> Response:
    return await _of(workspace, request, Kind.DRIVER)


async def _of(workspace: "Workspace", request: Request, kind: Kind) -> Response:
    number = id_in_path(request, f"{kind.value}_id", kind.value)
    asked = query_of(request)
    await fleet.member(workspace, kind, number, archived=asked.flag("archived") or False)
    before = asked.cursor(tuple[int, int])
    if before is not None:
        _check_place(before, "cursor")
    wanted = fleet.ChangesWanted(before=before, limit=asked.limit(), kinds=(kind.value,), item_id=number)
    found, more = await fleet.item_changes(workspace, wanted)
    items = [_for_reader(workspace, change_shown(logged)) for logged in found]
    follows = packed((found[-1].version, found[-1].ordinal)) if more else None
    return answer(Listed(items, follows, await fleet.version(workspace)))


def _for_reader(workspace: "Workspace", shown: ChangeShown) -> ChangeShown:
    """Without what is withheld: an external id may be an identifier; who did it, and groups, are for administrators."""
    if workspace.principal.administers:
        return shown
    detail = dict(shown.detail)
    if not shows(workspace, "imei") and "external_id" in detail:
        detail["external_id"] = None
    detail.pop("group_id", None)
    return msgspec.structs.replace(shown, actor="", detail=detail)


class UndoneItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one thing; `outcome` as in bulk calls, stale where somebody has changed it since."""

    kind: str
    id: int
    outcome: str
    field: str
    reason: str


class UndoneShown(msgspec.Struct, frozen=True):
    outcomes: list[UndoneItem]
    done: int
    refused: int
    version: int


async def undo(workspace: "Workspace", request: Request) -> Response:
    version = id_in_path(request, "version", "change")
    undone = await fleet_undo.undo(workspace, version, atomic=query_of(request).flag("atomic") or False)
    items = [
        UndoneItem(kind=kind, id=v.id, outcome=v.outcome, field=v.field, reason=v.reason) for kind, v in undone.items
    ]
    good = sum(verdict.good for _, verdict in undone.items)
    return answer(UndoneShown(items, good, len(items) - good, undone.version))
