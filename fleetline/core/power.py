"""The desk of solar power: one object that holds every use case of resources, fleets, weather and power."""

from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.power_fleets import Fleets
from fleetline.core.power_replies import Replies
from fleetline.core.power_resources import Resources


class PowerDesk:
    """Made once when the program starts."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self.resources = Resources(store, clock, ids)
        self.fleets = Fleets(store, clock, ids)
        self.replies = Replies(store, clock)
