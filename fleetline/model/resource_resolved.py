"""A site with everything that its account left open filled in, as the physics fills it in."""

from msgspec.structs import replace

from fleetline.model.power import (
    DEGRADATION_PCT_PER_YEAR,
    DERATE_PCT,
    NOCT_C,
    PTC_SHARE,
    ROW_SPACING,
    Modules,
    Mounting,
    PowerModel,
    PvArray,
    PvSite,
    PvSystem,
    Tracking,
)


def resolved_site(site: PvSite, elevation_m: float, model: PowerModel = PowerModel.PVLIB) -> PvSite:
    """What stays None has no value: no limit, no date, endless rows, a loss that is not modelled.

    elevation_m  of the table that is shipped, for a site that names none
    """
    fade = site.degradation_pct_per_year
    return replace(
        site,
        elevation_m=elevation_m if site.elevation_m is None else site.elevation_m,
        degradation_pct_per_year=DEGRADATION_PCT_PER_YEAR[model] if fade is None else fade,
        systems=tuple(_system(site, system, model) for system in site.systems),
    )


def _system(site: PvSite, system: PvSystem, model: PowerModel) -> PvSystem:
    return replace(
        system,
        install_date=system.install_date or site.install_date,
        decommission_date=system.decommission_date or site.decommission_date,
        derate_pct=DERATE_PCT[model] if system.derate_pct is None else system.derate_pct,
        arrays=tuple(_array(array) for array in system.arrays),
    )


def _array(array: PvArray) -> PvArray:
    endless = array.tracking in (Tracking.SINGLE_AXIS, Tracking.SINGLE_AXIS_BACKTRACKING)
    rows = array.module_row_count
    return replace(
        array,
        module_row_count=1 if rows is None and not endless else rows,
        relative_row_spacing=ROW_SPACING if array.relative_row_spacing is None else array.relative_row_spacing,
        modules=tuple(_modules(item, array.mounting) for item in array.modules),
    )


def _modules(modules: Modules, mounting: Mounting) -> Modules:
    return replace(
        modules,
        ptc_kw=round(PTC_SHARE * modules.nameplate_dc_kw, 12) if modules.ptc_kw is None else modules.ptc_kw,
        noct_c=NOCT_C[mounting] if modules.noct_c is None else modules.noct_c,
    )
