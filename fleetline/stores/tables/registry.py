"""The registry's tables as one desk of a transaction."""

from fleetline.stores.tables.registry_books import BookTables
from fleetline.stores.tables.registry_devices import DeviceTables
from fleetline.stores.tables.registry_groups import GroupTables
from fleetline.stores.tables.registry_members import MemberTables


class RegistryTables(BookTables, DeviceTables, MemberTables, GroupTables):
    """See `core.ports.registry.RegistryTables`."""
