"""The words of this API: messages, key names and codes as its clients know them, and each refusal in its own shape."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fleetline.api.errors import (
    BodyTooLarge,
    BodyUnreadable,
    EncodingUnsupported,
    Internal,
    MethodNotAllowed,
    NoSuchRoute,
    OutOfTime,
)
from fleetline.api.http import Request, Response, json_response
from fleetline.model.errors import FleetlineError, Unavailable
from fleetline.model.refusals import Refused, TooMany, Unknown, WrongLevel
from fleetline.model.registry import Ambiguous, Kind, Unstorable

DUPLICATE: Final = -12
NOT_FOUND: Final = -11
SHOWN_CHARACTERS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of member is spelled.

    id      `vehicleId` of lists and requests; Id: `VehicleId` of records after POST and PUT
    group   `vehicleGroup`, the stem of the group's keys
    cloud   what the text about taken ids adds
    """

    kind: Kind
    noun: str
    id: str
    Id: str
    group: str
    cloud: str

    @property
    def group_noun(self) -> str:
        return f"{self.noun} group"


VEHICLE: Final = Words(Kind.VEHICLE, "vehicle", "vehicleId", "VehicleId", "vehicleGroup", " for the Partner")
DRIVER: Final = Words(Kind.DRIVER, "driver", "driverId", "DriverId", "driverGroup", "")


class BadRequest(FleetlineError):
    """The call as a whole cannot be taken; `message` is the sentence of this API."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotSupported(FleetlineError):
    """A part of the vendor's API that this server does not have."""


def moment(at_ms: int) -> str:
    """An instant without zone, trailing zeros of the fraction cut: `2019-03-28T21:02:19.03`."""
    text = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat()
    return text.rstrip("0") if "." in text else text


def full_moment(at_ms: int) -> str:
    """An instant with three digits and a zone: `2019-01-21T19:18:23.228Z`."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds") + "Z"


def shown(text: str) -> str:
    """As much of a caller's value as an answer repeats."""
    return text[:SHOWN_CHARACTERS]


def partial(message: str, code: int, **lists: list[str]) -> dict[str, Any]:
    """The `error` of a call that finished without some of its items; empty lists are left out."""
    return {"message": message, "code": code} | {name: values for name, values in lists.items() if values}


def fault_text(field: str, fault: Unstorable, *, numbered: bool = True) -> str:
    """The sentence about a value that may not be stored."""
    reason = {
        "blank": "is blank",
        "long": "is longer than 255 characters",
        "character": f'contains a character that is not allowed: "{fault.fault.character}"',
    }[fault.fault.reason]
    return f"{f'Item {fault.item + 1}: ' if numbered else ''}{field} {reason}"


def refusal(message: str, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """A fault of the whole call."""
    return json_response({"message": message, "code": status}, status, [*NO_STORE, *headers], message)


NO_STORE: Final = (("cache-control", "no-store"),)


def answer(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = (), error: str = "") -> Response:
    """An answer in the shape of its endpoint."""
    return json_response(value, status, [*NO_STORE, *headers], error)


def render(error: FleetlineError, request: Request) -> Response:
    """Every refusal in this API's words."""
    match error:
        case BadRequest():
            return refusal(error.message, 400)
        case Ambiguous():
            return refusal(f"{error.kind.value}Id {shown(error.key)} names two {error.kind.value}s", 400)
        case NotSupported():
            return refusal("Route modifier sets are not supported by this server", 501)
        case Refused():
            return _refused(error)
        case Unavailable():
            return refusal("Busy, try again", 503, (("retry-after", "1"),))
        case Internal():
            return refusal("Internal error", 500)
    return _transport(error)


def _refused(error: Refused) -> Response:
    match error:
        case Unknown() if error.which == "key":
            return refusal("Invalid apiKey value or alias sent", 400)
        case WrongLevel():
            return refusal(f"Token does not have {error.needed} level access", 400)
        case TooMany():
            return refusal("Too many requests", 429, (("retry-after", str(error.retry_after_s)),))
    return refusal("Missing, invalid or expired token", 401, (("www-authenticate", "Bearer"),))


def _transport(error: FleetlineError) -> Response:
    match error:
        case NoSuchRoute():
            return refusal("No such endpoint", 404)
        case MethodNotAllowed():
            return refusal("Method not allowed", 405, (("allow", ", ".join(error.allowed)),))
        case BodyTooLarge():
            return refusal(f"Request body is larger than {error.limit} bytes", 413)
        case EncodingUnsupported():
            return refusal("Content-Encoding is not supported", 415)
        case BodyUnreadable():
            return refusal("Request body did not arrive", 408, (("connection", "close"),))
        case OutOfTime():
            return refusal("Busy, try again", 503, (("retry-after", "1"),))
    return refusal("Request cannot be carried out", 400)
