"""The desk of solar power and of long runs: every use case of resources, fleets, weather and jobs in one object."""

from fleetline.core import list_import, power_import, power_simulation
from fleetline.core.jobs import JobKind, Jobs
from fleetline.core.list_import import ListImports
from fleetline.core.list_runs import ListRun
from fleetline.core.list_undo import UndoRun
from fleetline.core.ports.power import WeatherFiles
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.power_fleets import Fleets
from fleetline.core.power_forecast import forecast
from fleetline.core.power_import import ImportJob, Imports
from fleetline.core.power_kernel import Kernel
from fleetline.core.power_light import Lights
from fleetline.core.power_measurements import Measurements
from fleetline.core.power_meters import Meters
from fleetline.core.power_replies import Replies
from fleetline.core.power_resources import Resources
from fleetline.core.power_scores import Scores
from fleetline.core.power_series import Series
from fleetline.core.power_simulation import SimulationJob, Simulations
from fleetline.core.weather import WeatherDesk
from fleetline.core.weather_files import WeatherImport


class PowerDesk:
    """Made once by each process; `close` ends threads."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, files: WeatherFiles) -> None:
        self.clock = clock
        self.resources = Resources(store, clock, ids)
        self.fleets = Fleets(store, clock, ids)
        self.replies = Replies(store, clock)
        self.weather = WeatherDesk(store)
        self.weather_import = WeatherImport(self.weather, files)
        self._kernel = Kernel("fleetline-power")
        self._lights = Lights(store, forecast)
        self.series = Series(store, self._lights, self._kernel)
        self.measurements = Measurements(store)
        self.scores = Scores(store, self._lights, self._kernel, self.measurements)
        self.meters = Meters(store, self._lights, self._kernel, self.measurements)
        self._jobs_kernel = Kernel("fleetline-jobs")
        lists = ListRun(store, clock, ids)
        kinds: dict[str, JobKind] = {
            list_import.RUN: lists,
            list_import.PREVIEW: lists,
            list_import.UNDO: UndoRun(clock),
            power_simulation.KIND: SimulationJob(self._lights, self._jobs_kernel),
            power_import.KIND: ImportJob(clock, ids),
        }
        self.jobs = Jobs(store, clock, ids, kinds)
        self.simulations = Simulations(store, self._lights, self.jobs)
        self.imports = Imports(store, clock, ids, self.jobs)
        self.lists = ListImports(store, clock, self.jobs)

    def close(self) -> None:
        self._kernel.close()
        self._jobs_kernel.close()
