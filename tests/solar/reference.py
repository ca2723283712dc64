"""The power chain spelled out with pvlib's own functions, one site at a time: slow, and right by construction."""

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pvlib import atmosphere, clearsky, iam, inverter, irradiance, pvsystem, shading, solarposition, spectrum
from pvlib import temperature as thermal
from pvlib import tracking as trackers

from fleetline.model.power import DERATE_PCT, NOCT_C, Modules, PowerModel, PvArray, PvSite, PvSystem, Tracking

FloatArray = npt.NDArray[np.float64]

SAPM = {"A0": 0.918093, "A1": 0.086257, "A2": -0.024459, "A3": 0.002816, "A4": -0.000126}
physical = functools.partial(iam.physical, n=1.526, K=4.0, L=0.002, n_ar=1.3)


@functools.cache
def diffuse_table() -> tuple[FloatArray, FloatArray]:
    """Shares of sky and ground light behind glass, per whole degree of tilt."""
    tilts = np.arange(91.0)
    sky = np.array([iam.marion_integrate(physical, tilt, "sky") for tilt in tilts])
    ground = np.array([iam.marion_integrate(physical, tilt, "ground") for tilt in tilts])
    return sky, ground


def reference_chain(
    site: PvSite,
    elevation_m: float,
    times: pd.DatetimeIndex,
    weather: Mapping[str, FloatArray] | None = None,
    model: PowerModel = PowerModel.PVLIB,
) -> dict[str, FloatArray]:
    """Every stage at the given instants, UTC; arrays of the last row of modules for the stages before direct current.

    weather   ghi, dni, dhi (each may be absent), temperature and wind; None for clear sky
    """
    light = _light(site, elevation_m, times, weather)
    total = np.zeros(len(times))
    stages: dict[str, FloatArray] = {}
    for system in site.systems:
        dc = np.zeros(len(times))
        for array in system.arrays:
            for row in array.modules:
                stages = _row(site, system, array, row, light, model)
                dc = dc + stages["dc"]
        total += _inverted(site, system, dc, times, model)
    limit = np.inf if site.export_limit_kw is None else site.export_limit_kw
    return {**light, **stages, "ac": np.minimum(total, limit)}


def _light(
    site: PvSite, elevation_m: float, times: pd.DatetimeIndex, weather: Mapping[str, FloatArray] | None
) -> dict[str, Any]:
    pressure = atmosphere.alt2pres(elevation_m)
    sun = solarposition.get_solarposition(
        times, site.latitude_deg, site.longitude_deg, elevation_m, pressure, method="nrel_numpy"
    )
    zenith, true = sun["apparent_zenith"].to_numpy(), sun["zenith"].to_numpy()
    extra = irradiance.get_extra_radiation(times).to_numpy()
    relative = atmosphere.get_relative_airmass(zenith)
    if weather is None:
        haze = clearsky.lookup_linke_turbidity(times, site.latitude_deg, site.longitude_deg).to_numpy()
        absolute = atmosphere.get_absolute_airmass(relative, pressure)
        with np.errstate(divide="ignore"):
            clear = clearsky.ineichen(zenith, absolute, haze, elevation_m, extra)
        ghi, dni, dhi = (np.asarray(clear[name]) for name in ("ghi", "dni", "dhi"))
        air, wind = np.full(len(times), 20.0), np.full(len(times), 1.0)
    else:
        ghi, dni, dhi = _completed(weather, true, extra)
        air, wind = weather["temperature"], weather["wind"]
    return {
        "times": times, "zenith": zenith, "azimuth": sun["azimuth"].to_numpy(), "extra": extra, "relative": relative,
        "pressure": np.full(len(times), pressure), "ghi": ghi, "dni": dni, "dhi": dhi, "air": air, "wind": wind,
    }  # fmt: skip


def _completed(
    weather: Mapping[str, FloatArray], true: FloatArray, extra: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    ghi, dni, dhi = (weather.get(name) for name in ("ghi", "dni", "dhi"))
    cosine = np.cos(np.radians(true))
    if ghi is not None and dni is None and dhi is None:
        split = irradiance.erbs_driesse(ghi, true, dni_extra=extra)
        return ghi, np.asarray(split["dni"]), np.asarray(split["dhi"])
    if dni is None:
        assert ghi is not None and dhi is not None
        return ghi, np.where(true > 87, 0.0, np.maximum((ghi - dhi) / cosine, 0.0)), dhi
    if dhi is None:
        assert ghi is not None
        return ghi, dni, np.maximum(ghi - dni * cosine, 0.0)
    return (dhi + dni * cosine if ghi is None else ghi), dni, dhi


def _surface(array: PvArray, light: Mapping[str, Any]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Tilt, azimuth and rotation about the axis that the rows lie along."""
    zenith, azimuth = light["zenith"], light["azimuth"]
    spacing = array.relative_row_spacing or 3.0
    if array.tracking is Tracking.FIXED:
        tilt = np.full(len(zenith), float(array.tilt_deg))
        return tilt, np.full(len(zenith), float(array.azimuth_deg)), tilt
    if array.tracking is Tracking.DUAL_AXIS:
        return np.minimum(zenith, 90.0), azimuth, np.minimum(zenith, 90.0)
    turned = trackers.singleaxis(
        zenith, azimuth, array.tilt_deg, array.azimuth_deg, array.rotation_limit_deg,
        array.tracking is Tracking.SINGLE_AXIS_BACKTRACKING, 1 / spacing,
    )  # fmt: skip
    parts = (turned[name] for name in ("surface_tilt", "surface_azimuth", "tracker_theta"))
    tilt, surface_azimuth, theta = (np.nan_to_num(np.asarray(part)) for part in parts)
    return tilt, surface_azimuth, theta


def _row(
    site: PvSite,
    system: PvSystem,
    array: PvArray,
    row: Modules,
    light: Mapping[str, Any],
    model: PowerModel,
) -> dict[str, FloatArray]:
    tilt, azimuth, theta = _surface(array, light)
    aoi = irradiance.aoi(tilt, azimuth, light["zenith"], light["azimuth"])
    plane = irradiance.get_total_irradiance(
        tilt, azimuth, light["zenith"], light["azimuth"], light["dni"], light["ghi"], light["dhi"],
        light["extra"], light["relative"], system.albedo_pct / 100, model="perez",
    )  # fmt: skip
    beam, sky, ground = (np.nan_to_num(plane[name]) for name in ("poa_direct", "poa_sky_diffuse", "poa_ground_diffuse"))
    beam_view, sky_view, ground_view = _views(array, tilt, theta, light)
    seen = _access(site, array, light["times"])
    unshaded = {"beam": beam * beam_view, "sky": sky, "ground": ground}
    beam = beam * beam_view * seen * _open(array, light)
    sky, ground = sky * sky_view * seen, ground * ground_view * seen
    tables = diffuse_table()
    glass = [np.interp(tilt, np.arange(91.0), table) for table in tables]
    factor = np.ones(len(tilt))
    if model is PowerModel.PVLIB:
        mass = atmosphere.get_relative_airmass(np.minimum(light["zenith"], 86.0))
        factor = spectrum.spectral_factor_sapm(atmosphere.get_absolute_airmass(mass, light["pressure"]), SAPM)
    poa = beam + sky + ground
    effective = (beam * physical(aoi) + sky * glass[0] + ground * glass[1]) * factor
    cell, dc = _converted(array, row, light, poa, effective, model)
    return {
        **unshaded, "tilt": tilt, "surface_azimuth": azimuth, "aoi": aoi, "sky_view": sky_view,
        "ground_view": ground_view, "beam_iam": physical(aoi), "spectral": factor,
        "poa": np.where(light["zenith"] >= 90, 0.0, poa), "effective": effective, "cell": cell, "dc": dc,
    }  # fmt: skip


def _converted(
    array: PvArray,
    row: Modules,
    light: Mapping[str, Any],
    poa: FloatArray,
    effective: FloatArray,
    model: PowerModel,
) -> tuple[FloatArray, FloatArray]:
    """Cell temperature and direct current."""
    dark = (light["zenith"] >= 90) | (effective <= 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noct = row.noct_c or NOCT_C[array.mounting]
        cell = thermal.noct_sam(poa, light["air"], light["wind"], noct, 0.19, effective)
    cell = np.where(dark, light["air"], cell)
    effective = np.where(dark, 0.0, effective)
    loss = row.temperature_coefficient_pct_per_c / 100
    if model is PowerModel.PVLIB:
        return cell, pvsystem.pvwatts_dc(effective, cell, row.count * row.nameplate_dc_kw, -loss)
    ptc = row.ptc_kw or 0.9 * row.nameplate_dc_kw
    return cell, row.count * ptc * effective / 1000 * (1 - loss * (cell - 45))


def _views(
    array: PvArray, tilt: FloatArray, theta: FloatArray, light: Mapping[str, Any]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    one_axis = array.tracking in (Tracking.SINGLE_AXIS, Tracking.SINGLE_AXIS_BACKTRACKING)
    count = array.module_row_count or (np.inf if one_axis else 1)
    share = 1 - 1 / count
    pitch = array.relative_row_spacing or 3.0
    if share == 0:
        return np.ones(len(tilt)), np.ones(len(tilt)), np.ones(len(tilt))
    axis = array.azimuth_deg if one_axis else _facing(array, light) - 90
    axis_tilt = array.tilt_deg if one_axis else 0
    shaded = np.zeros(len(tilt))
    if array.tracking is not Tracking.SINGLE_AXIS_BACKTRACKING:
        shaded = shading.shaded_fraction1d(
            light["zenith"], light["azimuth"], axis, theta, collector_width=1, pitch=pitch, axis_tilt=axis_tilt
        )
    cosine = np.cos(np.radians(tilt))
    sky = (1 + pitch - np.sqrt(1 + pitch**2 - 2 * pitch * cosine)) / (1 + cosine)
    with np.errstate(invalid="ignore", divide="ignore"):
        ground = (1 + pitch - np.sqrt(1 + pitch**2 + 2 * pitch * cosine)) / (1 - cosine)
    ground = np.where(tilt < 1e-4, 1.0, ground)
    return 1 - np.nan_to_num(shaded) * share, 1 - (1 - sky) * share, 1 - (1 - ground) * share


def _facing(array: PvArray, light: Mapping[str, Any]) -> Any:
    return light["azimuth"] if array.tracking is Tracking.DUAL_AXIS else array.azimuth_deg


def _access(site: PvSite, array: PvArray, times: pd.DatetimeIndex) -> FloatArray:
    local = times.tz_localize(None) + pd.Timedelta(hours=site.longitude_deg / 15)
    return np.array(array.solar_access_pct)[local.month - 1] / 100


def _open(array: PvArray, light: Mapping[str, Any]) -> FloatArray:
    """What the skyline leaves of the beam, found for each step by walking round the points."""
    out = np.ones(len(light["zenith"]))
    points = sorted((item.azimuth_deg, item.elevation_deg, item.opacity_pct / 100) for item in array.obstructions)
    if not points:
        return out
    ring = [(points[-1][0] - 360, *points[-1][1:]), *points, (points[0][0] + 360, *points[0][1:])]
    for step, (zenith, azimuth) in enumerate(zip(light["zenith"], light["azimuth"], strict=True)):
        left, right = next((a, b) for a, b in itertools.pairwise(ring) if a[0] <= azimuth <= b[0])
        part = (azimuth - left[0]) / (right[0] - left[0]) if right[0] > left[0] else 0.0
        if 90 - zenith < left[1] + (right[1] - left[1]) * part:
            out[step] = 1 - (left[2] + (right[2] - left[2]) * part)
    return out


def _inverted(site: PvSite, system: PvSystem, dc: FloatArray, times: pd.DatetimeIndex, model: PowerModel) -> FloatArray:
    derate = DERATE_PCT[model] if system.derate_pct is None else system.derate_pct
    fade = site.degradation_pct_per_year
    if fade is None:
        fade = 0.0 if model is PowerModel.PVLIB else 0.5
    installed = system.install_date or site.install_date
    kept = np.full(len(times), derate / 100)
    if installed is not None:
        days = (times - pd.Timestamp(installed, tz="UTC")) / pd.Timedelta(days=1)
        kept = kept * (1 - fade / 100) ** (np.maximum(days, 0) / 365.25)
    for start in (system.install_date, site.install_date):
        if start is not None:
            kept = np.where(times >= pd.Timestamp(start, tz="UTC"), kept, 0.0)
    for end in (system.decommission_date, site.decommission_date):
        if end is not None:
            kept = np.where(times < pd.Timestamp(end, tz="UTC"), kept, 0.0)
    rated = sum(item.count * item.max_power_ac_kw for item in system.inverters)
    efficiency = sum(item.count * item.max_power_ac_kw * item.efficiency_pct for item in system.inverters) / rated / 100
    return np.asarray(inverter.pvwatts(dc * kept, rated / efficiency, efficiency))
