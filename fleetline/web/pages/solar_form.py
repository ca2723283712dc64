"""The form of a solar resource: every part of a site as fields, read back into the body that our own API takes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.members import faults_in, faults_of, outcome_of
from fleetline.web.site import Visit

TRACKING: Final = {
    "fixed": "Fixed",
    "single_axis": "One axis",
    "single_axis_backtracking": "One axis, backtracking",
    "dual_axis": "Two axes",
}
MOUNTING: Final = {"open_rack": "Open rack", "roof": "On a roof"}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TEXTS: Final = ("name", "customer_site_id", "zone", "feeder", "customer_class", "description")
WORDS: Final = frozenset({*TEXTS, "install_date", "decommission_date", "tracking", "mounting"})
WHOLE: Final = frozenset({"count", "module_row_count"})
SITE: Final = (
    "latitude_deg", "longitude_deg", "elevation_m", "install_date", "decommission_date", "export_limit_kw",
    "degradation_pct_per_year",
)  # fmt: skip
LISTS: Final = ("systems", "inverters", "arrays", "modules")
LABELS: Final = {
    "systems": "system", "inverters": "inverters", "arrays": "array", "modules": "modules", "latitude_deg": "latitude",
    "longitude_deg": "longitude", "elevation_m": "elevation", "customer_site_id": "site ID", "customer_class": "class",
    "export_limit_kw": "export limit", "degradation_pct_per_year": "degradation", "install_date": "installed",
    "decommission_date": "taken out of service", "azimuth_deg": "azimuth", "tilt_deg": "tilt",
    "max_power_ac_kw": "power", "efficiency_pct": "efficiency", "nameplate_dc_kw": "rating", "noct_c": "NOCT",
    "ptc_kw": "PTC", "temperature_coefficient_pct_per_c": "loss per °C", "rotation_limit_deg": "rotation limit",
    "module_row_count": "rows", "relative_row_spacing": "row spacing", "solar_access_pct": "light by month",
    "obstructions": "skyline", "derate_pct": "kept after losses", "albedo_pct": "albedo",
    "cleaning_threshold_mm": "rain that washes it", "rain_period_h": "hours of rain",
    "threshold_snowfall_cm_per_h": "snowfall that covers it",
}  # fmt: skip
NEW_INVERTER: Final = {"count": "1", "efficiency_pct": "97"}
NEW_ARRAY: Final = {
    "azimuth_deg": "180", "tilt_deg": "30", "tracking": "fixed", "mounting": "roof", "modules": [{"count": ""}],
}  # fmt: skip
NEW: Final[dict[str, Any]] = {"site": {"systems": [{"inverters": [NEW_INVERTER], "arrays": [NEW_ARRAY]}]}}
PLACE: Final = re.compile(r"\[(\d+)\]")
Nested = dict[str, Any]


def nested(fields: Mapping[str, str]) -> Nested:
    """`site.systems.0.arrays.1.tilt_deg` -> what it says, as the objects and lists that it names."""
    root: Nested = {}
    for name, text in fields.items():
        parts = name.split(".")
        now: Any = root
        for part in parts[:-1]:
            now = now.setdefault(part, {})
        now[parts[-1]] = text
    return dict(_listed(root))


def _listed(value: Any) -> Any:
    """Objects whose names are all numbers as lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The other way round: (name of a field, its text)."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, "" if value is None else value if isinstance(value, str) else f"{value:.10g}"


def shown(item: Mapping[str, Any]) -> Nested:
    """A resource as the form shows it."""
    site = {name: item["site"][name] for name in SITE} | {
        "systems": [_shown_system(s) for s in item["site"]["systems"]]
    }
    return {**{name: item[name] for name in TEXTS}, "tags": "; ".join(item["tags"]), "site": site}


def _shown_system(system: Mapping[str, Any]) -> Nested:
    arrays = []
    for array in system["arrays"]:
        named, access = array["named_months"], array["solar_access_pct"]
        months = [value if month in named or value != 100 else None for month, value in enumerate(access, 1)]
        skyline = "\n".join(
            f"{one['azimuth_deg']:g} {one['elevation_deg']:g} {one['opacity_pct']:g}" for one in array["obstructions"]
        )
        plain = {name: value for name, value in array.items() if name != "named_months"}
        arrays.append({**plain, "solar_access_pct": months, "obstructions": skyline})
    return {**system, "arrays": arrays}


def body_of(form: Nested) -> tuple[dict[str, Any], dict[str, str]]:
    """(the body of a resource, faults by field). What is left empty is null: the API's own default."""
    faults: dict[str, str] = {} if form.get("name") else {"name": "is needed"}
    body: dict[str, Any] = {name: form.get(name) or None for name in TEXTS}
    body["tags"] = [tag.strip() for tag in str(form.get("tags") or "").split(";") if tag.strip()]
    site = form.get("site") or {}
    body["site"] = {name: _value(name, site.get(name, ""), f"site.{name}", faults) for name in SITE}
    body["site"]["systems"] = [
        _system(system, f"site.systems.{index}", faults) for index, system in enumerate(site.get("systems") or [])
    ]
    for name in ("latitude_deg", "longitude_deg"):
        if body["site"][name] is None:
            faults.setdefault(f"site.{name}", "is needed")
    return body, faults


def _system(form: Nested, path: str, faults: dict[str, str]) -> dict[str, Any]:
    parts = {name: _plain(form.get(name) or [], f"{path}.{name}", faults) for name in ("inverters",)}
    arrays = [_array(array, f"{path}.arrays.{index}", faults) for index, array in enumerate(form.get("arrays") or [])]
    return {**_given(form, path, faults), **parts, "arrays": arrays}


def _array(form: Nested, path: str, faults: dict[str, str]) -> dict[str, Any]:
    found = _given({name: text for name, text in form.items() if name != "obstructions"}, path, faults)
    found["modules"] = _plain(form.get("modules") or [], f"{path}.modules", faults)
    months = [_value("month", text, f"{path}.solar_access_pct.{index}", faults)
              for index, text in enumerate(form.get("solar_access_pct") or [])]  # fmt: skip
    if any(value is not None for value in months):
        found["solar_access_pct"] = [100.0 if value is None else value for value in months]
        found["named_months"] = [month for month, value in enumerate(months, 1) if value is not None]
    if skyline := str(form.get("obstructions") or "").strip():
        found["obstructions"] = _skyline(skyline, f"{path}.obstructions", faults)
    return found


def _skyline(text: str, path: str, faults: dict[str, str]) -> list[dict[str, float]]:
    found = []
    for line in text.splitlines():
        try:
            numbers = [float(part.replace(",", ".")) for part in line.split()]
        except ValueError:
            numbers = []
        if len(numbers) not in (2, 3):
            faults[path] = "must have two or three numbers a line: azimuth, elevation, opacity"
            return []
        found.append(dict(zip(("azimuth_deg", "elevation_deg", "opacity_pct"), numbers, strict=False)))
    return found


def _plain(forms: list[Nested], path: str, faults: dict[str, str]) -> list[dict[str, Any]]:
    return [_given(form, f"{path}.{index}", faults) for index, form in enumerate(forms)]


def _given(form: Nested, path: str, faults: dict[str, str]) -> dict[str, Any]:
    """The values of one part that are not left empty; lists apart."""
    texts = {name: text for name, text in form.items() if isinstance(text, str)}
    values = {name: _value(name, text, f"{path}.{name}", faults) for name, text in texts.items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(name: str, text: Any, path: str, faults: dict[str, str]) -> Any:
    """None for an empty field."""
    kept = str(text or "").strip()
    if not kept or name in WORDS:
        return kept or None
    try:
        number = float(kept.replace(",", "."))
    except ValueError:
        faults[path] = "must be a number"
        return None
    return int(number) if name in WHOLE and number.is_integer() else number


def edited(form: Nested, act: str) -> Nested | None:
    """The form with a part more or less, as `add:site.systems.0.arrays` or `drop:...1` say; None for any other word."""
    verb, _, path = act.partition(":")
    parts = path.split(".")
    if verb not in ("add", "drop"):
        return None
    now: Any = form
    for part in parts if verb == "add" else parts[:-1]:
        now = now[int(part)] if isinstance(now, list) and part.isdecimal() and int(part) < len(now) else (
            now.get(part) if isinstance(now, dict) else None
        )  # fmt: skip
    if not isinstance(now, list):
        return form
    if verb == "add":
        now.append(dict(now[-1]) if now else {})  # alike mostly: the next one begins as the one before
    elif parts[-1].isdecimal() and int(parts[-1]) < len(now) > 1:
        del now[int(parts[-1])]
    return form


def faults_beside(refusal: Refused) -> dict[str, str]:
    """The API's faults by the field that shows them."""
    if refusal.status == 412:
        return {"": "Somebody else changed it meanwhile. Open it again in another tab and compare."}
    if not refusal.errors:
        return faults_in(refusal)
    return {PLACE.sub(r".\1", fault["path"]): fault["reason"] for fault in refusal.errors}


def place_of(name: str) -> str:
    """Which field is meant, for people: `System 1, array 2, tilt`."""
    parts = name.removeprefix("site.").split(".")
    found = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if part.isdecimal():
            continue
        word = LABELS.get(part, part.replace("_", " "))
        found.append(f"{word} {int(following) + 1}" if following.isdecimal() and part in LISTS else word)
    text = ", ".join(found)
    return text[:1].upper() + text[1:]


def _form_of(visit: Visit) -> Nested:
    fields = {name: visit.field(name) for name in visit.form if name not in ("csrf", "act", "revision")}
    return nested(fields)


def _show(visit: Visit, form: Nested, faults: dict[str, str], item: Any, status: int = 200) -> Response:
    revision = visit.field("revision") or (str(item["revision"]) if item else "")
    return visit.show(
        "solar_form", status, form=form, fields=dict(flat(form)), faults=faults, item=item, tracking=TRACKING,
        mounting=MOUNTING, months=MONTHS, place_of=place_of, revision=revision,
    )  # fmt: skip


async def new(visit: Visit) -> Response:
    return _show(visit, NEW, {}, None)


async def add(visit: Visit) -> Response:
    form = _form_of(visit)
    if (more := edited(form, visit.field("act"))) is not None:
        return _show(visit, more, {}, None)
    body, faults = body_of(form)
    if not faults:
        body["site"] = {name: value for name, value in body["site"].items() if value is not None}
        body = {name: value for name, value in body.items() if value is not None}
        try:
            outcome = outcome_of(await visit.api.send("POST", "/solar/resources", [body]))
            faults = {PLACE.sub(r".\1", path): reason for path, reason in faults_of(outcome).items()}
            if not faults:
                return visit.go(
                    f"/solar/resources/{outcome['id']}", done=visit.words.say("{name} is added.", name=body["name"])
                )
        except Refused as refusal:
            faults = {path.removeprefix(".0."): reason for path, reason in faults_beside(refusal).items()}
    return _show(visit, form, faults, None, 422)


async def edit(visit: Visit) -> Response:
    item = await visit.api.get(f"/solar/resources/{visit.request.path_params['number']}")
    return _show(visit, shown(item), {}, item)


async def change(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    item, form = await visit.api.get(f"/solar/resources/{number}"), _form_of(visit)
    if (more := edited(form, visit.field("act"))) is not None:
        return _show(visit, more, {}, item)
    body, faults = body_of(form)
    if not faults:
        try:
            await visit.api.send("PATCH", f"/solar/resources/{number}", body, revision=visit.field("revision"))
            return visit.go(f"/solar/resources/{number}", done="Saved.")
        except Refused as refusal:
            faults = faults_beside(refusal)
    return _show(visit, form, faults, item, 422)


PAGES: Final = (
    ("GET", "/solar/resources/new", new),
    ("POST", "/solar/resources/new", add),
    ("GET", "/solar/resources/{number}/edit", edit),
    ("POST", "/solar/resources/{number}/edit", change),
)
