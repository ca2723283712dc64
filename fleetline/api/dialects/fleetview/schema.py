"""The fields of a resource and of a fleet in this API's words, each with what it may hold and what it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fleetline.model.power import LIMITS, Limit, Mounting, Tracking

Kind = Literal["number", "whole", "text", "texts", "enum", "date", "object", "objects", "ids", "box", "reply"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    name, attr   this API's name and ours
    least, most  characters of a text, items of a list
    words        of an enum: this API's word -> ours
    form         of an object, or of each object of a list
    free         of a text: blanks around it stay
    """

    name: str
    attr: str
    kind: Kind
    required: bool = False
    default: Any = None
    limit: Limit | None = None
    least: int = 0
    most: int = 0
    words: Mapping[str, Any] = field(default_factory=dict)
    form: "Form | None" = None
    free: bool = False
    text: str = ""

    @property
    def key(self) -> str:
        return self.name.lower()


class Form:
    """The fields of one object, in the order of the documentation."""

    def __init__(self, *fields: Field, aliases: Mapping[str, str] | None = None) -> None:
        self.fields = fields
        self.by_key = {item.key: item for item in fields}
        for alias, name in (aliases or {}).items():
            self.by_key[alias.lower()] = self.by_key[name.lower()]


TRACKING: Final[Mapping[str, Tracking]] = {
    "Fixed": Tracking.FIXED,
    "SingleAxis": Tracking.SINGLE_AXIS,
    "SingleAxisWithBacktracking": Tracking.SINGLE_AXIS_BACKTRACKING,
    "DualAxis": Tracking.DUAL_AXIS,
}
MOUNTING: Final[Mapping[str, Mounting]] = {"OpenRack": Mounting.OPEN_RACK, "Roof": Mounting.ROOF}


def _number(name: str, attr: str, limit: str = "", *, default: Any = None, required: bool = False) -> Field:
    return Field(name, attr, "number", required, default, LIMITS[limit or attr])


def _whole(name: str, attr: str, limit: str, *, default: Any = None, required: bool = False) -> Field:
    return Field(name, attr, "whole", required, default, LIMITS[limit])


def _text(name: str, attr: str, most: int, *, least: int = 1, required: bool = False, default: Any = None) -> Field:
    return Field(name, attr, "text", required, default, least=least, most=most)


def _list(name: str, attr: str, form: Form, least: int, most: int) -> Field:
    return Field(name, attr, "objects", least > 0, (), least=least, most=most, form=form)


INVERTER: Final = Form(
    _whole("count", "count", "inverter_count", required=True),
    _number("maxPowerOutputAC_kW", "max_power_ac_kw", required=True),
    _number("efficiencyRating_Percent", "efficiency_pct", required=True),
)

MODULES: Final = Form(
    _whole("count", "count", "module_count", required=True),
    _number("nameplateDCRating_kW", "nameplate_dc_kw", required=True),
    _number("ptcRating_kW", "ptc_kw"),
    _number("powerTemperatureCoefficient_PercentPerDegreeC", "temperature_coefficient_pct_per_c", default=0.4),
    _number("nominalOperatingCellTemperature_DegreesC", "noct_c"),
)

CONFIGURATION: Final = Form(
    _number("azimuth_Degrees", "azimuth_deg", required=True),
    _number("tilt_Degrees", "tilt_deg", required=True),
    Field("tracking", "tracking", "enum", default=Tracking.FIXED, words=TRACKING),
    _number("trackingRotationLimit_Degrees", "rotation_limit_deg", default=45.0),
    _whole("moduleRowCount", "module_row_count", "module_row_count"),
    _number("relativeRowSpacing", "relative_row_spacing"),
    Field("mountingType", "mounting", "enum", default=Mounting.OPEN_RACK, words=MOUNTING),
)

OBSTRUCTION: Final = Form(
    _number("azimuth_Degrees", "azimuth_deg", required=True),
    _number("elevation_Degrees", "elevation_deg", "obstruction_elevation_deg", required=True),
    _number("opacity_Percent", "opacity_pct", default=100.0),
)

SHADING: Final = Form(
    Field("monthNumber", "month", "whole", True, None, Limit(1, 12, whole=True)),
    _number("solarAccess_Percent", "access_pct", "solar_access_pct", required=True),
)

ARRAY: Final = Form(
    _list("pvModules", "modules", MODULES, 1, 20),
    Field("arrayConfiguration", "configuration", "object", True, form=CONFIGURATION),
    _list("solarObstructions", "obstructions", OBSTRUCTION, 0, 360),
    _list("monthlyShadings", "shadings", SHADING, 0, 12),
)

SYSTEM: Final = Form(
    Field("installDate", "install_date", "date"),
    Field("decommissionDate", "decommission_date", "date"),
    _number("albedo_Percent", "albedo_pct", default=17.0),
    _number("generalDerate_Percent", "derate_pct"),
    _number("cleaningThreshold_Millimeters", "cleaning_threshold_mm"),
    _number("rainAccumPeriod", "rain_period_h", default=24),
    _number("thresholdSnowfall_CentimeterPerHour", "threshold_snowfall_cm_per_h"),
    _number("canSlideCoefficient_WattPerMeterSquareCelsius", "can_slide_coefficient", default=-80.0),
    _number("slideAmountCoefficient", "slide_amount_coefficient", default=0.197),
    _list("inverters", "inverters", INVERTER, 1, 100),
    _list("pvArrays", "arrays", ARRAY, 1, 100),
)

LOCATION: Final = Form(
    _number("latitude", "latitude_deg", required=True),
    _number("longitude", "longitude_deg", required=True),
    _number("elevation_Meters", "elevation_m"),
)

TAGS: Final = Field("tags", "tags", "texts", default=(), least=0, most=20)
TAG_LENGTH: Final = (1, 50)

RESOURCE: Final = Form(
    Field("resourceId", "resource_id", "reply"),
    _text("name", "name", 200, required=True),
    Field("description", "description", "text", default="", least=0, most=2000, free=True),
    _text("customerSiteId", "customer_site_id", 100),
    Field("location", "location", "object", True, form=LOCATION),
    _text("zone", "zone", 100),
    _text("feeder", "feeder", 100),
    _text("class", "customer_class", 100),
    TAGS,
    Field("installDate", "install_date", "date"),
    Field("decommissionDate", "decommission_date", "date"),
    _number("exportLimit_kW", "export_limit_kw"),
    _number("degradationPerYear_Percent", "degradation_pct_per_year"),
    _list("pvSystems", "systems", SYSTEM, 1, 50),
    Field("ratings", "ratings", "reply"),
    Field("createdTime", "created_time", "reply"),
    Field("updatedTime", "updated_time", "reply"),
    Field("warnings", "warnings", "reply"),
    aliases={"energySiteId": "resourceId"},
)

WRAPPER: Final = "energysite"

FILTER: Final = Form(
    _text("zone", "zone", 100),
    _text("class", "customer_class", 100),
    _text("feeder", "feeder", 100),
    TAGS,
    Field("bbox", "box", "box"),
)
BOX: Final = (
    ("west", Limit(-180, 180)),
    ("south", Limit(-90, 90)),
    ("east", Limit(-180, 180)),
    ("north", Limit(-90, 90)),
)

FLEET: Final = Form(
    Field("fleetId", "fleet_id", "reply"),
    _text("name", "name", 200, required=True),
    Field("description", "description", "text", default="", least=0, most=2000, free=True),
    TAGS,
    Field("resourceIds", "resource_ids", "ids", most=10_000),
    Field("filter", "filter", "object", form=FILTER),
    Field("resourceCount", "resource_count", "reply"),
    Field("createdTime", "created_time", "reply"),
    Field("updatedTime", "updated_time", "reply"),
)

MEMBERS: Final = Form(Field("resourceIds", "resource_ids", "ids", True, most=10_000))
BATCH: Final = Form(Field("resourceIds", "resource_ids", "ids", True, least=1, most=1_000))


def json_schema(form: Form) -> dict[str, Any]:
    """The form as JSON Schema, for the documentation."""
    needed = [item.name for item in form.fields if item.required]
    out: dict[str, Any] = {"type": "object", "properties": {item.name: _property(item) for item in form.fields}}
    return out | ({"required": needed} if needed else {})


def _property(item: Field) -> dict[str, Any]:
    out = _typed(item)
    if item.kind == "reply":
        return out | {"readOnly": True}
    default = item.default
    if item.kind == "enum":
        default = next((word for word, value in item.words.items() if value is default), None)
    if default not in (None, ()):
        out["default"] = default
    return out


def _typed(item: Field) -> dict[str, Any]:
    if item.kind in ("number", "whole") and item.limit is not None:
        low = "exclusiveMinimum" if item.limit.above else "minimum"
        kind = "integer" if item.kind == "whole" else "number"
        return {"type": kind, low: item.limit.low, "maximum": item.limit.high}
    if item.kind == "text":
        return {"type": "string", "minLength": item.least, "maxLength": item.most}
    if item.kind == "texts":
        text = {"type": "string", "minLength": TAG_LENGTH[0], "maxLength": TAG_LENGTH[1]}
        return {"type": "array", "maxItems": item.most, "items": text}
    if item.kind == "ids":
        uuids = {"type": "string", "format": "uuid"}
        return {"type": "array", "minItems": item.least, "maxItems": item.most, "items": uuids}
    if item.kind == "box":
        return {"type": "array", "minItems": len(BOX), "maxItems": len(BOX), "items": {"type": "number"}}
    if item.kind == "enum":
        return {"type": "string", "enum": list(item.words)}
    if item.kind == "date":
        return {"type": "string", "format": "date"}
    if item.kind == "object" and item.form is not None:
        return json_schema(item.form)
    if item.kind == "objects" and item.form is not None:
        return {"type": "array", "minItems": item.least, "maxItems": item.most, "items": json_schema(item.form)}
    return {}
