"""What a dialect adds to its route table for the people who read its documentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that the reader fills in once.

    key     stands as {{key}} in samples and in the Postman collection
    shown   what stands there until it is filled in
    """

    key: str
    shown: str
    text: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One call of a route that works when those before it were sent. {{key}} stands for a variable.

    path, query, headers, form  values by name; what the route has besides is shown and not sent
    body     a JSON value or a text; in a JSON value "{{#key}}" stands for a number
    media    of the body, where it is not the first that the route takes
    answer   a body of the good answer, a JSON value or a text
    keeps    variable -> where its value stands in the JSON answer: `data[0].id`
    copies   variable -> variable whose value it gets before `keeps` overwrites it
    waits    (where in the answer, values there): the call is repeated while it has one of them
    bearer   variable of the token, where it is another than that of all calls
    at_end   comes last when all calls are sent in order, since others need what it takes away
    left_out why it cannot be sent with the others; empty: it can
    also     further calls of the same route, each with a title of its own
    """

    title: str = ""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media: str = ""
    answer: Any = None
    keeps: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    waits: tuple[str, tuple[str, ...]] | None = None
    bearer: str = ""
    at_end: bool = False
    left_out: str = ""
    also: tuple["Example", ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step from nothing to the first answer; call: `METHOD /path` of the route it speaks of."""

    text: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit, with its number in words. source: `documented` or `ours`"""

    name: str
    value: str
    source: str = "ours"


@dataclass(frozen=True, slots=True)
class Message:
    """A text of an answer. when: what brings it; capitals in `text` stand for what the call names"""

    status: int
    code: str
    text: str
    when: str
    source: str = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The words of one dialect's documentation.

    vendor     what of this API the vendor's own document says; ours: what was decided here
    notice     about names that belong to others
    variables  of the environment, without `baseUrl`, which every environment has
    examples   by `METHOD /path`
    auth       the `auth` of the Postman collection; none: calls carry their secret themselves
    headers    what every call carries; open calls too
    bearer     the value of `Authorization` on every call that is not open, empty: none
    environment  its name
    """

    vendor: str = ""
    ours: str = ""
    notice: str = ""
    steps: tuple[Step, ...] = ()
    bounds: tuple[Bound, ...] = ()
    messages: tuple[Message, ...] = ()
    variables: tuple[Variable, ...] = ()
    examples: Mapping[str, Example] = field(default_factory=dict)
    auth: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    bearer: str = ""
    environment: str = ""


NO_GUIDE = Guide()
