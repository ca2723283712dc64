"""Groups of vehicles, and of drivers with other words: add, rename, list, delete, assign, unassign."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetline.api.dialects.trimble import bodies
from fleetline.api.dialects.trimble.lists import asked, envelope, groups_path, query_values, versioned
from fleetline.api.dialects.trimble.members import author
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
from fleetline.model.errors import Conflict, NotFound
from fleetline.model.registry import (
    LARGEST_ID,
    AddedGroup,
    Duplicate,
    Group,
    Kept,
    Kind,
    Outcome,
    TooMany,
    Unknown,
    Unstorable,
    each_once,
)

if TYPE_CHECKING:
    from fleetline.core.registry_groups import Groups
    from fleetline.core.workspace import Workspace

MOST_ADDED: Final = 50
MOST_MEMBERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class GroupHandlers:
    """The six endpoints of one kind of group."""

    words: Words

    async def add(self, workspace: "Workspace", request: Request) -> Response:
        names = bodies.names(request.body, self._name, MOST_ADDED)
        try:
            outcomes = await self._verbs(workspace).add(workspace.account_id, names, author(workspace)) if names else []
        except Unstorable as fault:
            raise BadRequest(fault_text(self._name, fault)) from fault
        except TooMany as fault:
            most = f"An account can hold at most {fault.limit} {self.words.group_noun}s"
            raise BadRequest(f"{most}; this call would make {fault.count}") from fault
        data = [self._record(outcome.group) for outcome in outcomes if isinstance(outcome, AddedGroup)]
        refused = each_once(n for n, outcome in zip(names, outcomes, strict=True) if isinstance(outcome, Duplicate))
        if refused:
            message = f"The request finished without adding duplicate {self.words.group_noun}s."
            error = partial(message, DUPLICATE, duplicate_names=list(refused.values()))
            return answer({"error": error, "data": data}, error=str(DUPLICATE))
        if self.words.kind is Kind.DRIVER:  # the vendor answers this one without an envelope
            return answer(data)
        return answer({"message": f"Successfully added all {self.words.group_noun}s to the account.", "data": data})

    async def rename(self, workspace: "Workspace", request: Request) -> Response:
        name = bodies.text(bodies.parse_object(request.body).get(self._name.lower()), self._name)
        try:
            await self._verbs(workspace).rename(workspace.account_id, self._id(request), name, author(workspace))
        except NotFound:
            return self._missing(request, data=False)
        except Unstorable as fault:
            raise BadRequest(fault_text(self._name, fault, numbered=False)) from fault
        except Conflict:
            message = f"A {self.words.group_noun} with this name already exists."
            return answer({"message": message, "data": False}, 400, error="name taken")
        return answer({"message": f"Successfully updated {self.words.group_noun}.", "data": True})

    async def listing(self, workspace: "Workspace", request: Request) -> Response:
        part = asked(request, f"{self.words.group}Id", self._name)
        page = await self._verbs(workspace).page(
            workspace.account_id, sort=part.sort, descending=part.descending, offset=part.offset, limit=part.limit
        )
        data = [self._record(group) for group in page.groups]
        return answer(
            envelope(request, groups_path(self.words), part, page.size, data), headers=versioned(page.version)
        )

    async def delete(self, workspace: "Workspace", request: Request) -> Response:
        try:
            await self._verbs(workspace).delete(workspace.account_id, self._id(request), author(workspace))
        except NotFound:
            return self._missing(request)
        text = shown(request.params[f"{self.words.group}Id"])
        return answer({"message": f"Successfully deleted {self.words.group_noun} with Id: {text}"})

    async def assign(self, workspace: "Workspace", request: Request) -> Response:
        ids = bodies.ids(request.body, self.words.id, MOST_MEMBERS)
        verbs = self._verbs(workspace)
        try:
            outcomes = await verbs.assign(workspace.account_id, self._id(request), ids, author(workspace))
        except NotFound:
            return self._missing(request)
        except TooMany as fault:
            noun = self.words.noun
            raise BadRequest(
                f"A {noun} can be in at most {fault.limit} {noun} groups; {shown(fault.key)} would be in {fault.count}"
            ) from fault
        return self._moved(ids, outcomes, "assigned", "assigning", "to")

    async def unassign(self, workspace: "Workspace", request: Request) -> Response:
        name = self.words.id
        if bodies.is_empty(request.body):  # some proxies drop the body of a DELETE
            ids = query_values(request).get(name.lower(), [])
            if len(ids) > MOST_MEMBERS:
                raise BadRequest(f"A maximum of {MOST_MEMBERS} records can be sent per call; {len(ids)} were sent")
            if not ids:
                raise BadRequest("Request body must be a JSON array")
        else:
            ids = bodies.ids(request.body, name, MOST_MEMBERS)
        verbs = self._verbs(workspace)
        try:
            outcomes = await verbs.unassign(workspace.account_id, self._id(request), ids, author(workspace))
        except NotFound:
            return self._missing(request)
        return self._moved(ids, outcomes, "unassigned", "unassigning", "from")

    def _moved(self, ids: list[str], outcomes: list[Outcome], done: str, doing: str, way: str) -> Response:
        words = self.words
        data = [outcome.member.external_id for outcome in outcomes if isinstance(outcome, Kept) and outcome.member]
        missing = [text for text, outcome in zip(ids, outcomes, strict=True) if isinstance(outcome, Unknown)]
        if missing:
            message = f"The request finished without {doing} non-existent {words.id}s"
            error = partial(message, NOT_FOUND, ids_not_found=missing)
            return answer({"error": error, "data": data}, error=str(NOT_FOUND))
        return answer({"message": f"Successfully {done} all {words.noun}s {way} the {words.group_noun}.", "data": data})

    def _missing(self, request: Request, **more: Any) -> Response:
        text = shown(request.params[f"{self.words.group}Id"])
        return answer({"message": f"No {self.words.group_noun} found with Id: {text}", **more}, 404, error="not found")

    def _id(self, request: Request) -> int:
        """The group's id in the path; 0, which no group has, for what is no number."""
        text = request.params[f"{self.words.group}Id"]
        request.notes.subject = shown(text)
        plain = text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= len(str(LARGEST_ID))
        return int(text) if plain else 0

    def _verbs(self, workspace: "Workspace") -> "Groups":
        return workspace.registry.of(self.words.kind).groups

    @property
    def _name(self) -> str:
        return f"{self.words.group}Name"

    def _record(self, group: Group) -> dict[str, Any]:
        stem = self.words.group
        return {f"{stem}Id": group.group_id, f"{stem}Name": group.name, "modifiedOn": moment(group.modified_at_ms)}
