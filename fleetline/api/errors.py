"""What can be wrong with a call before any use case runs, as data: each dialect has its own words for each."""

from collections.abc import Sequence

from fleetline.model.errors import FleetlineError


class NoSuchRoute(FleetlineError):
    """No route of the dialect has this path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"no route {path[:200]!r}")
        self.path = path


class MethodNotAllowed(FleetlineError):
    """The path exists, but not with this method; `allowed` in the order of an Allow header."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"method {method[:20]!r} is not one of {', '.join(allowed)}")
        self.method = method
        self.allowed = tuple(allowed)


class BodyTooLarge(FleetlineError):
    """The body is larger than the route takes; the rest of it was not read and the connection closes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class BodyUnreadable(FleetlineError):
    """The body did not arrive whole in time or is not in the encoding that its headers name.

    reason  `slow`, `encoding` or a word of the dialect's own
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the body cannot be read: {reason}")
        self.reason = reason


class EncodingUnsupported(FleetlineError):
    """Content-Encoding names something this route does not undo."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"content encoding {encoding[:60]!r} is not supported")
        self.encoding = encoding


class TypeUnsupported(FleetlineError):
    """Content-Type names something this route does not read."""

    def __init__(self, media_type: str) -> None:
        super().__init__(f"content type {media_type[:100]!r} is not supported")
        self.media_type = media_type


class OutOfTime(FleetlineError):
    """The work took longer than the plan allows and was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"processing took longer than {seconds:g} s")
        self.seconds = seconds


class Internal(FleetlineError):
    """A fault of ours; what happened stands in the log under the request id."""

    def __init__(self) -> None:
        super().__init__("internal error")


class Disconnected(Exception):
    """The client went away before its request was whole; there is nobody to answer."""
