"""Weather files of each maker come out as steps that begin at their stamp, UTC, with holes where the file has none."""

import datetime
import json
from collections.abc import Callable

import numpy as np
import pytest

from fleetline.model.weather import FileUnreadable, PlaceWeather
from fleetline.outside.weather_files import PvlibFiles


def second(*when: int) -> int:
    return int(datetime.datetime(*when, tzinfo=datetime.UTC).timestamp())  # type: ignore[arg-type,misc]  # ints only


def one(form: str, body: str, *, typical: bool, step_s: int = 3600) -> PlaceWeather:
    found = PvlibFiles().read(form, body.encode(), None)
    assert (found.typical, found.step_s, len(found.parts)) == (typical, step_s, 1)
    return found.parts[0]


def nsrdb(stamps: list[tuple[int, int, int]]) -> str:
    """(day, hour, minute) of January 2020 at UTC-5; light is 100 and counts up."""
    about = "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone"
    place = "NSRDB,1,-,-,-,40.01,-105.22,-5,1600,-5"
    head = "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Wind Speed"
    rows = [f"2020,1,{d},{h},{m},{100 + i},200,50,-3.5,2" for i, (d, h, m) in enumerate(stamps)]
    return "\n".join([about, place, head, *rows, ""])


def test_stamps_of_the_national_database_are_the_middle_of_their_step() -> None:
    part = one("nsrdb", nsrdb([(1, 0, 30), (1, 1, 30), (1, 2, 30)]), typical=False)
    assert part.starts_s.tolist() == [second(2020, 1, 1, 5), second(2020, 1, 1, 6), second(2020, 1, 1, 7)]
    assert part.values["ghi_wm2"].tolist() == [100, 101, 102]
    assert part.values["temperature_c"].tolist() == [-3.5] * 3
    assert (part.latitude_deg, part.longitude_deg) == (40.01, -105.22)
    half = one("nsrdb", nsrdb([(1, 0, 0), (1, 0, 30)]), typical=False, step_s=1800)
    assert half.starts_s.tolist() == [second(2020, 1, 1, 4, 45), second(2020, 1, 1, 5, 15)]


def test_a_database_file_whose_years_run_back_and_forth_is_a_typical_one() -> None:
    text = nsrdb([(1, 0, 30), (1, 1, 30), (1, 2, 30)]).replace("2020,1,1,2,30", "2017,1,1,2,30")
    part = one("nsrdb", text, typical=True)
    assert part.starts_s.tolist() == [5 * 3600, 6 * 3600, 7 * 3600]
    assert part.values["ghi_wm2"].tolist() == [100, 101, 102]


def pvgis_hours(plane: str = "G(i)", minute: int = 10, slope: str = "0 deg.") -> str:
    head = ["Latitude (decimal degrees):\t45.000", "Longitude (decimal degrees):\t8.000", "Elevation (m):\t250",
            "Radiation database:\tPVGIS-SARAH3", "", f"Slope: {slope}", "Azimuth: 0 deg.",
            f"time,{plane},H_sun,T2m,WS10m,Int"]  # fmt: skip
    light = {"G(i)": "300.0", "Gb(i),Gd(i),Gr(i)": "200.0,100.0,0.0"}
    rows = [f"20200101:{hour:02}{minute:02},{light[plane]},10.0,5.5,1.5,0.0" for hour in (11, 12)]
    return "\r\n".join([*head, *rows, "", "G(i): Global irradiance on the inclined plane (W/m2)", ""])


@pytest.mark.parametrize("plane", ["G(i)", "Gb(i),Gd(i),Gr(i)"])
def test_hours_of_the_european_service_lie_around_the_moment_of_their_stamp(plane: str) -> None:
    part = one("pvgis", pvgis_hours(plane), typical=False)
    assert part.starts_s.tolist() == [second(2020, 1, 1, 10, 30), second(2020, 1, 1, 11, 30)]
    assert part.values["ghi_wm2"].tolist() == [300, 300]
    assert part.values["wind_ms"].tolist() == [1.5, 1.5]
    assert (part.latitude_deg, part.longitude_deg) == (45, 8)


@pytest.mark.parametrize(("minute", "start"), [(0, (10, 30)), (14, (10, 30)), (30, (11, 0)), (59, (11, 30))])
def test_an_hour_begins_half_an_hour_before_its_moment_to_the_next_half_hour(
    minute: int, start: tuple[int, int]
) -> None:
    part = one("pvgis", pvgis_hours(minute=minute), typical=False)
    assert part.starts_s[0] == second(2020, 1, 1, *start)


@pytest.mark.parametrize("slope", ["30 deg.", "2 deg. (optimum)", "-"])
def test_light_on_a_tilted_plane_is_no_weather(slope: str) -> None:
    with pytest.raises(FileUnreadable, match="slope 0"):
        one("pvgis", pvgis_hours(slope=slope), typical=False)


def test_light_on_a_plane_that_turns_is_no_weather() -> None:
    hours = [
        {"time": f"20200101:{hour:02}10", "G(i)": 100.0, "T2m": 1.0, "WS10m": 1.0, "Int": 0.0} for hour in (11, 12)
    ]
    body = {"inputs": {"location": {"latitude": 45.0, "longitude": 8.0, "elevation": 250.0}, "meteo_data": {},
                       "mounting_system": {"two_axis": {"slope": {"value": "-"}}}},
            "outputs": {"hourly": hours}, "meta": {"inputs": {}, "outputs": {}}}  # fmt: skip
    with pytest.raises(FileUnreadable, match="slope 0"):
        one("pvgis", json.dumps(body), typical=False)


@pytest.mark.parametrize(("offset_h", "first_s"), [(None, 0), (0.5, 0), (0.1761, 1800), (0.9, 1800)])
def test_a_typical_year_of_the_european_service_lies_around_the_moment_it_names(
    offset_h: float | None, first_s: int
) -> None:
    start = datetime.datetime(2007, 1, 1, tzinfo=datetime.UTC)
    hours = [
        {
            "time(UTC)": f"{start + datetime.timedelta(hours=hour):%Y%m%d:%H%M}",
            "T2m": 5.0,
            "G(h)": hour % 500,
            "Gb(n)": 0.0,
            "Gd(h)": 1.0,
            "IR(h)": 1.0,
            "WS10m": 2.0,
            "RH": 80,
            "WD10m": 1.0,
            "SP": 1.0,
        }
        for hour in range(8760)
    ]
    location = {"latitude": 45.0, "longitude": 8.0, "elevation": 250.0}
    location |= {} if offset_h is None else {"irradiance_time_offset": offset_h}
    months = [{"month": month, "year": 2007} for month in range(1, 13)]
    body = {"inputs": {"location": location}, "outputs": {"months_selected": months, "tmy_hourly": hours},
            "meta": {"inputs": {}, "outputs": {}}}  # fmt: skip
    part = one("pvgis", json.dumps(body), typical=True)
    assert (len(np.unique(part.starts_s)), int(part.starts_s.min())) == (8760, first_s)
    start_s = 0 if not first_s else 1800 if offset_h == 0.9 else 365 * 86_400 - 1800
    assert (int(part.starts_s[0]), part.values["ghi_wm2"][:3].tolist()) == (start_s, [0, 1, 2])


def solaranywhere(stamps: list[str], kind: str, more: str = "X: Y") -> str:
    about = (
        f'1,"Town",ST,-5.0,44.465,-73.205,41.0,"Data Version: 3.4 / Type: {kind} / LatLon Resolution: 0.01 / {more}"'
    )
    head = ("ObservationTime(LST),Global Horizontal Irradiance (GHI) W/m2,Direct Normal Irradiance (DNI) W/m2,"
            "Diffuse Horizontal Irradiance (DIF) W/m2,AmbientTemperature (deg C),WindSpeed (m/s)")  # fmt: skip
    return "\n".join([about, head, *(f"{stamp},400,300,100,10,-999" for stamp in stamps), ""])


@pytest.mark.parametrize(
    ("stamps", "first"),
    [
        (["01/01/2021 00:30", "01/01/2021 01:30"], second(2021, 1, 1, 5)),
        (["01/01/2021 01:00", "01/01/2021 02:00"], second(2021, 1, 1, 5)),
        (["01/01/2021 00:00", "01/01/2021 01:00"], second(2021, 1, 1, 5)),
    ],
)
def test_a_sister_file_says_by_its_first_stamp_what_stamps_mean(stamps: list[str], first: int) -> None:
    part = one("solaranywhere", solaranywhere(stamps, "Time Series"), typical=False)
    assert part.starts_s.tolist() == [first, first + 3600]
    assert part.values["ghi_wm2"].tolist() == [400, 400]
    assert np.isnan(part.values["wind_ms"]).all()


@pytest.mark.parametrize(
    ("method", "first"),
    [("End of Period", second(2021, 1, 1, 10)), ("Middle of Period", second(2021, 1, 1, 10, 30))],
)
def test_a_sister_file_that_names_what_its_stamps_mean_is_believed(method: str, first: int) -> None:
    text = solaranywhere(["01/01/2021 06:00", "01/01/2021 07:00"], "Time Series", f"Averaging Method: {method}")
    assert one("solaranywhere", text, typical=False).starts_s[0] == first


def test_a_sister_file_in_the_form_of_a_typical_year_has_real_years() -> None:
    about = "0,Town,NA,-5,44.465,-73.205,41,Type: Timeseries / Averaging Method: End of Period"
    head = "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2)),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)"
    text = "\n".join([about, head, "06/01/2021,12:00,500,600,90,20,2", "06/01/2021,13:00,510,610,91,21,3", ""])
    part = one("solaranywhere", text, typical=False)
    assert part.starts_s.tolist() == [second(2021, 6, 1, 16), second(2021, 6, 1, 17)]
    assert part.values["dni_wm2"].tolist() == [600, 610]


def surfrad(minutes: list[int], longitude: str = "105.92") -> str:
    values = "500.0 0 -0.8 0 600.0 0 90.0 0" + " 1.0 0" * 15 + " 800.0 0"
    line = "2016 1 1 1 18 {minute} 18.0 60.0 " + values
    return "\n".join([" Town", f" 37.70 {longitude} 2317 m version 1", *(line.format(minute=m) for m in minutes), ""])


@pytest.mark.parametrize("longitude", ["105.92", "-105.92"])
def test_minutes_of_a_radiation_station_end_at_their_stamp_and_lie_in_the_west(longitude: str) -> None:
    part = one("surfrad", surfrad([0, 1], longitude), typical=False, step_s=60)
    assert part.starts_s.tolist() == [second(2016, 1, 1, 17, 59), second(2016, 1, 1, 18)]
    assert [part.values[name][0] for name in ("ghi_wm2", "dni_wm2", "dhi_wm2")] == [500, 600, 90]
    assert (part.latitude_deg, part.longitude_deg) == (37.7, -105.92)


def test_three_minute_steps_are_told_to_be_none_that_can_be_read() -> None:
    with pytest.raises(FileUnreadable, match="one-minute"):
        one("surfrad", surfrad([0, 3]), typical=False, step_s=60)


def bsrn(lines: list[str]) -> str:
    """A station-to-archive file of January 2020 with the records a reader needs; latitude and longitude from 0 up."""
    return "\n".join([
        "*U0001", " 21  1 2020  1", "       -1", "*U0004", " -1 -1 -1", "  1 11",
        "Street", "+1 23               +4 56", "10.0.0.1       someone", " 136.815 186.944  491 -9999",
        " -1 -1 -1", " -1 -1", "*C0100", *lines, "",
    ])  # fmt: skip


def test_minutes_of_an_archive_file_begin_at_their_stamp() -> None:
    first = f" {{day:2}} {{minute:5}} {500:6}{1.0:6}{499:5}{501:5}{600:7}{1.0:6}{599:5}{601:5}"
    second_line = f"{'':10}{90:6}{1.0:6}{89:5}{91:5}{300:7}{1.0:6}{299:5}{301:5}{12.5:9}{50.0:6}{950:5}"
    one_minute = f"{first}\n{second_line}"
    part = one("bsrn", bsrn([one_minute.format(day=2, minute=m) for m in (720, 721)]), typical=False, step_s=60)
    assert part.starts_s.tolist() == [second(2020, 1, 2, 12), second(2020, 1, 2, 12, 1)]
    assert part.values["ghi_wm2"].tolist() == [500, 500]
    assert (round(part.latitude_deg, 3), round(part.longitude_deg, 3)) == (46.815, 6.944)


def test_a_sisters_typical_year_is_typical() -> None:
    part = one("solaranywhere", solaranywhere(["01/01/2021 01:00", "01/01/2021 02:00"], "Typical Year"), typical=True)
    assert part.starts_s.tolist() == [5 * 3600, 6 * 3600]


def tmy3(rows: list[str]) -> str:
    head = "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)"
    return "\n".join(['1,"TOWN",ST,5.5,20.0,77.0,100', head, *rows, ""])


def test_a_typical_year_keeps_to_the_calendar_on_the_wall_also_around_leap_days_and_new_year() -> None:
    rows = ["02/28/1996,24:00,1,0,1,5,1", "03/01/1996,01:00,2,0,2,5,1", "01/01/1990,01:00,3,0,3,5,1",
            "12/31/1991,24:00,4,0,4,5,1"]  # fmt: skip
    part = one("tmy3", tmy3(rows), typical=True)
    hours = ((part.starts_s + round(5.5 * 3600)) / 3600 % 8760).tolist()
    assert hours == [(31 + 27) * 24 + 23, (31 + 28) * 24, 0, 364 * 24 + 23]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("06/01/1990,12:00,-9900,-9900,-9900,-9900,-9900", ""),
        ("06/01/1990,12:00,1650,0,0,20,1", "ghi_wm2 1650"),
        ("06/01/1990,12:00,500,0,0,65,1", "temperature_c 65"),
    ],
)
def test_missing_codes_are_holes_and_what_cannot_be_is_refused(row: str, words: str) -> None:
    read: Callable[[], PlaceWeather] = lambda: one("tmy3", tmy3([row]), typical=True)  # noqa: E731 - read twice below
    if words:
        with pytest.raises(FileUnreadable, match=words):
            read()
    else:
        assert all(np.isnan(column).all() for column in read().values.values())
