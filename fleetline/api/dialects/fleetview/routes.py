"""Every method and path of this API."""

from typing import Final

from fleetline.api.dialects.fleetview.routes_power import JOBS, MEASUREMENTS, POWER, SIMULATIONS, WEATHER
from fleetline.api.dialects.fleetview.routes_resources import BULK, FLEETS, RESOURCES, TOKENS

ROUTES: Final = (*TOKENS, *RESOURCES, *BULK, *FLEETS, *POWER, *WEATHER, *SIMULATIONS, *JOBS, *MEASUREMENTS)
