"""Solar power: what stands at a site, whose it is, which sites are summed, and what a series of power says."""

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt


class Tracking(enum.Enum):
    """How an array follows the sun."""

    FIXED = "fixed"
    SINGLE_AXIS = "single_axis"
    SINGLE_AXIS_BACKTRACKING = "single_axis_backtracking"
    DUAL_AXIS = "dual_axis"


class Mounting(enum.Enum):
    """How well air reaches the back of the modules."""

    OPEN_RACK = "open_rack"
    ROOF = "roof"


class PowerModel(enum.Enum):
    """The chain that turns irradiance into power."""

    PVLIB = "pvlib"
    PV_FORM = "pv_form"


MODEL_VERSION: Final = "1"
"""Changes with any change to a value that either chain computes."""

DERATE_PCT: Final = {PowerModel.PVLIB: 86.0, PowerModel.PV_FORM: 85.0}
DEGRADATION_PCT_PER_YEAR: Final = {PowerModel.PVLIB: 0.0, PowerModel.PV_FORM: 0.5}
NOCT_C: Final = {Mounting.OPEN_RACK: 45.0, Mounting.ROOF: 49.0}
PTC_SHARE: Final = 0.9
ROW_SPACING: Final = 3.0
MISSING_TEMPERATURE_C: Final = 20.0
MISSING_WIND_MS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """The range of one number; `above` when the low end itself is refused, `whole` when fractions are."""

    low: float
    high: float
    above: bool = False
    whole: bool = False

    def holds(self, value: float) -> bool:
        """Whether the value may be stored; NaN and infinities may not."""
        low = value > self.low if self.above else value >= self.low
        return low and value <= self.high and not (self.whole and value != int(value))


LIMITS: Final[Mapping[str, Limit]] = {
    "latitude_deg": Limit(-90, 90),
    "longitude_deg": Limit(-180, 180),
    "elevation_m": Limit(-500, 9000),
    "export_limit_kw": Limit(0, 10_000_000),
    "degradation_pct_per_year": Limit(0, 10),
    "albedo_pct": Limit(0, 100),
    "derate_pct": Limit(0, 100),
    "cleaning_threshold_mm": Limit(0, 100),
    "rain_period_h": Limit(1, 168),
    "threshold_snowfall_cm_per_h": Limit(0, 50),
    "can_slide_coefficient": Limit(-1000, 0),
    "slide_amount_coefficient": Limit(0, 10),
    "inverter_count": Limit(1, 100_000, whole=True),
    "max_power_ac_kw": Limit(0, 1_000_000, above=True),
    "efficiency_pct": Limit(0, 100, above=True),
    "module_count": Limit(1, 10_000_000, whole=True),
    "nameplate_dc_kw": Limit(0, 1000, above=True),
    "ptc_kw": Limit(0, 1000, above=True),
    "temperature_coefficient_pct_per_c": Limit(0, 100),
    "noct_c": Limit(21, 90),
    "azimuth_deg": Limit(0, 360),
    "tilt_deg": Limit(0, 90),
    "rotation_limit_deg": Limit(0, 90),
    "module_row_count": Limit(1, 10_000, whole=True),
    "relative_row_spacing": Limit(1, 20),
    "obstruction_elevation_deg": Limit(0, 90),
    "opacity_pct": Limit(0, 100),
    "solar_access_pct": Limit(0, 100),
}
"""What may be stored, by field; counts and obstruction elevations carry the name of their owner."""

FIRST_DATE: Final = datetime.date(1970, 1, 1)
LAST_DATE: Final = datetime.date(2100, 12, 31)


class Inverters(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`count` equal inverters."""

    count: int
    max_power_ac_kw: float
    efficiency_pct: float


class Modules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`count` equal modules: one row of the physics.

    nameplate_dc_kw                    each, at 1000 W/m2 and 25 C
    ptc_kw                             each, at 1000 W/m2 and 20 C air; None: 0.9 x nameplate
    temperature_coefficient_pct_per_c  loss is positive
    noct_c                             None: by the mounting, NOCT_C
    """

    count: int
    nameplate_dc_kw: float
    ptc_kw: float | None = None
    temperature_coefficient_pct_per_c: float = 0.4
    noct_c: float | None = None


class Obstruction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One point of the skyline around an array."""

    azimuth_deg: float
    elevation_deg: float
    opacity_pct: float = 100.0


ALL_SEEN: Final = (100.0,) * 12


class PvArray(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Modules that face one way.

    azimuth_deg, tilt_deg  north 0, clockwise, and from flat: of the surface, or of the axis when tracked
    rotation_limit_deg     each way from flat
    module_row_count       None: 1, or endless rows on one axis
    relative_row_spacing   row pitch / row width; None: ROW_SPACING
    solar_access_pct       January to December
    named_months           the months, 1 to 12, that the account spoke of; the physics reads solar_access_pct alone
    """

    modules: tuple[Modules, ...]
    azimuth_deg: float
    tilt_deg: float
    tracking: Tracking = Tracking.FIXED
    rotation_limit_deg: float = 45.0
    module_row_count: int | None = None
    relative_row_spacing: float | None = None
    mounting: Mounting = Mounting.OPEN_RACK
    obstructions: tuple[Obstruction, ...] = ()
    solar_access_pct: tuple[float, ...] = ALL_SEEN
    named_months: tuple[int, ...] = ()


class PvSystem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Arrays behind one set of inverters.

    install_date, decommission_date  None: the site's
    derate_pct                       what is kept after wiring, mismatch, dirt; None: DERATE_PCT of the model
    cleaning_threshold_mm            rain that washes the modules; None: soiling is not modelled
    threshold_snowfall_cm_per_h      snowfall that covers the modules; None: snow is not modelled
    can_slide_coefficient            W/m2 per degree C
    """

    inverters: tuple[Inverters, ...]
    arrays: tuple[PvArray, ...]
    install_date: datetime.date | None = None
    decommission_date: datetime.date | None = None
    albedo_pct: float = 17.0
    derate_pct: float | None = None
    cleaning_threshold_mm: float | None = None
    rain_period_h: float = 24
    threshold_snowfall_cm_per_h: float | None = None
    can_slide_coefficient: float = -80.0
    slide_amount_coefficient: float = 0.197


class PvSite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A place and what stands there: everything that the physics reads.

    elevation_m               None: from the table that is shipped
    export_limit_kw           None: no limit
    degradation_pct_per_year  None: DEGRADATION_PCT_PER_YEAR of the model
    """

    latitude_deg: float
    longitude_deg: float
    systems: tuple[PvSystem, ...]
    elevation_m: float | None = None
    install_date: datetime.date | None = None
    decommission_date: datetime.date | None = None
    export_limit_kw: float | None = None
    degradation_pct_per_year: float | None = None

    @property
    def dc_kw(self) -> float:
        """Sum of count x nameplate over all modules."""
        total = 0.0
        for system in self.systems:
            for array in system.arrays:
                for row in array.modules:
                    total += row.count * row.nameplate_dc_kw
        return total

    @property
    def ac_kw(self) -> float:
        """Sum of count x rating over all inverters, whatever the export limit."""
        total = 0.0
        for system in self.systems:
            for item in system.inverters:
                total += item.count * item.max_power_ac_kw
        return total


class PowerResource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One PV site of an account with its names; `customer_class` is the class the account sorts it in."""

    resource_id: str
    account_id: str
    name: str
    site: PvSite
    description: str = ""
    customer_site_id: str | None = None
    zone: str | None = None
    feeder: str | None = None
    customer_class: str | None = None
    tags: tuple[str, ...] = ()
    created_at_ms: int = 0
    updated_at_ms: int = 0
    version: int = 1


class MemberFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which resources are members of a fleet without being listed: those of which everything given here is true.

    tags  all of them
    box   west, south, east, north, degrees, edges included; one whose west is east of its east crosses the date line
    """

    zone: str | None = None
    feeder: str | None = None
    customer_class: str | None = None
    tags: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None

    def holds(self, resource: PowerResource) -> bool:
        """Whether the resource fits."""
        if self.zone is not None and resource.zone != self.zone:
            return False
        if self.feeder is not None and resource.feeder != self.feeder:
            return False
        if self.customer_class is not None and resource.customer_class != self.customer_class:
            return False
        if self.tags and not set(self.tags).issubset(resource.tags):
            return False
        return self.box is None or _within(self.box, resource.site)


def _within(box: tuple[float, float, float, float], site: PvSite) -> bool:
    west, south, east, north = box
    eastward, westward = site.longitude_deg >= west, site.longitude_deg <= east
    return south <= site.latitude_deg <= north and ((eastward and westward) if west <= east else (eastward or westward))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A named set of power resources; nothing else is called a fleet in code.

    filter  who fits it is a member beside those who are listed; None: only they
    """

    fleet_id: str
    account_id: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    filter: MemberFilter | None = None
    created_at_ms: int = 0
    updated_at_ms: int = 0
    version: int = 1


FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PowerSeries:
    """Mean power over equal periods, one line per resource or per group.

    start_at_ms, period_ms  the first period is [start_at_ms, start_at_ms + period_ms), UTC
    power_ac_kw             (lines, periods); NaN where nothing could be computed
    available_kw            (lines, periods) rated AC power of the members that have a value; None for single resources
    total_kw                (lines,) rated AC power of all members
    """

    start_at_ms: int
    period_ms: int
    power_ac_kw: FloatArray
    total_kw: FloatArray
    available_kw: FloatArray | None = None

    @property
    def energy_ac_kwh(self) -> FloatArray:
        """Mean power times hours."""
        return self.power_ac_kw * (self.period_ms / 3_600_000)
