"""The chain against NREL's PVWatts v8 on three typical years, and proof that the gates see a lost term."""

import numpy as np
import numpy.typing as npt
import pytest

from fleetline.solar import plane, sky
from fleetline.solar.sun import Sun
from tests.solar.sam import (
    CLIMATES,
    Agreement,
    Case,
    agreement,
    climate,
    hard_matrix,
    matrix,
    our_kw,
    sam_kw,
    usual_cases,
)

FloatArray = npt.NDArray[np.float64]

ALARM = (0.99, 1.01, 0.008, 0.9995)
"""Least and largest annual ratio, largest NRMSE of AC capacity, least correlation: close to what the chain reaches."""


def agreements(ours: FloatArray, name: str, cases: list[Case]) -> list[Agreement]:
    return [agreement(line, sam_kw(name, case), case.ac_kw) for line, case in zip(ours, cases, strict=True)]


def strays(found: list[Agreement], cases: list[Case], limits: tuple[float, float, float, float]) -> list[object]:
    """Every resource outside the limits, with its figures."""
    return [(case, seen) for case, seen in zip(cases, found, strict=True) if not seen.within(*limits)]


@pytest.mark.parametrize("name", list(CLIMATES))
def test_the_reference_makes_power_of_every_resource(name: str) -> None:
    for case in matrix()[:10]:
        assert sam_kw(name, case).sum() > 500 * case.ac_kw
        assert sam_kw(name, case).max() <= case.ac_kw * 1.0001


@pytest.mark.parametrize("name", list(CLIMATES))
def test_each_resource_and_the_fleet_of_all_stay_within_the_gates(name: str) -> None:
    cases = matrix()
    assert len(cases) >= 200
    ours = our_kw(climate(name), cases)
    found = agreements(ours, name, cases)
    assert not strays(found, cases, (0.98, 1.02, 0.01, 0.999)), "release gate"
    assert not strays(found, cases, ALARM), "alarm gate"
    theirs = np.sum([sam_kw(name, case) for case in cases], axis=0)
    total = agreement(ours.sum(axis=0), theirs, sum(case.ac_kw for case in cases))
    assert total.within(0.99, 1.01, 0.01, 0.999), total


MONTH_ENDS_H = np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]) * 24


def monthly_ratios(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Ours over theirs in each month that brings 3 % of the year or more."""
    mine, yours = (np.array([part.sum() for part in np.split(year, MONTH_ENDS_H)]) for year in (ours, theirs))
    counts = yours >= 0.03 * yours.sum()
    return np.asarray(mine[counts] / yours[counts])


@pytest.mark.parametrize("name", list(CLIMATES))
def test_each_month_that_counts_stays_within_five_percent(name: str) -> None:
    cases = matrix()
    ours = our_kw(climate(name), cases)
    theirs = [sam_kw(name, case) for case in cases]
    worst = np.array([np.abs(monthly_ratios(a, b) - 1.0).max() for a, b in zip(ours, theirs, strict=True)])
    assert np.count_nonzero(worst > 0.05) <= len(cases) // 200, "steep rows in the far north may stray in December"
    assert worst.max() < 0.06
    assert np.abs(monthly_ratios(ours.sum(axis=0), np.sum(theirs, axis=0)) - 1.0).max() < 0.02, "the fleet of all"


@pytest.mark.parametrize(("name", "correlation"), [("Greensboro", 0.999), ("Miami", 0.999), ("Sand Point", 0.997)])
def test_away_from_the_equator_and_steep_stays_within_its_gate(name: str, correlation: float) -> None:
    cases = hard_matrix()
    assert not strays(agreements(our_kw(climate(name), cases), name, cases), cases, (0.97, 1.04, 0.01, correlation))


@pytest.mark.parametrize("name", list(CLIMATES))
def test_global_irradiance_alone_is_enough_for_its_gate(name: str) -> None:
    cases = usual_cases()
    ours = our_kw(climate(name), cases, ghi_only=True)
    assert not strays(agreements(ours, name, cases), cases, (0.97, 1.01, 0.015, 0.997))


def caught(ours: FloatArray, cases: list[Case]) -> bool:
    """Whether the alarm gate names a resource in the first climate."""
    return bool(strays(agreements(ours, "Greensboro", cases), cases, ALARM))


def test_a_sun_half_an_hour_late_or_early_is_caught() -> None:
    cases = matrix()[:20]
    for moved_s in (-1800, 1800):
        ours = our_kw(climate("Greensboro"), cases, moved_s=moved_s)
        assert all(found.nrmse > 0.015 for found in agreements(ours, "Greensboro", cases))
        assert caught(ours, cases)


def test_rows_left_out_are_caught() -> None:
    cases = [case for case in matrix() if case.array_type in (0, 2, 3)][:20]
    assert caught(our_kw(climate("Greensboro"), cases, row_share=np.zeros(len(cases))), cases)


def test_a_turned_temperature_sign_is_caught() -> None:
    cases = matrix()[:20]
    assert caught(our_kw(climate("Greensboro"), cases, loss_per_c=np.full(len(cases), -0.0037)), cases)


def test_wind_left_out_is_caught() -> None:
    cases = matrix()[:20]
    assert caught(our_kw(climate("Greensboro"), cases, calm=True), cases)


def test_a_spectrum_left_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def even(sun: Sun, relative: FloatArray, pressure: FloatArray) -> FloatArray:
        return np.ones_like(relative)

    cases = matrix()
    monkeypatch.setattr(sky, "spectral_factor", even)
    assert caught(our_kw(climate("Greensboro"), cases), cases)


def test_glass_without_its_coating_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from pvlib import iam

    def bare(cosine: FloatArray) -> FloatArray:
        return np.asarray(iam.physical(np.degrees(np.arccos(np.clip(cosine, 0, 1)))))

    cases = matrix()
    monkeypatch.setattr(plane, "beam_share", bare)
    assert caught(our_kw(climate("Greensboro"), cases), cases)
