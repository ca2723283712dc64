"""The registry as lists: one statement per list, whatever the reader may see of it."""

from typing import Any, Final

import msgspec

from fleetline.core.ports.own_lists import (
    ChangesWanted,
    DeviceListed,
    DeviceWanted,
    GroupRow,
    MemberRow,
    MemberWanted,
    Sight,
)
from fleetline.model.registry import Change, Fitting, Kind, LoggedChange, Sort
from fleetline.stores.engine import Connection

_KEYS: Final = {Sort.ID: "id_key", Sort.NAME: "name_key"}


class Clauses:
    """Conditions and their parameters as they are put together; a `?` stands for the next parameter."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.values: list[Any] = []

    def put(self, text: str, *values: Any) -> str:
        """The text with its parameters numbered."""
        for value in values:
            self.values.append(value)
            text = text.replace("?", f"${len(self.values)}", 1)
        return text

    def add(self, text: str, *values: Any) -> None:
        self.texts.append(self.put(text, *values))

    def where(self) -> str:
        return " AND ".join(self.texts)


def like(text: str) -> str:
    """A pattern that finds the text anywhere."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"


def below(clauses: Clauses, account_id: str, kind: Kind, group_ids: list[int]) -> str:
    """A subquery of the members of these groups and of all groups below them."""
    return clauses.put(
        "WITH RECURSIVE tree (id_scope, group_id) AS ("
        "SELECT id_scope, group_id FROM registry_groups WHERE account_id = ? AND kind = ? AND group_id {in_ints:?}"
        " UNION SELECT g.id_scope, g.group_id FROM tree t JOIN registry_groups g"
        " ON g.id_scope = t.id_scope AND g.parent_id = t.group_id)"
        " SELECT m.member_id FROM tree t JOIN group_members m ON m.id_scope = t.id_scope AND m.group_id = t.group_id",
        account_id, kind.value, group_ids,
    )  # fmt: skip


def _seen(clauses: Clauses, sight: Sight, kind: Kind, column: str) -> None:
    """Narrow to what a restricted reader was granted."""
    if sight.everything:
        return
    granted = f"{column} IN ({below(clauses, sight.account_id, kind, list(sight.groups))})"
    if kind is Kind.VEHICLE:
        carried = clauses.put(
            "SELECT vehicle_id FROM devices WHERE account_id = ? AND deleted_at_ms IS NULL AND vehicle_id IS NOT NULL"
            " AND device_id {in_ints:?}",
            sight.account_id, list(sight.devices),
        )  # fmt: skip
        granted = f"({granted} OR {column} IN ({carried}))"
    clauses.texts.append(granted)


class OwnListTables:
    """See `core.ports.own_lists.OwnLists`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def list_members(self, sight: Sight, kind: Kind, wanted: MemberWanted) -> list[MemberRow]:
        vehicles = kind is Kind.VEHICLE
        clauses = Clauses()
        key = _members_where(clauses, sight, kind, wanted)
        facts = "v.type, v.description, v.portrait" if vehicles else "'', '', NULL"
        device = "d.device_id, d.ident, COALESCE(d.revision, 0)" if vehicles else "NULL, NULL, 0"
        carried = " LEFT JOIN devices d ON d.id_scope = v.id_scope AND d.vehicle_id = v.vehicle_id" if vehicles else ""
        way = "DESC" if wanted.descending or wanted.archived else "ASC"
        last = clauses.put("LIMIT ?", wanted.limit)
        rows = await self._connection.fetch(
            f"SELECT {key}, v.{kind.value}_id, v.external_id, v.name, {facts}, v.created_at_ms, v.modified_at_ms,"
            f" v.deleted_at_ms, v.revision, {device}, COALESCE((SELECT MAX(c.version) FROM registry_changes c"
            f" WHERE c.account_id = v.account_id AND c.kind = '{kind.value}' AND c.item_id = v.{kind.value}_id), 0)"
            f" FROM {kind.value}s v{carried} WHERE {clauses.where()}"
            f" ORDER BY {key} {way}, v.{kind.value}_id {way} {last}",
            *clauses.values,
        )
        return [_member_row(row) for row in rows]

    async def list_member_ids(self, sight: Sight, kind: Kind, wanted: MemberWanted) -> list[int]:
        clauses, vehicles = Clauses(), kind is Kind.VEHICLE
        key, identity = _members_where(clauses, sight, kind, wanted), f"v.{kind.value}_id"
        carried = " LEFT JOIN devices d ON d.id_scope = v.id_scope AND d.vehicle_id = v.vehicle_id" if vehicles else ""
        way = "DESC" if wanted.descending or wanted.archived else "ASC"
        last = clauses.put("LIMIT ?", wanted.limit)
        rows = await self._connection.fetch(
            f"SELECT {identity} FROM {kind.value}s v{carried} WHERE {clauses.where()}"
            f" ORDER BY {key} {way}, {identity} {way} {last}",
            *clauses.values,
        )
        return [row[0] for row in rows]

    async def list_groups(self, sight: Sight, kind: Kind) -> list[GroupRow]:
        clauses = Clauses()
        clauses.add("g.account_id = ? AND g.kind = ?", sight.account_id, kind.value)
        if not sight.everything:
            tree = clauses.put(
                "WITH RECURSIVE tree (id_scope, group_id) AS (SELECT id_scope, group_id FROM registry_groups"
                " WHERE account_id = ? AND kind = ? AND group_id {in_ints:?} UNION SELECT g.id_scope, g.group_id"
                " FROM tree t JOIN registry_groups g ON g.id_scope = t.id_scope AND g.parent_id = t.group_id)"
                " SELECT group_id FROM tree",
                sight.account_id, kind.value, list(sight.groups),
            )  # fmt: skip
            clauses.texts.append(f"g.group_id IN ({tree})")
        rows = await self._connection.fetch(
            "SELECT g.group_id, g.name, g.parent_id, g.modified_at_ms, g.revision,"
            " (SELECT COUNT(*) FROM group_members m WHERE m.id_scope = g.id_scope AND m.group_id = g.group_id)"
            f" FROM registry_groups g WHERE {clauses.where()} ORDER BY g.name_key, g.group_id",
            *clauses.values,
        )
        found = [GroupRow(*row) for row in rows]
        return found if sight.everything else _rooted(found)

    async def list_devices(self, sight: Sight, wanted: DeviceWanted) -> list[DeviceListed]:
        clauses = Clauses()
        clauses.add("d.account_id = ? AND d.device_id > ?", sight.account_id, wanted.after)
        clauses.texts.append(f"d.deleted_at_ms IS {'NOT ' if wanted.archived else ''}NULL")
        if not sight.everything:
            inside = below(clauses, sight.account_id, Kind.VEHICLE, list(sight.groups))
            named = clauses.put("d.device_id {in_ints:?}", list(sight.devices))
            # as in the other API of grants: a device in no vehicle is nobody's but the administrators'
            clauses.texts.append(f"d.vehicle_id IS NOT NULL AND ({named} OR d.vehicle_id IN ({inside}))")
        _devices_where(clauses, wanted)
        last = clauses.put("LIMIT ?", wanted.limit)
        rows = await self._connection.fetch(
            "SELECT d.device_id, d.ident, d.vehicle_id, v.name, v.type, d.api, d.clock_offset_s, d.added_at_ms,"
            " d.retired_at_ms, d.revision, d.deleted_at_ms FROM devices d"
            " LEFT JOIN vehicles v ON v.id_scope = d.id_scope AND v.vehicle_id = d.vehicle_id"
            f" WHERE {clauses.where()} ORDER BY d.device_id {last}",
            *clauses.values,
        )
        return [_device_listed(row) for row in rows]

    async def list_fittings(self, sight: Sight, vehicle_id: int) -> list[tuple[Fitting, str]]:
        clauses = Clauses()
        clauses.add("d.account_id = ? AND f.vehicle_id = ?", sight.account_id, vehicle_id)
        rows = await self._connection.fetch(
            "SELECT f.device_id, f.vehicle_id, f.from_ms, f.until_ms, d.ident FROM fittings f"
            f" JOIN devices d ON d.device_id = f.device_id AND d.id_scope = f.id_scope WHERE {clauses.where()}"
            " AND f.id_scope = (SELECT id_scope FROM registries WHERE account_id = d.account_id) ORDER BY f.from_ms",
            *clauses.values,
        )
        return [(Fitting(*row[:4]), row[4]) for row in rows]

    async def list_changes(self, account_id: str, wanted: ChangesWanted) -> list[LoggedChange]:
        clauses = Clauses()
        clauses.add("account_id = ? AND at_ms >= ?", account_id, wanted.from_ms)
        if wanted.kinds:
            clauses.add("kind {in_texts:?}", list(wanted.kinds))
        if wanted.item_id is not None:
            clauses.add("item_id = ?", wanted.item_id)
        if wanted.actor:
            clauses.add("actor = ?", wanted.actor)
        if wanted.to_ms is not None:
            clauses.add("at_ms < ?", wanted.to_ms)
        if wanted.before is not None:
            clauses.add("(version, ordinal) < (?, ?)", *wanted.before)
        last = clauses.put("LIMIT ?", wanted.limit)
        rows = await self._connection.fetch(
            "SELECT version, ordinal, at_ms, actor, door, kind, item_id, action, detail FROM registry_changes"
            f" WHERE {clauses.where()} ORDER BY version DESC, ordinal DESC {last}",
            *clauses.values,
        )
        return [_logged_change(row) for row in rows]


def _member_row(row: tuple[Any, ...]) -> MemberRow:
    key, number, external_id, name, type, description, portrait, created, modified, archived = row[:10]
    revision, device_id, ident, of_device, of_log = row[10:]
    return MemberRow(
        str(key), number, external_id, name, type, description, portrait, created, modified, archived,
        max(revision, of_device, of_log), device_id, ident,
    )  # fmt: skip


def _device_listed(row: tuple[Any, ...]) -> DeviceListed:
    number, ident, vehicle_id, name, type, api, offset, added, retired, revision, gone = row
    return DeviceListed(number, ident, vehicle_id, name, type, bool(api), offset, added, retired, revision, gone)


def _logged_change(row: tuple[Any, ...]) -> LoggedChange:
    version, ordinal, at_ms, actor, door, kind, item_id, action, detail = row
    return LoggedChange(
        version, ordinal, at_ms, actor, door, Change(kind, item_id, action, msgspec.json.decode(detail))
    )


def _members_where(clauses: Clauses, sight: Sight, kind: Kind, wanted: MemberWanted) -> str:
    """Adds the conditions; returns the column of the order."""
    identity = f"v.{kind.value}_id"
    key = "v.deleted_at_ms" if wanted.archived else f"v.{_KEYS[wanted.sort]}"
    clauses.add("v.account_id = ?", sight.account_id)
    if wanted.archived:
        clauses.add("v.id_key IS NULL AND v.deleted_at_ms >= ?", wanted.since_ms or 0)
    else:
        clauses.texts.append(f"{key} IS NOT NULL")
    if wanted.after is not None:
        text, member_id = wanted.after
        sign = "<" if wanted.descending or wanted.archived else ">"
        clauses.add(f"({key}, {identity}) {sign} (?, ?)", int(text) if wanted.archived else text, member_id)
    _seen(clauses, sight, kind, identity)
    if wanted.text:
        found = clauses.put("v.name_key LIKE ? ESCAPE '\\'", like(wanted.text))
        if wanted.search_ids:
            found += clauses.put(" OR v.id_key LIKE ? ESCAPE '\\'", like(wanted.text))
            if kind is Kind.VEHICLE:
                found += clauses.put(" OR d.ident LIKE ? ESCAPE '\\'", like(wanted.text))
        clauses.texts.append(f"({found})")
    if wanted.id_key:
        clauses.add("v.id_key = ?", wanted.id_key)
    if wanted.ids is not None:
        clauses.add(f"{identity} {{in_ints:?}}", list(wanted.ids))
    if wanted.group_id is not None:
        clauses.texts.append(f"{identity} IN ({below(clauses, sight.account_id, kind, [wanted.group_id])})")
    if kind is Kind.VEHICLE:
        _vehicles_where(clauses, wanted)
    return key


def _vehicles_where(clauses: Clauses, wanted: MemberWanted) -> None:
    if wanted.types:
        clauses.add("v.type {in_texts:?}", list(wanted.types))
    if wanted.device_ids is not None:
        clauses.add("d.device_id {in_ints:?}", list(wanted.device_ids))
    if wanted.has_device is not None:
        clauses.texts.append(f"d.device_id IS {'NOT ' if wanted.has_device else ''}NULL")


def _devices_where(clauses: Clauses, wanted: DeviceWanted) -> None:
    if wanted.text:
        found = clauses.put("v.name_key LIKE ? ESCAPE '\\'", like(wanted.text))
        if wanted.search_idents:
            found += clauses.put(" OR d.ident LIKE ? ESCAPE '\\'", like(wanted.text))
        clauses.texts.append(f"({found})")
    if wanted.ident:
        clauses.add("d.ident = ?", wanted.ident)
    if wanted.ids is not None:
        clauses.add("d.device_id {in_ints:?}", list(wanted.ids))
    if wanted.has_vehicle is not None:
        clauses.texts.append(f"d.vehicle_id IS {'NOT ' if wanted.has_vehicle else ''}NULL")
    if wanted.retired is not None:
        clauses.texts.append(f"d.retired_at_ms IS {'NOT ' if wanted.retired else ''}NULL")


def _rooted(groups: list[GroupRow]) -> list[GroupRow]:
    """Without the way up to groups that the reader may not know of."""
    known = {group.group_id for group in groups}
    return [group if group.parent_id in known or group.parent_id is None else _at_top(group) for group in groups]


def _at_top(group: GroupRow) -> GroupRow:
    """The group as one at the top."""
    return GroupRow(group.group_id, group.name, None, group.modified_at_ms, group.revision, group.members)
