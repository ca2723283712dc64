"""Bodies read strictly: JSON with every name once, and forms whose every fault is found, in the order of the fields."""

import datetime
import difflib
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from fleetline.api.dialects.fleetview.schema import BOX, TAG_LENGTH, Field, Form
from fleetline.api.dialects.fleetview.words import NOT_JSON, Refusal, bad, clean, faulty
from fleetline.model.power import FIRST_DATE, LAST_DATE, Limit
from fleetline.model.resource import Fault

DEEPEST: Final = 32
NOWHERE: Final[Mapping[str, str]] = {}


class Members(dict[str, Any]):
    """A JSON object; `repeated` has the names that came more than once, in whatever letter case."""

    __slots__ = ("repeated",)
    repeated: tuple[str, ...]


def _members(pairs: list[tuple[str, Any]]) -> Members:
    out = Members(pairs)
    out.repeated = ()
    if len({name.lower() for name, _ in pairs}) != len(pairs):
        lowered = [name.lower() for name, _ in pairs]
        out.repeated = tuple(name for index, (name, _) in enumerate(pairs) if lowered.index(name.lower()) < index)
    return out


def _no_constant(word: str) -> float:
    raise ValueError(word)


def read_json(body: bytes) -> Any:
    """The value of a JSON text; objects are Members.

    errors  Refusal 400 for what is no JSON, also for NaN, infinities and nesting deeper than DEEPEST
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise bad("", "json", NOT_JSON) from fault
    if _deeper(value, DEEPEST):
        raise bad("", "json", NOT_JSON)
    return value


def _deeper(value: Any, most: int) -> bool:
    """Whether objects and lists stand in each other more than that many levels deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def read_object(body: bytes) -> Members:
    """The members of a JSON object. errors: Refusal 400"""
    value = read_json(body)
    if not isinstance(value, Members):
        raise bad("", "type", "The body must be an object.")
    return value


def read_form(form: Form, members: Members, path: str = "") -> dict[str, Any]:
    """Our attributes of the object. errors: Refusal 400 with every fault"""
    faults: list[Fault] = []
    out = form_values(form, members, path, faults)
    if faults:
        raise faulty(faults)
    return out


def form_values(form: Form, members: Members, path: str, faults: list[Fault]) -> dict[str, Any]:
    """Attribute -> value of every field of the form that is not for replies only; faults are added to the list."""
    given: dict[str, Any] = {}
    unknown: list[str] = []
    for name, value in members.items():
        item = form.by_key.get(name.lower())
        if item is None:
            unknown.append(name)
        else:
            given[item.attr] = value
    prefix = f"{path}." if path else ""
    out: dict[str, Any] = {}
    for item in form.fields:
        value = given.get(item.attr)
        if item.kind == "reply":
            if value is not None:
                out[item.attr] = value
            continue
        if value is None:
            if item.required:
                faults.append(_fault(prefix + item.name, "required", f"{item.name} is required."))
            out[item.attr] = item.default
            continue
        out[item.attr] = _value(item, value, prefix + item.name, faults)
    for name in members.repeated:
        shown = clean(name)
        faults.append(_fault(prefix + shown, "repeated", f"{shown} is given twice."))
    names = [item.name for item in form.fields]
    faults.extend(unknown_name(prefix, name, names, inner_names(form)) for name in unknown)
    return out


def unknown_name(prefix: str, name: str, known: Collection[str], elsewhere: Mapping[str, str] = NOWHERE) -> Fault:
    """The fault of a name that nobody knows, with the nearest one that is known.

    elsewhere  names that are known further inside -> where they belong
    """
    shown = clean(name)
    belongs = next((place for other, place in elsewhere.items() if other.lower() == name.lower()), None)
    if belongs is not None:
        return _fault(prefix + shown, "unknown", f"{shown} is not known here; it belongs in {belongs}.")
    return _fault(prefix + shown, "unknown", f"{shown} is not known; did you mean {nearest(name, known, elsewhere)}?")


def nearest(name: str, known: Collection[str], elsewhere: Collection[str] = ()) -> str:
    """The known name that looks most like this one; those known elsewhere have to look much more like it."""
    lowered = name.lower()[:100]

    def likeness(other: str) -> float:
        begins = other.lower().startswith(lowered) or lowered.startswith(other.lower())
        near = 0.2 if other in known else 0.0
        return difflib.SequenceMatcher(None, lowered, other.lower()).ratio() + near + (0.5 if begins and lowered else 0)

    return max((*known, *elsewhere), key=likeness)


def inner_names(form: Form) -> dict[str, str]:
    """The names of all fields of the objects inside, each with where it belongs."""
    out: dict[str, str] = {}
    for item in form.fields:
        if item.form is None:
            continue
        place = item.name + ("[]" if item.kind == "objects" else "")
        for name in (inner.name for inner in item.form.fields):
            out.setdefault(name, place)
        for name, path in inner_names(item.form).items():
            out.setdefault(name, f"{place}.{path}")
    return out


def _fault(field: str, code: str, message: str) -> Fault:
    return Fault(field, code, message)


def _value(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    reader = _READERS[item.kind]
    return reader(item, value, path, faults)


def plain(number: float) -> str:
    """A limit as messages show it: no separators, no needless decimals."""
    return str(int(number)) if number == int(number) else repr(number)


def _number(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    fault = number_fault(item.name, item.limit, value, whole=item.kind == "whole")
    if fault is None:
        return int(value) if item.kind == "whole" else float(value)
    faults.append(_fault(path, *fault))
    return item.default


def number_fault(name: str, limit: Limit | None, value: Any, *, whole: bool = False) -> tuple[str, str] | None:
    """(code, message) of what is wrong with a number, None when nothing is."""
    if type(value) not in (int, float) or value in (float("inf"), float("-inf")):
        return "type", f"{name} must be a number."
    if limit is None or (limit.holds(value) and not (whole and value != int(value))):
        return None
    low, high = plain(limit.low), plain(limit.high)
    if name == "powerTemperatureCoefficient_PercentPerDegreeC" and value < 0:
        return "sign", f"{name} must be from 0 to 100; give the loss per degree as a positive number."
    if whole:
        return "whole", f"{name} must be a whole number from {low} to {high}."
    if limit.above:
        return "range", f"{name} must be above {low} and at most {high}."
    return "range", f"{name} must be from {low} to {high}."


def storable(text: str) -> bool:
    """Neither NUL nor half of a surrogate pair: every engine can keep it."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _text(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, str):
        faults.append(_fault(path, "type", f"{item.name} must be text."))
        return item.default
    if not storable(value):
        faults.append(_fault(path, "text", f"{item.name} has characters that cannot be stored."))
        return item.default
    kept = value if item.free else value.strip()
    if not item.least <= len(kept) <= item.most:
        faults.append(_fault(path, "length", f"{item.name} must have {item.least} to {item.most} characters."))
    return kept


def _texts(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        faults.append(_fault(path, "type", f"{item.name} must be a list."))
        return ()
    if len(value) > item.most:
        faults.append(_fault(path, "length", f"{item.name} must have {item.least} to {item.most} items."))
        return ()
    out = []
    for index, part in enumerate(value):
        one = Field(f"{item.name}[{index}]", item.attr, "text", least=TAG_LENGTH[0], most=TAG_LENGTH[1])
        out.append(_text(one, part, f"{path}[{index}]", faults) or "")
    return tuple(out)


def _enum(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, str):
        faults.append(_fault(path, "type", f"{item.name} must be text."))
        return item.default
    for word, meant in item.words.items():
        if word.lower() == value.lower():
            return meant
    faults.append(_fault(path, "enum", f"{item.name} must be one of {', '.join(item.words)}."))
    return item.default


def _date(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    found = date_of(value)
    if found is None:
        faults.append(_fault(path, "date", f"{item.name} must be a date like 2025-06-21."))
    return found


def date_of(value: Any) -> datetime.date | None:
    """A date as `2025-06-21` within FIRST_DATE..LAST_DATE, None for anything else."""
    if not isinstance(value, str) or len(value) != 10 or value[4] != "-" or value[7] != "-" or not value.isascii():
        return None
    try:
        found = datetime.date.fromisoformat(value)
    except ValueError:
        return None
    return found if FIRST_DATE <= found <= LAST_DATE else None


def _object(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    assert item.form is not None
    if not isinstance(value, Members):
        faults.append(_fault(path, "type", f"{path.rpartition('.')[2]} must be an object."))
        return None
    return form_values(item.form, value, path, faults)


def _objects(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    assert item.form is not None
    if not isinstance(value, list):
        faults.append(_fault(path, "type", f"{item.name} must be a list."))
        return ()
    if not item.least <= len(value) <= item.most:
        faults.append(_fault(path, "length", f"{item.name} must have {item.least} to {item.most} items."))
        return ()
    return tuple(_object(item, part, f"{path}[{index}]", faults) for index, part in enumerate(value))


def _ids(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        faults.append(_fault(path, "type", f"{item.name} must be a list."))
        return ()
    if not item.least <= len(value) <= item.most:
        faults.append(_fault(path, "length", f"{item.name} must have {item.least} to {item.most} items."))
        return ()
    for index, part in enumerate(value):
        if not isinstance(part, str):
            faults.append(_fault(f"{path}[{index}]", "type", f"{item.name}[{index}] must be text."))
    return tuple(normal_id(part) for part in value if isinstance(part, str))


def _box(item: Field, value: Any, path: str, faults: list[Fault]) -> Any:
    """West, south, east, north."""
    if not isinstance(value, list):
        faults.append(_fault(path, "type", f"{item.name} must be a list."))
        return None
    whole = f"{item.name} must be a list of west, south, east, north in degrees."
    if len(value) != len(BOX):
        faults.append(_fault(path, "length", whole))
        return None
    found = [number_fault(f"{item.name}[{index}]", limit, value[index]) for index, (_, limit) in enumerate(BOX)]
    faults.extend(_fault(f"{path}[{index}]", *fault) for index, fault in enumerate(found) if fault is not None)
    if any(found):
        return None
    west, south, east, north = (float(side) for side in value)
    if south > north:
        faults.append(_fault(path, "order", f"{whole[:-1]}; its south is north of its north."))
    return west, south, east, north


def normal_id(text: str) -> str:
    """An id as it is stored; what cannot be one at all becomes a text that never is one."""
    return text.lower() if len(text) == 36 and text.isascii() and text.isprintable() else "-"


_READERS: Final = {
    "number": _number,
    "whole": _number,
    "text": _text,
    "texts": _texts,
    "enum": _enum,
    "date": _date,
    "object": _object,
    "objects": _objects,
    "ids": _ids,
    "box": _box,
}


def check_id(given: Any, path_id: str, name: str) -> None:
    """An id in the body is that of the path. errors: Refusal 400"""
    if given is not None and (not isinstance(given, str) or given.lower() != path_id):
        raise bad(name, "id", f"{name} must equal the id in the path.")


def unreadable() -> Refusal:
    """What a body that is not there gets."""
    return bad("", "json", NOT_JSON)
