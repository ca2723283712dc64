"""Who may come in: accounts, users and credentials, each with what it may see."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fleetline.model.errors import Invalid

LARGEST_ID: Final = 2**53 - 1
LONGEST_HISTORY_DAYS: Final = 36_500
LONGEST_NAME: Final = 255
LONGEST_EMAIL: Final = 254
WITHHOLDABLE: Final = ("imei", "sensors", "location", "mileage", "routes")


class Role(StrEnum):
    """What a principal is to its account; a partner has no account and only lists those it serves."""

    MAIN = "main"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    PARTNER = "partner"


class Kind(StrEnum):
    """What a credential is for; the values are words of the command line and of the store."""

    CALL_TOKEN = "fleetize-token"
    API_KEY = "fleetview-key"
    CLIENT = "fleetview-client"
    ACCESS = "fleetview-access"
    REFRESH = "fleetview-refresh"
    ASSET_KEY = "trimble-key"
    OWN_TOKEN = "fleetline-token"
    SESSION = "session"


STANDING_KINDS: Final = (Kind.CALL_TOKEN, Kind.API_KEY, Kind.CLIENT, Kind.ASSET_KEY, Kind.OWN_TOKEN)
"""Kinds that people hand out and revoke; the others come and go by themselves."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one user may see of the account.

    all_devices, devices, groups  grants; they add up, and a vehicle of a granted group is granted
    withhold                      parts whose values are never shown, out of WITHHOLDABLE
    history_days                  how many days back may be asked; 0: all
    """

    all_devices: bool = False
    devices: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    withhold: frozenset[str] = frozenset()
    history_days: int = 0

    def spec(self) -> str:
        """The one-line form; `parse_permissions` makes an equal value of it."""
        return ";".join(f"{key}={_listed(value)}" for key, value in self.facts().items())

    def facts(self) -> dict[str, object]:
        """The structured form: devices "all" or ids, groups ids, withhold words, history days."""
        return {
            "devices": "all" if self.all_devices else sorted(self.devices),
            "groups": sorted(self.groups),
            "withhold": [part for part in WITHHOLDABLE if part in self.withhold],
            "history": self.history_days,
        }


EVERYTHING: Final = Permissions(all_devices=True)
NOTHING: Final = Permissions()


def _listed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def parse_permissions(spec: str) -> Permissions:
    """`devices=7,9;groups=2;withhold=location,sensors;history=30`, each part optional, in any order, at most once.

    A part that is absent or empty grants and withholds nothing; blanks around words do not count.
    errors  Invalid, with the part's name as field (`permissions` when no part is known)
    """
    parts: dict[str, str] = {}
    for piece in filter(str.strip, spec.split(";")):
        key, sign, value = (text.strip() for text in piece.partition("="))
        if not sign or key not in ("devices", "groups", "withhold", "history"):
            raise Invalid("permissions", "must be made of devices=, groups=, withhold= and history=", piece.strip())
        if key in parts:
            raise Invalid(key, "is given twice", value)
        parts[key] = value
    everything = parts.get("devices") == "all"
    return Permissions(
        all_devices=everything,
        devices=frozenset() if everything else _ids("devices", parts.get("devices", "")),
        groups=_ids("groups", parts.get("groups", "")),
        withhold=_parts_withheld(_words(parts.get("withhold", ""))),
        history_days=_history(parts.get("history", "") or "0"),
    )


def permissions_of(facts: Mapping[str, object]) -> Permissions:
    """From the structured form of `Permissions.facts`; a key that is absent grants and withholds nothing.

    errors  Invalid, as for `parse_permissions`
    """
    pieces = []
    for key, value in facts.items():
        if isinstance(value, bool) or not isinstance(value, str | int | list | tuple):
            raise Invalid(key, "must be a list, a number or a word", value)
        if isinstance(value, list | tuple) and not all(map(_listable, value)):
            raise Invalid(key, "must list ids or words", value)
        pieces.append(f"{key}={_listed(value)}")
    return parse_permissions(";".join(pieces))


def _listable(word: object) -> bool:
    return isinstance(word, str | int) and not isinstance(word, bool) and not {";", ","} & set(str(word))


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _ids(field: str, value: str) -> frozenset[int]:
    found = set()
    for word in _words(value):
        if not _digits(word) or not 1 <= int(word) <= LARGEST_ID:
            raise Invalid(field, "must list ids, which are whole numbers from 1", word)
        found.add(int(word))
    return frozenset(found)


def _parts_withheld(words: Iterable[str]) -> frozenset[str]:
    found = frozenset(words)
    for word in found - set(WITHHOLDABLE):
        raise Invalid("withhold", f"must be out of {', '.join(WITHHOLDABLE)}", word)
    return found


def _history(value: str) -> int:
    if not _digits(value) or int(value) > LONGEST_HISTORY_DAYS:
        raise Invalid("history", f"must be a number of days from 0 to {LONGEST_HISTORY_DAYS}", value)
    return int(value)


def _digits(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= len(str(LARGEST_ID))


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody who serves several accounts; vehicle ids are unique among all of them."""

    partner_id: str
    name: str
    created_at_ms: int
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever owns devices and is billed by a plan.

    plan       name of a plan; a name that the settings no longer define counts as `standard`
    time_zone  IANA name, for texts made for people
    language   two letters, for texts made for people
    """

    account_id: str
    partner_id: str | None
    name: str
    plan: str
    created_at_ms: int
    closed_at_ms: int | None = None
    time_zone: str = "Europe/Berlin"
    language: str = "de"

    @property
    def root_id(self) -> str:
        """Where uniqueness stands: the partner, or the account itself when it has none."""
        return self.partner_id or self.account_id


def email_key(email: str) -> str:
    """Two addresses are the same person's when their keys are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).casefold())


def checked_email(email: str) -> str:
    """The address without blanks around it. errors: Invalid(`email`)"""
    email = email.strip()
    name, at, host = email.rpartition("@")
    if not (name and at and host) or len(email) > LONGEST_EMAIL or " " in email or not email.isprintable():
        raise Invalid("email", "must be an e-mail address", email[:LONGEST_EMAIL])
    return email


def checked_name(field: str, name: str) -> str:
    """A name for people without blanks around it. errors: Invalid"""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(field, f"must be 1 to {LONGEST_NAME} printable characters", name[:LONGEST_NAME])
    return name


@dataclass(frozen=True, slots=True)
class User:
    """A person of an account; the account itself, its main user, is not one of these."""

    user_id: str
    account_id: str
    email: str
    role: Role
    permissions: Permissions
    created_at_ms: int
    disabled_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Something that opens a door; the secret itself is nowhere stored.

    account_id, partner_id  exactly one is set
    user_id                 whose it is; None: the main user's
    parent_id               what it dies with: the key of a client, the client of a token
    family_id               tokens that descend from one exchange of client credentials
    hint                    enough of the secret to tell it from others, and no more
    family_ends_at_ms       no refresh token of the family works from here on
    spent_at_ms             first use of a refresh token
    violations              refusals for spacing in a row
    read_only               a client that may change nothing; keeps_refresh: one whose refresh token is never rotated
    alarms                  how often a spent refresh token of this client came back too late; alarmed_at_ms: last time
    """

    credential_id: str
    kind: Kind
    account_id: str | None
    partner_id: str | None = None
    user_id: str | None = None
    parent_id: str | None = None
    family_id: str | None = None
    name: str = ""
    hint: str = ""
    created_by: str = ""
    created_at_ms: int
    last_used_at_ms: int | None = None
    last_address: str | None = None
    expires_at_ms: int | None = None
    family_ends_at_ms: int | None = None
    revoked_at_ms: int | None = None
    spent_at_ms: int | None = None
    blocked_at_ms: int | None = None
    violations: int = 0
    read_only: bool = False
    keeps_refresh: bool = False
    alarms: int = 0
    alarmed_at_ms: int | None = None

    def state(self, now_ms: int) -> str:
        """One word: `revoked`, `expired`, `blocked` or `active`."""
        if self.revoked_at_ms is not None:
            return "revoked"
        if self.expires_at_ms is not None and now_ms >= self.expires_at_ms:
            return "expired"
        return "active" if self.blocked_at_ms is None else "blocked"

    def usable(self, now_ms: int) -> bool:
        """Neither revoked nor past its end; a blocked one is usable, its calls are refused by the limits."""
        return self.state(now_ms) in ("active", "blocked")


@dataclass(slots=True)
class Activity:
    """How much a credential was used in the last 24 hours, and what of its is alive.

    operations, refused  of an API key: calls that counted, and those that its bucket refused
    families             of a client: refresh tokens that can still be used, one for each family
    last_token_at_ms     of a client: when its newest token was made; None for none in the last days
    former_until_ms      until when the secret from before a rotation works on; None: it does not
    """

    operations: int = 0
    refused: int = 0
    families: int = 0
    last_token_at_ms: int | None = None
    former_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A credential as found by its secret, together with everybody it depends on.

    parent    the credential it dies with; None when it stands alone
    until_ms  the end of a former secret, by which it was found; None: by its present one
    """

    credential: Credential
    account: Account | None
    partner: Partner | None
    user: User | None
    parent: Credential | None = None
    until_ms: int | None = None

    @property
    def partner_id(self) -> str | None:
        return self.partner.partner_id if self.partner else None

    def expired(self, now_ms: int) -> bool:
        """Its own end has come, and nothing else stands against it."""
        if self.credential.state(now_ms) != "expired":
            return False
        return replace(self, credential=replace(self.credential, expires_at_ms=None)).alive(now_ms)

    def alive(self, now_ms: int) -> bool:
        """False once it, its secret, its parent, its user, its account or its partner has ended."""
        return (
            (self.until_ms is None or now_ms < self.until_ms)
            and self.credential.usable(now_ms)
            and (self.parent is None or self.parent.usable(now_ms))
            and (self.user is None or self.user.disabled_at_ms is None)
            and (self.account is None or self.account.closed_at_ms is None)
            and (self.partner is None or self.partner.closed_at_ms is None)
        )

    def principal(self) -> "Principal":
        """Who comes in with this credential."""
        user, account = self.user, self.account
        if account is None:
            role, permissions = Role.PARTNER, NOTHING
        elif user is None:
            role, permissions = Role.MAIN, EVERYTHING
        else:
            role = user.role
            permissions = user.permissions if role is Role.MEMBER else EVERYTHING
        return Principal(
            account_id=account.account_id if account else "",
            partner_id=self.partner_id,
            user_id=user.user_id if user else None,
            role=role,
            credential_id=self.credential.credential_id,
            kind=self.credential.kind,
            permissions=permissions,
            read_only=self.credential.read_only or (self.parent is not None and self.parent.read_only),
        )


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whom the gate has admitted.

    account_id  the scope of every read; empty for a partner, which is no account's scope
    partner_id  the partner itself, or the one that serves the account
    user_id     None for the main user and for partners
    """

    account_id: str
    partner_id: str | None
    user_id: str | None
    role: Role
    credential_id: str
    kind: Kind
    permissions: Permissions
    read_only: bool = False

    @property
    def credential_kind(self) -> str:
        """As words of the command line and of the store."""
        return self.kind.value

    @property
    def administers(self) -> bool:
        """May manage users and credentials of the account."""
        return self.role in (Role.MAIN, Role.ADMINISTRATOR)
