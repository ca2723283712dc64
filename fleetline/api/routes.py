"""The routes of a dialect as one table: each row is one method and path, with its level, handler and documentation."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fleetline.api.http import Request, Response

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace

Handler = Callable[["Workspace", Request], Awaitable[Response]]
"""Answers an admitted call."""

OpenHandler = Callable[["Gate", Request], Awaitable[Response]]
"""Answers a call without a secret, such as one that exchanges a key for a token."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as the documentation shows it.

    where   `form` stands for a field of the body
    schema  JSON Schema of its value
    source  `documented`, `example`, `ours` or a rule number
    """

    name: str
    where: Literal["path", "query", "header", "form"]
    text: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    source: str = "documented"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as the documentation shows it; `schema` is a JSON Schema or a type msgspec can describe."""

    status: int
    text: str
    schema: Any = None
    example: Any = None
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of a dialect's table.

    path        absolute, e.g. `/api/assets/v1/vehiclegroups/{vehicleGroupId}`; a {name} matches one segment
    level       what the secret must be good for, compared by the dialect's step `check_level`; empty: any
    handler     of an admitted call; exactly one of handler and open_handler is set
    open_handler  of a call without a secret; the step `admit` passes such routes
    body        type or JSON Schema of the request body, for the documentation
    body_limit  bytes, where it differs from the dialect's
    source      where the route comes from: the vendor's page, or `ours`
    """

    method: str
    path: str
    summary: str
    handler: Handler | None = None
    open_handler: OpenHandler | None = None
    level: str = ""
    text: str = ""
    tag: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_media: str = "application/json"
    answers: tuple[Answer, ...] = ()
    body_limit: int | None = None
    source: str = "documented"
    hidden: bool = False

    @property
    def is_open(self) -> bool:
        return self.open_handler is not None


@dataclass(frozen=True, slots=True)
class Match:
    """The routes of one path, by method, and the segments that its {names} stand for."""

    routes: Mapping[str, Route]
    values: tuple[str, ...]

    def params(self, route: Route) -> dict[str, str]:
        """What the {names} of this route stand for."""
        names = (part[1:-1] for part in route.path.split("/") if part.startswith("{"))
        return dict(zip(names, self.values, strict=True))

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods of the path; HEAD wherever GET is."""
        return tuple(m for method in self.routes for m in ((method, "HEAD") if method == "GET" else (method,)))


@dataclass(slots=True)
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    named: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """Finds the routes of a path; a literal segment wins over a named one."""

    def __init__(self, routes: Iterable[Route], *, fold_case: bool = False) -> None:
        self._fold = fold_case
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.path.removeprefix("/").split("/"):
            if part.startswith("{") and part.endswith("}"):
                node.named = node.named or _Node()
                node = node.named
            else:
                node = node.literal.setdefault(part.lower() if self._fold else part, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        if (route.handler is None) == (route.open_handler is None):
            raise ValueError(f"{route.method} {route.path} needs exactly one handler")
        node.routes[route.method] = route

    def find(self, segments: Sequence[str]) -> Match | None:
        """The routes whose path these decoded segments fit, None when there is none."""
        keys = [part.lower() for part in segments] if self._fold else segments
        found = _walk(self._root, keys, segments, 0, ())
        return Match(found[0].routes, found[1]) if found is not None else None


def _walk(
    node: _Node, keys: Sequence[str], segments: Sequence[str], at: int, values: tuple[str, ...]
) -> tuple[_Node, tuple[str, ...]] | None:
    if at == len(keys):
        return (node, values) if node.routes else None
    if (child := node.literal.get(keys[at])) is not None:
        found = _walk(child, keys, segments, at + 1, values)
        if found is not None:
            return found
    if node.named is not None and keys[at]:
        return _walk(node.named, keys, segments, at + 1, (*values, segments[at]))
    return None
