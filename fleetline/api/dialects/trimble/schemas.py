"""The shapes of requests and answers as JSON Schema, for the documentation."""

from collections.abc import Callable
from typing import Any, Final

from fleetline.api.dialects.trimble.words import Words
from fleetline.api.routes import Answer

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}


def fields(required: Schema, optional: Schema | None = None) -> Schema:
    """An object; lists and records hold no further keys."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def array(items: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": items, **({"maxItems": most} if most is not None else {})}


MESSAGE: Final = fields({"message": TEXT})
FAULT: Final = fields({"message": TEXT, "code": NUMBER})
TRUTH: Final = fields({"message": TEXT, "data": {"type": "boolean"}})
KEY: Final = fields({"apiKey": TEXT}, {"accountId": TEXT})
TOKEN: Final = fields({"token": TEXT, "expires": {"type": "string", "format": "date-time"}})
ACCOUNTS: Final = fields({"data": array(fields({"AccountName": TEXT, "AccountId": TEXT}))})
ERROR: Final = fields(
    {"message": TEXT, "code": NUMBER},
    {"ids_not_found": array(TEXT), "duplicate_ids": array(TEXT), "duplicate_names": array(TEXT)},
)
MOVED: Final = fields({"data": array(TEXT)}, {"message": TEXT, "error": ERROR})
LINK: Final = fields({"href": TEXT})

FAULTS: Final = (
    Answer(400, "The call as a whole cannot be taken; nothing was changed.", FAULT),
    Answer(401, "Missing, invalid or expired token.", FAULT),
    Answer(404, "Nothing has this id here.", MESSAGE),
    Answer(413, "The body is too large.", FAULT),
    Answer(415, "The body is encoded.", FAULT),
    Answer(429, "Too many requests.", FAULT),
    Answer(503, "Busy; nothing was changed.", FAULT),
)


def new_members(words: Words) -> Callable[[int], Schema]:
    """The body of an add or a rename, by its most items."""
    return lambda most: array(fields({words.id: TEXT, "Name": TEXT}), most)


def records(words: Words) -> Schema:
    record = fields({"Id": NUMBER, "Name": TEXT, words.Id: TEXT, "ModifiedOn": TEXT})
    return fields({"data": array(record)}, {"error": ERROR})


def group_name(words: Words) -> Schema:
    return fields({f"{words.group}Name": TEXT})


def _group(words: Words) -> Schema:
    return fields({f"{words.group}Id": NUMBER, f"{words.group}Name": TEXT, "modifiedOn": TEXT})


def groups(words: Words) -> Schema:
    whole = fields({"data": array(_group(words))}, {"message": TEXT, "error": ERROR})
    return whole if words.cloud else {"oneOf": [array(_group(words)), whole]}


def _page(record: Schema) -> Schema:
    links = {"next": LINK, "previous": LINK, "last": LINK}
    required = {"href": TEXT, "offset": NUMBER, "limit": NUMBER, "size": NUMBER, "first": LINK, "data": array(record)}
    return fields(required, links)


def group_list(words: Words) -> Schema:
    return _page(_group(words))


def member_list(words: Words) -> Schema:
    joined = fields({f"{words.group}Id": NUMBER, f"{words.group}Name": TEXT})
    record = fields(
        {"id": NUMBER, "name": TEXT, words.id: TEXT, "modifiedOn": TEXT}, {f"{words.group}s": array(joined)}
    )
    return _page(record)
