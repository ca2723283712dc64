"""From a database URL to an open engine."""

from pathlib import Path

from fleetline.model.errors import Invalid
from fleetline.stores.engine import Engine
from fleetline.stores.postgres import PostgresEngine
from fleetline.stores.sqlite import SqliteEngine


async def open_engine(url: str) -> Engine:
    """`sqlite:///path` (relative, or absolute with a fourth slash) or `postgresql://...`.

    errors  Invalid for another scheme; Unavailable when the database cannot be opened
    """
    if url.startswith("sqlite:///"):
        return SqliteEngine(Path(url.removeprefix("sqlite:///")))
    if url.startswith(("postgresql://", "postgres://")):
        return await PostgresEngine.open(url)
    raise Invalid("database", "must start with sqlite:/// or postgresql://", url.split(":", 1)[0])
