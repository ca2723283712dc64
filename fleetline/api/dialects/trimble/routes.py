"""Every method and path of this API in one table."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fleetline.api.dialects.trimble import schemas
from fleetline.api.dialects.trimble.groups import GroupHandlers
from fleetline.api.dialects.trimble.lists import BASE_PATH, groups_path, members_path
from fleetline.api.dialects.trimble.members import MemberHandlers
from fleetline.api.dialects.trimble.tokens import authenticate, list_accounts, not_supported
from fleetline.api.dialects.trimble.words import DRIVER, VEHICLE, Words
from fleetline.api.routes import Answer, Handler, Parameter, Route

ACCOUNT: Final = "account"
PARTNER: Final = "partner"


def _parameter(
    name: str, text: str, schema: dict[str, Any], *, where: Any = "query", required: bool = False
) -> Parameter:
    return Parameter(name, where, text, schema, required)


def _paging(id_word: str, name_word: str) -> tuple[Parameter, ...]:
    return (
        _parameter("offset", "Records to skip.", {"type": "integer", "minimum": 0, "default": 0}),
        _parameter("limit", "Records of a page.", {"type": "integer", "minimum": 1, "maximum": 5000, "default": 20}),
        _parameter("sortExpression", "Order of the list.", {"type": "string", "enum": [name_word, id_word]}),
        _parameter("sortDirection", "Way of the order.", {"type": "string", "enum": ["ASC", "DESC"]}),
    )


def _row(
    method: str, path: str, summary: str, handler: Handler, tag: str, answer: Any, *, source: str, **more: Any
) -> Route:
    answers = (Answer(200, "Done, wholly or in part.", answer), *schemas.FAULTS)
    return Route(
        method=method, path=BASE_PATH + path, summary=summary, handler=handler, level=ACCOUNT, tag=tag, answers=answers,
        source=source, **more,
    )  # fmt: skip


def _member_routes(words: Words) -> Iterator[Route]:
    verbs, path, noun, tag = MemberHandlers(words), members_path(words), words.noun, f"{words.noun.title()}s"
    known = "documented" if words is VEHICLE else "vendor docs"
    other = "documented" if words is VEHICLE else "ours"
    items = schemas.new_members(words)
    record = schemas.records(words)
    one_id = _parameter(
        words.id, f"The {noun}'s own id or its system id; also taken from a JSON body.", {"type": "string"}
    )
    yield _row("POST", path, f"Add {noun}s", verbs.add, tag, record, source=known, body=items(50))
    yield _row("PUT", path, f"Rename {noun}s", verbs.rename, tag, record, source=known, body=items(1000))
    yield _row(
        "GET", path, f"List {noun}s", verbs.listing, tag, schemas.member_list(words), source=other,
        parameters=_paging(words.id, f"{noun}Name"),
    )  # fmt: skip
    yield _row(
        "DELETE", path, f"Delete a {noun}", verbs.delete, tag, schemas.MESSAGE, source=other, parameters=(one_id,)
    )


def _group_routes(words: Words) -> Iterator[Route]:
    verbs, path, stem = GroupHandlers(words), groups_path(words), words.group
    noun, tag = words.group_noun, f"{words.noun.title()} groups"
    one = f"{path}/{{{stem}Id}}"
    inside = f"{one}{members_path(words)}"
    number = _parameter(f"{stem}Id", f"Id of the {noun}.", {"type": "integer"}, where="path", required=True)
    group_name = schemas.group_name(words)
    names, ids = schemas.array(group_name, 50), schemas.array({"type": "string"}, 1000)
    yield _row("POST", path, f"Add {noun}s", verbs.add, tag, schemas.groups(words), source="vendor docs", body=names)
    yield _row(
        "PUT", one, f"Rename a {noun}", verbs.rename, tag, schemas.TRUTH, source="vendor docs", body=group_name,
        parameters=(number,),
    )  # fmt: skip
    yield _row(
        "GET", path, f"List {noun}s", verbs.listing, tag, schemas.group_list(words), source="ours",
        parameters=_paging(f"{stem}Id", f"{stem}Name"),
    )  # fmt: skip
    yield _row(
        "DELETE", one, f"Delete a {noun}", verbs.delete, tag, schemas.MESSAGE, source="ours", parameters=(number,)
    )
    for method, verb, handler in (("PUT", "Assign", verbs.assign), ("DELETE", "Unassign", verbs.unassign)):
        yield _row(
            method, inside, f"{verb} {words.noun}s", handler, tag, schemas.MOVED, source="ours", body=ids,
            parameters=(number,),
        )  # fmt: skip


def _unsupported() -> Iterator[Route]:
    for path in ("/avoidFavorSets", "/avoidFavorSets/vehicleGroups"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            yield Route(
                method=method, path=BASE_PATH + path, summary="Route modifier sets are not supported",
                handler=not_supported, level=ACCOUNT, tag="Route modifiers", source="vendor docs",
                answers=(Answer(501, "Not supported by this server.", schemas.FAULT),), hidden=method != "GET",
            )  # fmt: skip


_AUTHENTICATE: Final = Route(
    method="POST", path=BASE_PATH + "/accounts/authenticate", summary="Exchange a key for a token",
    open_handler=authenticate, tag="Authentication", body=schemas.KEY, source="vendor docs",
    answers=(Answer(200, "The token and until when it works.", schemas.TOKEN), schemas.FAULTS[0]),
)  # fmt: skip
_ACCOUNTS: Final = replace(
    _row("GET", "/accounts", "List the accounts of a partner", list_accounts, "Authentication", schemas.ACCOUNTS,
         source="vendor docs"),
    level=PARTNER,
)  # fmt: skip

ROUTES: Final = (
    _AUTHENTICATE,
    _ACCOUNTS,
    *_member_routes(VEHICLE),
    *_group_routes(VEHICLE),
    *_member_routes(DRIVER),
    *_group_routes(DRIVER),
    *_unsupported(),
)
