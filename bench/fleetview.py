"""The solar side: the kernel beside pvlib and beside a copy, importing resources, and small calls while a job runs."""

from collections.abc import Sequence
from typing import Final

from bench.solar import kernel_figures
from bench.solar_import import import_figures
from bench.solar_server import SolarPlace, waiting_figures
from fleetline.app.bench import Figure

NAME: Final = "fleetview"
TITLE: Final = (
    "power of solar fleets, beside pvlib's ModelChain and copying the same numbers; imports, beside csv and an insert"
)


def run(seconds: float) -> Sequence[Figure]:
    with SolarPlace() as place:
        served = [*import_figures(place), *waiting_figures(place, seconds)]
    return [*kernel_figures(), *served]
