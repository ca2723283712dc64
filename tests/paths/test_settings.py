"""Settings: which place wins, what each may be, and what is said when one cannot be meant."""

from pathlib import Path

import pytest

from fleetline.app.settings import load_settings
from fleetline.model.errors import Invalid
from fleetline.model.limits import BUILT_IN


def write(folder: Path, text: str, name: str = "fleetline.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_without_any_place_everything_has_its_default(tmp_path: Path) -> None:
    settings = load_settings({}, {}, tmp_path)
    assert settings.data == tmp_path / "fleetline-data"
    assert settings.database == f"sqlite:///{tmp_path}/fleetline-data/fleetline.db"
    assert (settings.http, settings.workers, settings.trackers) == (("127.0.0.1", 8080), 1, None)
    assert settings.plans == BUILT_IN
    assert (settings.request_log_days, settings.positions_days, settings.lives.signed_s) == (90, 0, 3600)
    assert settings.file is None


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'workers = 2\nhttp = "0.0.0.0:1"\npublic_url = "https://fleet.example.org/"\n')
    environment = {"FLEETLINE_WORKERS": "3", "FLEETLINE_HTTP": "0.0.0.0:2"}
    settings = load_settings({"workers": 4, "http": None}, environment, tmp_path)
    assert (settings.workers, settings.http) == (4, ("0.0.0.0", 2))
    assert settings.public_url == "https://fleet.example.org"


def test_the_working_folder_s_file_comes_before_the_data_folder_s_and_a_named_one_before_both(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data, "workers = 5\n")
    assert load_settings({"data": data}, {}, tmp_path).workers == 5
    assert load_settings({}, {"FLEETLINE_DATA": str(data)}, tmp_path).workers == 5
    write(tmp_path, "workers = 6\n")
    assert load_settings({"data": data}, {}, tmp_path).workers == 6
    named = write(tmp_path, "workers = 7\n", "other.toml")
    assert load_settings({"data": data, "config": named}, {}, tmp_path).workers == 7
    assert load_settings({}, {"FLEETLINE_CONFIG": str(named)}, tmp_path).workers == 7
    with pytest.raises(Invalid):
        load_settings({"config": tmp_path / "none.toml"}, {}, tmp_path)


def test_a_file_says_all_that_can_be_said(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        trusted_proxies = ["10.0.0.0/8", "2001:db8::1"]
        register_unknown = "acc_1"
        mqtt = "mqtts://broker.example.org"
        [trackers]
        teltonika = "0.0.0.0:5027"
        gt06 = "[::]:5023"
        [fleetize]
        error_status = 200
        error_body = "json"
        [retention]
        request_log_days = 0
        positions_days = 365
        [tokens]
        signed_s = 600
        [trips]
        min_trip_distance = 300
        bad_hdop = 2.5
        [plans.gold]
        extends = "unlimited"
        actions = ["device"]
        """,
    )
    settings = load_settings({}, {}, tmp_path)
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "2001:db8::1/128"]
    assert settings.trackers == {"teltonika": ("0.0.0.0", 5027), "gt06": ("::", 5023)}
    assert settings.fleetize == {"error_status": "200", "error_body": "json"}
    assert (settings.request_log_days, settings.positions_days, settings.lives.signed_s) == (0, 365, 600)
    assert settings.trips == {"min_trip_distance": 300, "bad_hdop": 2.5}
    assert settings.plans["gold"].actions == frozenset({"device"})


def test_the_environment_says_sections_and_lists_too(tmp_path: Path) -> None:
    environment = {
        "FLEETLINE_FLEETIZE_ERROR_BODY": "json",
        "FLEETLINE_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
        "FLEETLINE_TRACKERS": "gt06=0.0.0.0:1,h02=0.0.0.0:2",
        "FLEETLINE_TRIPS_PARKING_MIN": "600",
        "FLEETLINE_RETENTION_REQUEST_LOG_DAYS": "7",
        "FLEETLINE_PORT": "tcp://10.1.2.3:8080",
    }
    settings = load_settings({}, environment, tmp_path)
    assert settings.fleetize == {"error_body": "json"}
    assert len(settings.trusted_proxies) == 2
    assert settings.trackers == {"gt06": ("0.0.0.0", 1), "h02": ("0.0.0.0", 2)}
    assert settings.trips == {"parking_min": 600}
    assert settings.request_log_days == 7


def test_trackers_may_all_be_off(tmp_path: Path) -> None:
    assert load_settings({"trackers": ("none",)}, {}, tmp_path).trackers == {}
    assert load_settings({"trackers": ()}, {}, tmp_path).trackers is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("wrkers = 2", "wrkers"),
        ("[fleetize]\nerror_stats = 200", "fleetize.error_stats"),
        ("[tripz]\nparking_min = 600", "tripz"),
        ("workers = 0", "workers"),
        ("workers = 2.0", "workers"),
        ("workers = true", "workers"),
        ("workers = [2]", "workers"),
        ('http = "8080"', "http"),
        ('http = "::1:8080"', "http"),
        ('http = "localhost:99999"', "http"),
        ('public_url = "fleet.example.org"', "public_url"),
        ('database = "mysql://x"', "database"),
        ("database = 5", "database"),
        ('trusted_proxies = "10.0.0.1/8"', "trusted_proxies"),
        ("trusted_proxies = [5]", "trusted_proxies"),
        ('trackers = ["gt06"]', "trackers"),
        ('trackers = ["gt06=0.0.0.0:1", "gt06=0.0.0.0:2"]', "trackers"),
        ("[trackers]\ngt06 = 5023", "trackers"),
        ("[fleetize]\nerror_status = 404", "fleetize.error_status"),
        ("fleetize = 5", "fleetize"),
        ("[trips]\nparking = 600", "trips.parking"),
        ("[trips]\nparking_min = 1", "trips.parking_min"),
        ("trips = 5", "trips"),
        ("plans = 5", "plans"),
        ("[plans]\ngold = 5", "plans"),
        ("[plans.standard]", "plans.standard"),
        ("[plans.gold]\ndaily_calls = -1", "plans.gold.daily_calls"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_file_and_key_are_named(tmp_path: Path, text: str, field: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(Invalid) as refused:
        load_settings({}, {}, tmp_path)
    assert refused.value.field == f"{file}: {field}"
    assert "\n" not in str(refused.value)


def test_a_bad_flag_or_variable_is_named_as_it_was_given(tmp_path: Path) -> None:
    for flags, environment, field in (
        ({"http": "x"}, {}, "--http"),
        ({"trackers": ("x",)}, {}, "--tracker"),
        ({"public_url": "x"}, {}, "--public-url"),
        ({}, {"FLEETLINE_WORKERS": "many"}, "FLEETLINE_WORKERS"),
        ({}, {"FLEETLINE_TRIPS_PARKING_MIN": "long"}, "FLEETLINE_TRIPS_PARKING_MIN"),
        ({}, {"FLEETLINE_TRIPS_PARKNG": "5"}, "FLEETLINE_TRIPS_PARKNG"),
    ):
        with pytest.raises(Invalid) as refused:
            load_settings(flags, environment, tmp_path)
        assert refused.value.field == field


def test_a_file_that_is_no_toml_is_refused_with_one_line(tmp_path: Path) -> None:
    write(tmp_path, "workers = \n\n x")
    with pytest.raises(Invalid, match="cannot be read"):
        load_settings({}, {}, tmp_path)
