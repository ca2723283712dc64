"""Names may be let off being unique, and the log tells everything."""

import pytest

from fleetline.core.registry import Registry
from fleetline.model.errors import NotFound
from fleetline.model.registry import Added, Duplicate, Kept, Kind, NamesNotUnique, NewMember
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, make_accounts


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


@pytest.mark.parametrize("kind", list(Kind))
async def test_names_become_unique_again_only_when_none_is_held_twice(registry: Registry, kind: Kind) -> None:
    verbs = registry.of(kind)
    await verbs.add(OWN, [NewMember("a", "A"), NewMember("b", "B")], BY)
    await registry.set_unique_names(OWN, False, BY)
    assert isinstance((await verbs.add(OWN, [NewMember("c", "a ")], BY))[0], Added)
    assert isinstance((await verbs.rename(OWN, [NewMember("b", "A")], BY))[0], Kept)
    with pytest.raises(NamesNotUnique) as caught:
        await registry.set_unique_names(OWN, True, BY)
    assert caught.value.names == ("A",)
    await verbs.rename(OWN, [NewMember("b", "B"), NewMember("c", "C")], BY)
    await verbs.delete(OWN, "c", BY)
    await registry.set_unique_names(OWN, True, BY)
    version = await registry.version(OWN)
    await registry.set_unique_names(OWN, True, BY)
    assert await registry.version(OWN) == version
    assert await verbs.add(OWN, [NewMember("d", "B")], BY) == [Duplicate("name")]
    assert await verbs.rename(OWN, [NewMember("a", "b")], BY) == [Duplicate("name")]
    with pytest.raises(NotFound):
        await registry.set_unique_names("acc_nobody", True, BY)


async def test_the_log_is_read_in_parts_and_holds_deletions(registry: Registry) -> None:
    await registry.vehicles.add(OWN, [NewMember("a", "A"), NewMember("b", "B")], BY)
    await registry.vehicles.rename(OWN, [NewMember("a", "A2")], BY)
    await registry.vehicles.delete(OWN, "b", BY)
    await registry.vehicles.add(OTHER, [NewMember("o", "O")], BY)
    first = await registry.changes(OWN, limit=3)
    rest = await registry.changes(OWN, (first[-1].version, first[-1].ordinal))
    told = [(e.change.action, e.change.detail) for e in (*first, *rest)]
    assert told == [
        ("added", {"external_id": "a", "name": "A"}),
        ("added", {"external_id": "b", "name": "B"}),
        ("changed", {"name": ["A", "A2"]}),
        ("deleted", {"external_id": "b", "name": "B"}),
    ]
