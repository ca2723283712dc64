"""Settings of the program: a flag beats the environment, the environment beats `fleetline.toml`."""

import ipaddress
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fleetline.model.errors import Invalid
from fleetline.model.limits import BUILT_IN, Lives, Plan, plans_of

PREFIX: Final = "FLEETLINE_"
FILE: Final = "fleetline.toml"
ACTIONS: Final = ("device", "devicelist")
LARGEST_PORT: Final = 65_535
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator may set.

    trackers          protocol name -> (host, port); None: every protocol on its own port; empty: none
    register_unknown  account that gets a device for every unknown identifier
    fleetize          `error_status` and `error_body` of that dialect
    request_log_days, positions_days  how long each is kept; 0: for ever
    trips             thresholds that differ from the built-in ones
    file              the file that was read, None without one
    """

    data: Path
    database: str
    http: tuple[str, int] = ("127.0.0.1", 8080)
    public_url: str = ""
    workers: int = 1
    trackers: Mapping[str, tuple[str, int]] | None = None
    mqtt: str = ""
    register_unknown: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    fleetize: Mapping[str, str] = field(default_factory=dict)
    request_log_days: int = 90
    positions_days: int = 0
    lives: Lives = field(default_factory=Lives)
    trips: Mapping[str, float] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=lambda: dict(BUILT_IN))
    file: Path | None = None


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Read the settings.

    flags        by the name of the setting (`data`, `http`, ...); None: not given; `config` names the file
    environment  FLEETLINE_*; names that are no setting are left to others
    folder       the working folder
    errors       Invalid, whose field says where the value stands
    """
    environment = os.environ if environment is None else environment
    folder = Path() if folder is None else folder
    file = _file(flags, environment, folder)
    document = _document(file)
    found: dict[str, Any] = {}
    for name, read in READERS.items():
        for where, value in _places(name, flags, environment, document, file):
            found[name] = read(where, value)
            break
    data = found.pop("data", folder / "fleetline-data")
    lives = {key: found.pop(f"tokens.{key}") for key in ("signed_s", "session_s") if f"tokens.{key}" in found}
    fleetize = {key: found.pop(f"fleetize.{key}") for key in WORDS if f"fleetize.{key}" in found}
    return Settings(
        data=data,
        database=found.pop("database", f"sqlite:///{data / 'fleetline.db'}"),
        fleetize=fleetize,
        lives=Lives(**lives),
        trips=_trips(environment, document, file),
        plans=_in_file(file, lambda: plans_of(_tables(document, "plans"), ACTIONS)),
        file=file,
        **{name.removeprefix("retention."): value for name, value in found.items()},
    )


def _file(flags: Mapping[str, object], environment: Mapping[str, str], folder: Path) -> Path | None:
    named = flags.get("config") or environment.get(f"{PREFIX}CONFIG")
    if named:
        if not Path(str(named)).is_file():
            raise Invalid("config", "names no file", named)
        return Path(str(named))
    data = flags.get("data") or environment.get(f"{PREFIX}DATA") or folder / "fleetline-data"
    for candidate in (folder / FILE, Path(str(data)) / FILE):
        if candidate.is_file():
            return candidate
    return None


def _document(file: Path | None) -> dict[str, Any]:
    """The file's content, every key of it known."""
    if file is None:
        return {}
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise Invalid(str(file), f"cannot be read: {fault}") from fault
    sections = {name.split(".")[0] for name in READERS if "." in name}
    for key, value in document.items():
        if key in ("plans", "trips"):
            continue
        if key in sections and isinstance(value, dict):
            for inner in value:
                if f"{key}.{inner}" not in READERS:
                    raise Invalid(f"{file}: {key}.{inner}", "is not a setting")
        elif key not in READERS:
            raise Invalid(f"{file}: {key}", "is not a setting")
    return document


def _places(
    name: str,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    document: Mapping[str, Any],
    file: Path | None,
) -> list[tuple[str, object]]:
    """(where, value) wherever the setting stands, the strongest place first."""
    places: list[tuple[str, object]] = []
    if flags.get(name) not in (None, ()):
        places.append((f"--{FLAGS.get(name, name.replace('_', '-'))}", flags[name]))
    variable = PREFIX + name.upper().replace(".", "_")
    if environment.get(variable):
        places.append((variable, environment[variable]))
    section, _, key = name.rpartition(".")
    table = document.get(section, {}) if section else document
    if key in table:
        places.append((f"{file}: {name}", table[key]))
    return places


def _tables(document: Mapping[str, Any], section: str) -> Mapping[str, Mapping[str, object]]:
    found = document.get(section, {})
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise Invalid(section, f"must be made of tables [{section}.NAME]")
    return found


def _in_file(file: Path | None, work: Callable[[], dict[str, Plan]]) -> dict[str, Plan]:
    try:
        return work()
    except Invalid as fault:
        raise Invalid(f"{file}: {fault.field}", fault.reason, fault.value) from fault


def _trips(environment: Mapping[str, str], document: Mapping[str, Any], file: Path | None) -> dict[str, float]:
    """Thresholds from the file and from FLEETLINE_TRIPS_*, checked one by one."""
    section = document.get("trips", {})
    if not isinstance(section, dict):
        raise Invalid(f"{file}: trips", "must be a table")
    start = f"{PREFIX}TRIPS_"
    places = [(f"{file}: trips.{key}", key, value) for key, value in section.items()]
    places += [
        (name, name.removeprefix(start).lower(), _float(name, value))
        for name, value in environment.items() if name.startswith(start)
    ]  # fmt: skip
    if not places:
        return {}
    from fleetline.model.trips.thresholds import Thresholds  # numpy comes with it, which most commands never need

    found = {}
    for where, key, value in places:
        try:
            Thresholds().override({key: value})
        except Invalid as fault:
            raise Invalid(where, fault.reason, value) from fault
        found[key] = value
    return found


def _float(where: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise Invalid(where, "must be a number", value) from None


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise Invalid(where, "must be a text", value)
    return value.strip()


def _path(where: str, value: object) -> Path:
    return Path(_text(where, str(value) if isinstance(value, Path) else value)).expanduser()


def _url(*schemes: str) -> Callable[[str, object], str]:
    def read(where: str, value: object) -> str:
        text = _text(where, value)
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "sqlite"):
            raise Invalid(where, f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return text.rstrip("/") if parts.scheme.startswith("http") else text

    return read


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(where: str, value: object) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Invalid(where, f"must be a whole number from {low} to {high}", value)
        return value

    return read


def _one_of(*words: str) -> Callable[[str, object], str]:
    def read(where: str, value: object) -> str:
        if isinstance(value, bool) or str(value) not in words:
            raise Invalid(where, f"must be one of {', '.join(words)}", value)
        return str(value)

    return read


def read_address(where: str, value: object) -> tuple[str, int]:
    """(host, port) of `HOST:PORT`; an IPv6 host stands in brackets. errors: Invalid"""
    host, colon, port = _text(where, value).rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or (":" in bare) != host.startswith("[") or not port.isdecimal():
        raise Invalid(where, "must be HOST:PORT", value)
    if int(port) > LARGEST_PORT:
        raise Invalid(where, f"has no port from 0 to {LARGEST_PORT}", value)
    return bare, int(port)


def _listed(where: str, value: object) -> list[object]:
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    raise Invalid(where, "must be a list", value)


def _networks(where: str, value: object) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(_text(where, word)) for word in _listed(where, value))
    except ValueError as fault:
        raise Invalid(where, f"must list addresses or networks: {fault}") from fault


def _trackers(where: str, value: object) -> dict[str, tuple[str, int]]:
    """NAME=HOST:PORT each, or the single word `none`; in a file also a table of NAME = "HOST:PORT"."""
    if isinstance(value, dict):
        value = [f"{name}={address}" for name, address in value.items()]
    words = [_text(where, word) for word in _listed(where, value)]
    if words == ["none"]:
        return {}
    found: dict[str, tuple[str, int]] = {}
    for word in words:
        name, sign, address = word.partition("=")
        if not sign or not name or name in found:
            raise Invalid(where, "must be NAME=HOST:PORT, each name once, or none", word)
        found[name] = read_address(where, address)
    return found


WORDS: Final = {"error_status": ("http", "200"), "error_body": ("line", "json")}
FLAGS: Final = {"trackers": "tracker"}
READERS: Final[Mapping[str, Callable[[str, object], Any]]] = {
    "data": _path,
    "database": _url("sqlite", "postgresql", "postgres"),
    "http": read_address,
    "public_url": _url("http", "https"),
    "workers": _whole(1, 64),
    "trackers": _trackers,
    "mqtt": _url("mqtt", "mqtts"),
    "register_unknown": _text,
    "trusted_proxies": _networks,
    "retention.request_log_days": _whole(0, 36_500),
    "retention.positions_days": _whole(0, 36_500),
    "tokens.signed_s": _whole(60, 86_400),
    "tokens.session_s": _whole(300, 31_536_000),
    **{f"fleetize.{key}": _one_of(*words) for key, words in WORDS.items()},
}
