"""The tables of solar power, as one desk of a transaction."""

from fleetline.stores.tables.power_fleets import FleetTables
from fleetline.stores.tables.power_jobs import JobTables
from fleetline.stores.tables.power_measurements import MeasurementTables
from fleetline.stores.tables.power_replies import ReplyTables
from fleetline.stores.tables.power_resources import ResourceTables
from fleetline.stores.tables.power_weather import WeatherTables


class PowerTables(ResourceTables, FleetTables, WeatherTables, JobTables, MeasurementTables, ReplyTables):
    """See `core.ports.power`."""
