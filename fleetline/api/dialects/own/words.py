"""Refusals of our own API: problem details (RFC 9457) with a code for programs and the fields that are wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from fleetline.api.errors import (
    BodyTooLarge,
    BodyUnreadable,
    EncodingUnsupported,
    Internal,
    MethodNotAllowed,
    NoSuchRoute,
    OutOfTime,
    TypeUnsupported,
)
from fleetline.api.http import Request, Response
from fleetline.core.administration import NotAllowed
from fleetline.core.list_import import NotUndoable
from fleetline.core.power_measurements import OutOfRating
from fleetline.core.verdicts import NotAll, Stale
from fleetline.model import registry, resource, resource_query
from fleetline.model.errors import Conflict, FleetlineError, Invalid, NotFound, Unavailable
from fleetline.model.refusals import (
    AddressRefused,
    Blocked,
    GrantRefused,
    NotInPlan,
    QuotaUsed,
    TooMany,
    TooSoon,
    Unknown,
    WrongLevel,
)

PROBLEM_TYPE: Final = "application/problem+json"
LONGEST_SHOWN: Final = 200

E = TypeVar("E", bound=FleetlineError)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: `path` leads to it (`items[3].name`, or a query name), `reason` says what it must be."""

    path: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal; `code` is one short fixed word for programs, `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[Fault] = []


class Forged(FleetlineError):
    """A call with the session's cookie that changes something came without the header that only our pages can send."""

    def __init__(self) -> None:
        super().__init__("the header X-Fleetline-CSRF is missing or not this session's")


class KeyReused(FleetlineError):
    """An Idempotency-Key came again; reason `other` (another call), `running`, `unfinished` or `secret`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the Idempotency-Key was used before: {reason}")
        self.reason = reason


class ManyInvalid(Invalid):
    """Several values may not be stored: (path, reason) of each, the first of which is the one that is told in words."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(*faults[0])
        self.faults = tuple(faults)


class Unfinished(FleetlineError):
    """A long run has no result to give; state: its own, or `expired`."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the run is {state}")
        self.state = state


class Unparsable(FleetlineError):
    """The body is no JSON at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_TITLES: Final = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    408: "Too slow", 409: "Conflict", 412: "Changed meanwhile", 413: "Too large", 415: "Unsupported form",
    422: "Not acceptable", 429: "Too many calls", 500: "Internal error", 503: "Unavailable",
}  # fmt: skip

_KEY_WORDS: Final = {
    "other": "This Idempotency-Key was used for another call; use a new one.",
    "running": "The first call with this Idempotency-Key is still under way.",
    "unfinished": "The first call with this Idempotency-Key broke off; look what it did, then use a new key.",
    "secret": "The first call with this Idempotency-Key is done; its secret is not shown again.",
}


_UNDO_WORDS: Final = {
    "running": "The import is still under way.",
    "nothing": "The import changed nothing.",
    "late": "An import can be undone for 24 hours.",
    "undone": "The import is undone already.",
    "preview": "A preview changes nothing.",
}

_CANNOT: Final = {
    "NoWeather": "There is no weather for that time and place.",
    "FinerThanWeather": "The weather known is coarser than that period.",
    "TooLarge": "That is too much to compute in one call; ask for a shorter time or longer periods.",
}


class Words(msgspec.Struct, frozen=True):
    """What one refusal says."""

    status: int
    code: str
    detail: str
    errors: Sequence[Fault] = ()
    headers: Sequence[tuple[str, str]] = ()


def shown(value: object) -> str:
    """A caller's own value, short enough to repeat."""
    return str(value)[:LONGEST_SHOWN]


def _invalid(fault: Invalid) -> Words:
    return Words(422, "invalid", f"{fault.field} {fault.reason}.", [Fault(fault.field, fault.reason)])


def _many(fault: ManyInvalid) -> Words:
    return Words(
        422, "invalid", f"{fault.field} {fault.reason}.", [Fault(path, reason) for path, reason in fault.faults[:100]]
    )


def _out_of_rating(fault: OutOfRating) -> Words:
    path, reason = f"power_ac_kw[{fault.index}]", f"must be from {fault.low:g} to {fault.high:g}"
    return Words(422, "invalid", f"{path} {reason}.", [Fault(path, reason)])


def _unstorable(fault: registry.Unstorable) -> Words:
    field = "external_id" if fault.field == "id" else fault.field
    reason = text_reason(fault.fault)
    return Words(
        422, "invalid", f"Item {fault.item + 1}: {field} {reason}.", [Fault(f"[{fault.item}].{field}", reason)]
    )


def text_reason(fault: registry.TextFault) -> str:
    """Why a text may not be stored, as the end of a sentence."""
    return {
        "blank": "must not be blank",
        "long": f"must be at most {registry.LONGEST_TEXT} characters",
    }.get(fault.reason, f"must not contain the character {fault.character!r}")


def _conflict(fault: Conflict) -> Words:
    field = "external_id" if fault.field == "id" else fault.field
    reason = "is in use already"
    if (fault.kind, fault.field) == ("vehicle", "device"):
        reason = "carries another device already"
    noun = fault.kind.replace("_", " ")
    return Words(409, "conflict", f"The {noun}'s {field} {shown(fault.value)!r} {reason}.", [Fault(field, reason)])


def _unknown(fault: Unknown) -> Words:
    if fault.which == "password":
        return Words(401, "password", "E-mail address or password is wrong.", headers=_CHALLENGE)
    detail = {
        "missing": "Sign in, or send Authorization: Bearer with a token.",
        "expired": "The session or token has expired; sign in again.",
    }.get(fault.reason, "The session or token is not valid; sign in again.")
    return Words(401, "not_signed_in", detail, headers=_CHALLENGE)


_CHALLENGE: Final = (("www-authenticate", "Bearer"),)


def _later(fault: Any) -> Words:
    wait_s = max(1, fault.retry_after_s)
    return Words(429, "too_many", f"Too many calls; try again in {wait_s} s.", headers=[("retry-after", str(wait_s))])


def _not_allowed(fault: NotAllowed) -> Words:
    if fault.what == "read_only":
        return Words(403, "read_only", "This token may read only.")
    if fault.what == "no_intake":
        return Words(403, "no_intake", "This process takes no reports.")
    return Words(403, "not_allowed", "Only administrators of the account may do this.")


def _too_many(fault: registry.TooMany) -> Words:
    return Words(409, "limit", f"At most {fault.limit} {fault.what} are possible; this would make {fault.count}.")


_WORDS: Final[Mapping[type[FleetlineError], Callable[[Any], Words]]] = {
    NoSuchRoute: lambda _: Words(404, "no_route", "There is no such path in this API."),
    NotFound: lambda f: Words(404, "not_found", f"There is no {f.kind.replace('_', ' ')} {shown(f.key)}."),
    MethodNotAllowed: lambda f: Words(
        405, "method", f"This path takes {', '.join(f.allowed)}.", headers=[("allow", ", ".join(f.allowed))]
    ),
    BodyTooLarge: lambda f: Words(413, "too_large", f"The body is larger than {f.limit} bytes."),
    BodyUnreadable: lambda f: Words(408 if f.reason == "slow" else 400, "body", "The body did not arrive whole."),
    EncodingUnsupported: lambda _: Words(415, "encoding", "Content-Encoding must be gzip or absent."),
    TypeUnsupported: lambda _: Words(415, "media_type", "This path does not read that Content-Type."),
    OutOfTime: lambda f: Words(503, "out_of_time", f"The work took longer than {f.seconds:g} s; ask for less."),
    Internal: lambda _: Words(500, "internal", "A fault of this server; the request id leads to it in the log."),
    Unavailable: lambda _: Words(503, "unavailable", "Try again shortly.", headers=[("retry-after", "5")]),
    Unparsable: lambda f: Words(400, "json", f"The body is no JSON: {shown(f.reason)}."),
    Forged: lambda _: Words(403, "csrf", "Send X-Fleetline-CSRF with the value that GET /api/v1/session gives."),
    KeyReused: lambda f: Words(409, "key_reused", _KEY_WORDS[f.reason]),
    Stale: lambda f: Words(412, "stale", f"It was changed meanwhile and is at revision {f.revision} now."),
    NotAll: lambda f: Words(409, "not_all", f"{f.refused} items cannot be done; nothing was written."),
    Unknown: _unknown,
    GrantRefused: lambda _: Words(401, "not_signed_in", "The token is not valid.", headers=_CHALLENGE),
    Blocked: lambda _: Words(403, "blocked", "The credential is blocked."),
    NotInPlan: lambda f: Words(
        403, "not_in_plan", f"The plan or your permissions do not include this {shown(f.what)}."
    ),
    WrongLevel: lambda _: Words(403, "not_allowed", "This needs a credential of an account."),
    NotAllowed: _not_allowed,
    TooMany: _later,
    TooSoon: _later,
    QuotaUsed: _later,
    AddressRefused: _later,
    Conflict: _conflict,
    ManyInvalid: _many,
    Invalid: _invalid,
    OutOfRating: _out_of_rating,
    Unfinished: lambda f: Words(409, "no_result", f"The run has no result; it is {f.state}."),
    NotUndoable: lambda f: Words(409, "cannot_undo", _UNDO_WORDS[f.reason]),
    resource.TooManyRows: lambda f: Words(422, "invalid", f"The file has more than {f.most} rows."),
    resource_query.QueueFull: lambda f: Words(409, "queue_full", f"{f.waiting} long runs of the account wait already."),
    registry.Unstorable: _unstorable,
    registry.TooMany: _too_many,
    registry.Ambiguous: lambda f: Words(409, "ambiguous", f"{shown(f.key)} names two {f.kind.value}s."),
    resource.Stale: lambda f: Words(412, "stale", f"The {f.kind} was changed meanwhile."),
    resource.UnknownMembers: lambda f: Words(
        422,
        "invalid",
        "Some of the resources do not exist.",
        [Fault(f"[{n}]", "does not exist") for n in f.indexes[:100]],
    ),
    resource_query.CannotCompute: lambda f: Words(409, "cannot_compute", _CANNOT.get(f.code, "It cannot be computed.")),
    resource_query.OutOfReach: lambda f: Words(422, "invalid", f"{f.parameter} {f.reason}."),
    registry.NamesNotUnique: lambda _: Words(409, "conflict", "Some names are held twice."),
}


def render(error: FleetlineError, request: Request) -> Response:
    """The refusal as problem details."""
    words = next((_WORDS[kind](error) for kind in type(error).__mro__ if kind in _WORDS), None)
    if words is None:
        words = Words(400, "refused", "The call cannot be carried out.")
    problem = Problem(
        title=_TITLES[words.status], status=words.status, code=words.code, detail=words.detail,
        request_id=request.request_id, errors=list(words.errors),
    )  # fmt: skip
    body = msgspec.to_builtins(problem)
    if isinstance(error, NotAll):
        body["outcomes"] = msgspec.to_builtins(error.verdicts)
    headers = [("content-type", PROBLEM_TYPE), ("cache-control", "no-store"), *words.headers]
    return Response(words.status, msgspec.json.encode(body), headers, words.code)
