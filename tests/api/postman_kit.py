"""A reader of Postman collections in pure Python: it sends each request as Postman would and does what scripts say."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import requests

from tests.paths.server_kit import Place

NAME = re.compile(r"\{\{(\w+)\}\}")
KEEP = re.compile(r'pm\.(?:environment|collectionVariables)\.set\("(\w+)", answer(.+)\);')
COPY = re.compile(r'pm\.(?:environment|collectionVariables)\.set\("(\w+)", pm\.variables\.get\("(\w+)"\)\);')
WAITS = re.compile(r"if \((\[.+\])\.includes\(answer\.(\w+)\)\) \{")
AGAIN = re.compile(r"  setTimeout\(\(\) => pm\.execution\.setNextRequest\(pm\.info\.requestName\), (\d+)\);")
STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
MOST_TRIES = 60


class Pair(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One header, query or form field; version 2.1 allows no other members than these."""

    key: str
    value: str
    description: str = ""
    disabled: bool = False
    type: str = "text"


class Url(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    raw: str
    host: list[str]
    path: list[str]
    query: list[Pair] = []


class Body(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    mode: str
    raw: str = ""
    urlencoded: list[Pair] = []
    options: dict[str, Any] = {}


class AuthValue(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    key: str
    value: Any
    type: str = "string"


class Auth(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    type: str
    oauth2: list[AuthValue] = []
    bearer: list[AuthValue] = []


class Call(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    method: str
    header: list[Pair]
    url: Url
    description: str = ""
    body: Body | None = None
    auth: Auth | None = None


class Script(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    type: str
    exec: list[str]


class Event(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    listen: str
    script: Script


class Saved(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    originalRequest: dict[str, Any]
    status: str
    code: int
    header: list[Pair]
    cookie: list[Any]
    body: str
    _postman_previewlanguage: str = "json"


class Item(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    request: Call
    response: list[Saved]
    event: list[Event] = []


class Folder(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    item: list[Item]
    description: str = ""


class Info(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    _postman_id: str
    name: str
    description: str
    schema: str


class Variable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    key: str
    value: str
    type: str


class Collection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Version 2.1.0 as far as we write it: a member that the format does not have is refused."""

    info: Info
    item: list[Folder]
    variable: list[Variable]
    auth: Auth | None = None

    @property
    def items(self) -> list[tuple[str, Item]]:
        """(folder, item) in the order in which Postman sends them."""
        return [(folder.name, item) for folder in self.item for item in folder.item]


def read(document: Mapping[str, Any]) -> Collection:
    return msgspec.convert(document, Collection)


@dataclass
class Sender:
    """Sends the requests of one collection. values: of all variables, by name"""

    collection: Collection
    values: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def fill(self, text: str) -> str:
        """errors: KeyError for a variable that nothing has filled"""
        return NAME.sub(lambda found: self.values[found[1]], text)

    def _headers(self, call: Call) -> dict[str, str]:
        found = {one.key: self.fill(one.value) for one in call.header if not one.disabled}
        auth = call.auth or self.collection.auth
        if auth is not None and auth.type != "noauth":
            given = {one.key: one.value for one in (auth.oauth2 or auth.bearer)}
            found["Authorization"] = "Bearer " + self.fill(given["accessToken" if auth.type == "oauth2" else "token"])
        return found

    def send(self, item: Item) -> requests.Response:
        call = item.request
        data: Any = None
        if call.body is not None and call.body.mode == "urlencoded":
            data = {one.key: self.fill(one.value) for one in call.body.urlencoded if not one.disabled}
        elif call.body is not None:
            data = self.fill(call.body.raw).encode()
        assert "/".join(call.url.path) in call.url.raw and call.url.host == ["{{baseUrl}}"]
        answer = self.session.request(
            call.method, self.fill(call.url.raw), headers=self._headers(call), data=data, timeout=60
        )
        self.session.cookies.clear()
        return answer

    def keep(self, item: Item, answer: requests.Response) -> bool:
        """Does what the script says, which is all lines of known forms; whether the request comes again."""
        again = False
        for line in script(item):
            if found := COPY.fullmatch(line):
                self.values[found[1]] = self.values[found[2]]
            elif found := KEEP.fullmatch(line):
                self.values[found[1]] = str(place(answer.json(), found[2]))
            elif found := WAITS.fullmatch(line):
                again = answer.json()[found[2]] in json.loads(found[1])
            else:
                assert line in ("const answer = pm.response.json();", "}") or AGAIN.fullmatch(line), line
        return again

    def run(self) -> Iterator[tuple[str, Item, requests.Response]]:
        """Every request in order, repeated where the script says so."""
        for folder, item in self.collection.items:
            for _ in range(MOST_TRIES):
                answer = self.send(item)
                again = answer.ok and self.keep(item, answer)
                if not again:
                    break
                time.sleep(0.1)
            else:
                raise AssertionError(f"{item.name} is asked for again and again")
            yield folder, item, answer


def script(item: Item) -> Sequence[str]:
    return [line for event in item.event for line in event.script.exec]


def place(answer: Any, path: str) -> Any:
    """What stands at `.data[0].id`."""
    for name, number in STEP.findall(path):
        answer = answer[name] if name else answer[int(number)]
    return answer


PASSWORD = "a long good password"


@dataclass
class Served:
    """A fresh installation that serves, and for each API the values of its variables."""

    place: Place
    base: str

    def book(self, name: str, file: str) -> Any:
        answer = requests.get(f"{self.base}/docs/{name}/{file}.json", timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def values(self, name: str) -> dict[str, str]:
        """Fresh credentials for one API; `own` needs an installation without any account."""
        base = {"baseUrl": self.base}
        if name == "own":
            return base | {"email": "boss@example.org", "password": PASSWORD, "bearerToken": ""}
        partner = self.place.run("partner", "add", "Partner")["partner_id"]
        account = self.place.run("account", "add", "Acme", "--plan", "unlimited", "--partner", partner)["account_id"]
        if name == "fleetize":
            token = self.place.run("credential", "add", "fleetize-token", "--account", account)["apitoken"]
            self.place.run("device", "add", "--account", account, "--imei", "350000000000006", "--name", "Van 7")
            return base | {"apitoken": token}
        if name == "trimble":
            key = self.place.run("credential", "add", "trimble-key", "--account", account)["api_key"]
            partners = self.place.run("credential", "add", "trimble-key", "--partner", partner)["api_key"]
            return base | {"apiKey": key, "partnerKey": partners}
        made = self.place.run("credential", "add", "fleetview-client", "--account", account)
        names = {"apiKey": "api_key", "clientId": "client_id", "clientSecret": "client_secret"}
        return base | {variable: made[field] for variable, field in names.items()}


def serve(folder: Path) -> Iterator[Served]:
    """A server as its own process, until the reader is done."""
    data = folder / "data"
    place = Place(data, f"sqlite:///{data}/fleetline.db")
    place.start()
    try:
        yield Served(place, f"http://127.0.0.1:{place.http}")
    finally:
        place.stop()
