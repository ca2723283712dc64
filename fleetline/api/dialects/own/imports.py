"""Lists brought in from files: kept, previewed, run in the background, looked through row by row, and undone."""

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from fleetline.api.dialects.own.calls import body_of, packed, query_of
from fleetline.api.dialects.own.replies import Listed, answer
from fleetline.api.errors import TypeUnsupported
from fleetline.api.http import Request, Response
from fleetline.core.fleet_writing import author_of
from fleetline.core.list_import import MODES, PREVIEW, UNDO, Choices, Line, ListImports, order_of, summary_of
from fleetline.core.list_kinds import KINDS
from fleetline.model.errors import Invalid
from fleetline.model.registry import Author, findable
from fleetline.model.resource_job import Job

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

FORMS: Final = {
    "text/csv": "text/csv", "text/plain": "text/csv", "application/x-ndjson": "application/x-ndjson",
    "application/geo+json": "application/geo+json",
}  # fmt: skip
"""Media types that a file may come under, and the form that each stands for."""
RESULTS: Final = ("added", "changed", "unchanged", "superseded", "refused", "taken_back", "left_alone")
DOOR: Final = "csv"


class Column(msgspec.Struct, frozen=True):
    """A column of a list; `example` is its cell in the template."""

    name: str
    required: bool
    example: str


class ListShown(msgspec.Struct, frozen=True):
    """A list that can be brought in."""

    what: str
    columns: list[Column]
    media: list[str]


class ImportShown(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a list.

    kind         import, preview or undo; of: the import that an undo takes back
    state        queued, running, done, failed or cancelled
    header       of the file; columns: our column -> theirs; missing: needed ones that nothing stands for
    done, total  rows; of an undo steps
    counts       result -> rows
    actor        who began it: id of a user or of a credential
    undoable     whether it can be undone now; undone_by: the run that did
    """

    id: str
    kind: str
    what: str
    file: str
    state: str
    header: list[str]
    columns: dict[str, str]
    missing: list[str]
    add_groups: bool
    mode: str
    fleet_id: str | None
    done: int
    total: int
    blank: int
    counts: dict[str, int]
    groups_created: list[str]
    actor: str
    created_at_ms: int
    finished_at_ms: int | None
    undoable: bool
    undone_by: str | None
    of: str | None


class AgainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same file once more; columns null: as they were."""

    preview: bool
    columns: Annotated[dict[str, str], msgspec.Meta(max_length=100)] | None = None
    add_groups: bool = False
    mode: str = "upsert"
    fleet_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


def shown(lists: ListImports, job: Job) -> ImportShown:
    order, summary = order_of(job), summary_of(job)
    kind = {PREVIEW: "preview", UNDO: "undo"}.get(job.kind, "import")
    return ImportShown(
        id=job.job_id, kind=kind, what=order.what, file=order.file, state=job.state, header=list(order.header),
        columns=order.columns, missing=list(summary.missing), add_groups=order.choices.add_groups,
        mode=order.choices.mode, fleet_id=order.choices.fleet_id, done=job.done, total=job.total, blank=summary.blank,
        counts=summary.counts, groups_created=summary.groups_created, actor=order.actor,
        created_at_ms=job.created_at_ms, finished_at_ms=job.finished_at_ms, undoable=not lists.undoable(job),
        undone_by=summary.undone or None, of=order.of or None,
    )  # fmt: skip


def _author(workspace: "Workspace") -> Author:
    return Author(author_of(workspace).actor, DOOR)


def _id(request: Request) -> str:
    found = request.params["import_id"]
    request.notes.subject = found[:64]
    return found if findable(found) else "-"


async def kinds(workspace: "Workspace", request: Request) -> Response:
    items = [
        ListShown(
            kind.name,
            [Column(name, needed, cell) for (name, needed), cell in zip(kind.columns, kind.example, strict=True)],
            list(kind.media),
        )
        for kind in KINDS.values()
    ]
    return answer(Listed(items, None, 0))


async def take(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    form = FORMS.get(request.media_type)
    if form is None:
        raise TypeUnsupported(request.media_type)
    choices = Choices(
        add_groups=asked.flag("add_groups") or False, mode=asked.word("mode", MODES, "upsert"),
        fleet_id=asked.text("fleet") or None,
    )  # fmt: skip
    lists = workspace.power.lists
    job = await lists.take(
        workspace.account_id, _author(workspace), asked.word("what", tuple(KINDS), "vehicles"),
        asked.text("file") or "file", form, request.body, choices=choices, preview=asked.flag("preview") or False,
    )  # fmt: skip
    return answer(shown(lists, job), 202)


async def again(workspace: "Workspace", request: Request) -> Response:
    body, lists = body_of(request, AgainBody), workspace.power.lists
    choices = Choices(add_groups=body.add_groups, mode=body.mode, fleet_id=body.fleet_id)
    job = await lists.again(
        workspace.account_id, _author(workspace), _id(request), columns=body.columns, choices=choices,
        preview=body.preview,
    )  # fmt: skip
    return answer(shown(lists, job), 202)


async def page(workspace: "Workspace", request: Request) -> Response:
    asked, lists = query_of(request), workspace.power.lists
    limit, before = asked.limit(), asked.cursor(tuple[int, str])
    if before is not None and (not 0 <= before[0] < 2**62 or not findable(before[1])):
        raise Invalid("cursor", "is none that this list gave")
    found = await lists.page(workspace.account_id, before, limit + 1)
    items = [shown(lists, job) for job in found[:limit]]
    follows = packed((items[-1].created_at_ms, items[-1].id)) if len(found) > limit else None
    return answer(Listed(items, follows, 0))


async def show(workspace: "Workspace", request: Request) -> Response:
    lists = workspace.power.lists
    return answer(shown(lists, await lists.get(workspace.account_id, _id(request))))


async def lines(workspace: "Workspace", request: Request) -> Response:
    asked, lists, wanted = query_of(request), workspace.power.lists, _id(request)
    limit, after = asked.limit(), asked.cursor(int) or 0
    if not 0 <= after < 2**31:
        raise Invalid("cursor", "is none that this list gave")
    results = asked.words("result", RESULTS)
    await lists.get(workspace.account_id, wanted)
    found: list[Line] = []
    passed = 0
    async for some in lists.lines(workspace.account_id, wanted):
        good = [line for line in some if not results or line.result in results]
        found += good[max(0, after - passed) :]
        passed += len(good)
        if len(found) > limit:
            break
    return answer(Listed(found[:limit], packed(after + limit) if len(found) > limit else None, 0))


async def result(workspace: "Workspace", request: Request) -> Response:
    only = query_of(request).word("result", RESULTS, "refused") if "result" in request.query else ""
    name, text = await workspace.power.lists.result(workspace.account_id, _id(request), only)
    stem = "".join(c for c in name.rpartition(".")[0] or name if c.isascii() and (c.isalnum() or c in "-_ ")).strip()
    headers = [
        ("content-type", "text/csv; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-disposition", f'attachment; filename="{stem or "import"}-result.csv"'),
    ]
    return Response(200, text.encode(), headers)


async def undo(workspace: "Workspace", request: Request) -> Response:
    lists = workspace.power.lists
    return answer(shown(lists, await lists.undo(workspace.account_id, _author(workspace), _id(request))), 202)


async def cancel(workspace: "Workspace", request: Request) -> Response:
    lists = workspace.power.lists
    return answer(shown(lists, await lists.cancel(workspace.account_id, _id(request))))
