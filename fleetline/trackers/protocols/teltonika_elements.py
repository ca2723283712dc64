"""What Teltonika's IO element numbers mean, as the vendor's parameter lists name them."""

from typing import Final, NamedTuple


class Known(NamedTuple):
    """One element whose meaning is documented.

    name     of the attribute that holds it, ending with its unit
    divisor  the raw integer divided by it gives the unit of the name; above 1 the value is a float
    signed   two's complement
    field    of Report that takes the value when no element of lower rank in the record does;
             then no attribute is kept
    rank     order among the elements of one field
    absent   raw numbers that are fault codes of the sensor, not values: with them there is no value
    form     number; key: eight bytes as hex, zero meaning none; text: ASCII of variable length
    """

    name: str
    divisor: int = 1
    signed: bool = False
    field: str | None = None
    rank: int = 0
    form: str = "number"
    absent: tuple[int, ...] = ()


VARIABLE: Final = 0
"""Stands for the width of an element that carries its own length."""

UNPLUGGED: Final = "unplugged"
UNPLUG_EVENT: Final = 252
_BLE_FAULTS: Final = (2000, 3000, 4000)
"""Data not understood, sensor not found, sensor in an abnormal state."""
_WIRE_FAULTS: Final = (850, 2000, 3000, 4000, 5000)
"""Sensor not ready, read error, not connected, id failed, same id twice."""

KNOWN: Final[dict[tuple[int, int], Known]] = {
    # (element, width in bytes); the width tells apart models that use one number for two things
    (1, 1): Known("input_1"),
    (2, 1): Known("input_2"),
    (3, 1): Known("input_3"),
    (179, 1): Known("output_1"),
    (180, 1): Known("output_2"),
    (9, 2): Known("analog_1_v", 1000),
    (6, 2): Known("analog_2_v", 1000),
    (10, 2): Known("analog_2_v", 1000),
    (11, 8): Known("iccid_1"),
    (14, 8): Known("iccid_2"),
    (16, 4): Known("total_odometer_m", field="odometer_m", rank=0),
    (87, 4): Known("can_odometer_m", field="odometer_m", rank=1),
    (105, 4): Known("counted_odometer_m"),
    (199, 4): Known("trip_odometer_m"),
    (21, 1): Known("gsm_signal"),
    (24, 2): Known("gnss_speed_kmh"),
    (66, 2): Known("external_v", 1000, field="supply_v"),
    (67, 2): Known("battery_v", 1000, field="battery_v"),
    (68, 2): Known("battery_current_a", 1000),
    (113, 1): Known("battery_pct"),
    (69, 1): Known("gnss_status"),
    (80, 1): Known("data_mode"),
    (200, 1): Known("sleep_mode"),
    (181, 2): Known("pdop", 10),
    (182, 2): Known("gnss_hdop", 10, field="hdop"),
    (205, 2): Known("gsm_cell"),
    (206, 2): Known("gsm_area"),
    (241, 4): Known("gsm_operator"),
    (636, 4): Known("lte_cell"),
    (239, 1): Known("ignition", field="ignition"),
    (240, 1): Known("moving"),
    # on-board diagnostics
    (30, 1): Known("dtc_count"),
    (31, 1): Known("engine_load_pct"),
    (32, 1): Known("obd_coolant_c", signed=True, field="coolant_c", rank=0),
    (33, 1): Known("short_fuel_trim_pct", signed=True),
    (34, 2): Known("fuel_pressure_kpa"),
    (35, 1): Known("intake_pressure_kpa"),
    (36, 2): Known("obd_rpm", field="rpm", rank=0),
    (37, 1): Known("obd_speed_kmh", field="obd_speed_kmh", rank=0),
    (38, 1): Known("timing_advance_deg", signed=True),
    (39, 1): Known("intake_air_c", signed=True),
    (40, 2): Known("air_flow_gs", 100),
    (41, 1): Known("throttle_pct"),
    (42, 2): Known("engine_run_s"),
    (43, 2): Known("mil_distance_km"),
    (48, 1): Known("fuel_pct"),
    (49, 2): Known("codes_cleared_distance_km"),
    (50, 1): Known("barometric_kpa"),
    (51, 2): Known("control_module_v", 1000),
    (52, 2): Known("absolute_load_pct"),
    (53, 1): Known("ambient_air_c", signed=True),
    (58, 1): Known("engine_oil_c"),
    (60, 2): Known("fuel_rate_lh", 100),
    # CAN adapters
    (81, 1): Known("can_speed_kmh", field="obd_speed_kmh", rank=1),
    (82, 1): Known("accelerator_pct"),
    (83, 4): Known("can_fuel_used_l", 10),
    (84, 2): Known("can_fuel_l", 10),
    (85, 2): Known("can_rpm", field="rpm", rank=1),
    (89, 1): Known("can_fuel_pct"),
    (90, 2): Known("door_status"),
    (102, 4): Known("engine_worktime_min"),
    (107, 4): Known("counted_fuel_used_l", 10),
    (110, 2): Known("can_fuel_rate_lh", 10),
    (111, 1): Known("adblue_pct"),
    (112, 2): Known("adblue_l", 10),
    (114, 1): Known("can_engine_load_pct"),
    (115, 2): Known("can_coolant_c", 10, signed=True, field="coolant_c", rank=1),
    # keys, sensors
    (78, 8): Known("ibutton", form="key"),
    (207, 8): Known("rfid", form="key"),
    (238, 8): Known("user_key", form="key"),
    (72, 4): Known("temperature_1_c", 10, signed=True, absent=_WIRE_FAULTS),
    (73, 4): Known("temperature_2_c", 10, signed=True, absent=_WIRE_FAULTS),
    (74, 4): Known("temperature_3_c", 10, signed=True, absent=_WIRE_FAULTS),
    (75, 4): Known("temperature_4_c", 10, signed=True, absent=_WIRE_FAULTS),
    (25, 2): Known("ble_temperature_1_c", 100, signed=True, absent=_BLE_FAULTS),
    (26, 2): Known("ble_temperature_2_c", 100, signed=True, absent=_BLE_FAULTS),
    (27, 2): Known("ble_temperature_3_c", 100, signed=True, absent=_BLE_FAULTS),
    (28, 2): Known("ble_temperature_4_c", 100, signed=True, absent=_BLE_FAULTS),
    (86, 2): Known("ble_humidity_1_pct", 10, absent=_BLE_FAULTS),
    (104, 2): Known("ble_humidity_2_pct", 10, absent=_BLE_FAULTS),
    (106, 2): Known("ble_humidity_3_pct", 10, absent=_BLE_FAULTS),
    (108, 2): Known("ble_humidity_4_pct", 10, absent=_BLE_FAULTS),
    # accelerometer
    (17, 2): Known("axis_x_mg", signed=True),
    (18, 2): Known("axis_y_mg", signed=True),
    (19, 2): Known("axis_z_mg", signed=True),
    # events
    (236, 1): Known("alarm"),
    (246, 1): Known("towing"),
    (247, 1): Known("crash"),
    (248, 1): Known("immobilizer"),
    (249, 1): Known("jamming"),
    (250, 1): Known("trip"),
    (251, 1): Known("idling"),
    (252, 1): Known(UNPLUGGED),
    (253, 1): Known("green_driving_type"),
    (254, 1): Known("green_driving_value"),
    (255, 1): Known("overspeeding_kmh"),
    # elements of variable length
    (256, VARIABLE): Known("vin", form="text"),
    (264, VARIABLE): Known("barcode", form="text"),
    (281, VARIABLE): Known("fault_codes", form="text"),
}
