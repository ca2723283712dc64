"""Vehicles, and drivers with other words: add, rename, list, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetline.api.dialects.trimble import bodies
from fleetline.api.dialects.trimble.lists import asked, envelope, members_path, query_values, single, versioned
from fleetline.api.dialects.trimble.words import (
    DUPLICATE,
    NOT_FOUND,
    BadRequest,
    Words,
    answer,
    fault_text,
    moment,
    partial,
    shown,
)
from fleetline.api.http import Request, Response
from fleetline.model.errors import NotFound
from fleetline.model.registry import (
    Added,
    Author,
    Duplicate,
    Kept,
    Member,
    NewMember,
    Outcome,
    Unknown,
    Unstorable,
    each_once,
)

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

MOST_ADDED: Final = 50
MOST_RENAMED: Final = 1_000


def author(workspace: "Workspace") -> Author:
    """Who changes the registry through this API."""
    return Author(workspace.principal.user_id or workspace.principal.credential_id, "assets")


@dataclass(frozen=True, slots=True)
class MemberHandlers:
    """The four endpoints of one kind of member."""

    words: Words

    async def add(self, workspace: "Workspace", request: Request) -> Response:
        items = bodies.members(request.body, self.words.id, MOST_ADDED)
        if not items:
            return answer({"data": []})
        try:
            outcomes = await workspace.registry.of(self.words.kind).add(
                workspace.account_id, items, author(workspace), narrow=True
            )
        except Unstorable as fault:
            raise BadRequest(fault_text(self.words.id if fault.field == "id" else "Name", fault)) from fault
        data = [self._record(outcome.member) for outcome in outcomes if isinstance(outcome, Added) and outcome.member]
        reasons = [outcome.field if isinstance(outcome, Duplicate) else "" for outcome in outcomes]
        if not any(reasons):
            return answer({"data": data})
        request.notes.scope = "; ".join(f"{place}: {why}" for place, why in enumerate(reasons, 1) if why)
        counted = "; ".join(f"{why}={reasons.count(why)}" for why in ("id", "name") if why in reasons)
        noun = self.words.noun
        message = f"The request finished without adding duplicate {self.words.id}s{self.words.cloud}"
        if "id" not in reasons:
            message = f"The request finished without adding {noun}s whose Name is already in use"
        refused = each_once(item.external_id for item, why in zip(items, reasons, strict=True) if why)
        error = partial(message, DUPLICATE, duplicate_ids=list(refused.values()))
        return answer({"error": error, "data": data}, headers=(("fleetline-refused", counted),), error=str(DUPLICATE))

    async def rename(self, workspace: "Workspace", request: Request) -> Response:
        items = bodies.members(request.body, self.words.id, MOST_RENAMED)
        if not items:
            return answer({"data": []})
        try:
            outcomes = await workspace.registry.of(self.words.kind).rename(
                workspace.account_id, items, author(workspace), narrow=True
            )
        except Unstorable as fault:
            raise BadRequest(fault_text("Name", fault)) from fault
        data = [self._record(outcome.member) for outcome in outcomes if isinstance(outcome, Kept) and outcome.member]
        missing, refused = _ids_of(Unknown, items, outcomes), _ids_of(Duplicate, items, outcomes)
        start = "The request finished without updating"
        if missing:
            error = partial(
                f"{start} non-existent {self.words.id}s", NOT_FOUND, ids_not_found=missing, duplicate_ids=refused
            )
        elif refused:
            error = partial(
                f"{start} {self.words.noun}s whose Name is already in use", DUPLICATE, duplicate_ids=refused
            )
        else:
            return answer({"data": data})
        return answer({"error": error, "data": data}, error=str(error["code"]))

    async def listing(self, workspace: "Workspace", request: Request) -> Response:
        part = asked(request, self.words.id, f"{self.words.noun}Name")
        page = await workspace.registry.of(self.words.kind).page(
            workspace.account_id, sort=part.sort, descending=part.descending, offset=part.offset, limit=part.limit
        )
        data = [self._listed(member, page.groups.get(member.member_id)) for member in page.members]
        body = envelope(request, members_path(self.words), part, page.size, data)
        return answer(body, headers=versioned(page.version))

    async def delete(self, workspace: "Workspace", request: Request) -> Response:
        text = self._one_id(request)
        request.notes.subject = shown(text)
        try:
            await workspace.registry.of(self.words.kind).delete(workspace.account_id, text, author(workspace))
        except NotFound:
            message = f"No {self.words.noun} found with Id: {shown(text)}"
            return answer({"message": message}, 404, error="not found")
        return answer({"message": f"Successfully deleted {self.words.noun} with Id: {shown(text)}"})

    def _one_id(self, request: Request) -> str:
        name = self.words.id
        wanted = single(query_values(request), name)
        if bodies.is_empty(request.body):
            return bodies.text(wanted, name)
        held = bodies.parse_object(request.body).get(name.lower())
        in_body = None if held is None or held == "" else bodies.text(held, name)
        if wanted is not None and in_body is not None and wanted != in_body:
            raise BadRequest(f"{name} stands in the query and in the body with different values")
        return bodies.text(wanted if wanted is not None else in_body, name)

    def _record(self, member: Member) -> dict[str, Any]:
        return {
            "Id": member.member_id,
            "Name": member.name,
            self.words.Id: member.external_id,
            "ModifiedOn": moment(member.modified_at_ms),
        }

    def _listed(self, member: Member, groups: Sequence[tuple[int, str]] | None) -> dict[str, Any]:
        record: dict[str, Any] = {
            "id": member.member_id,
            "name": member.name,
            self.words.id: member.external_id,
            "modifiedOn": moment(member.modified_at_ms),
        }
        if groups:
            stem = self.words.group
            record[f"{stem}s"] = [{f"{stem}Id": group_id, f"{stem}Name": name} for group_id, name in groups]
        return record


def _ids_of(kind: type, items: Sequence[NewMember], outcomes: Sequence[Outcome]) -> list[str]:
    return [item.external_id for item, outcome in zip(items, outcomes, strict=True) if isinstance(outcome, kind)]
