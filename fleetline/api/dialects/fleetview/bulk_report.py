"""What became of the rows of an import, in this API's words."""

from typing import Any, Final

from fleetline.api.dialects.fleetview.words import fault_json
from fleetline.core.power_import import Counts
from fleetline.model.resource import Fault, RowOutcome, RowReason

_REASONS: Final = {
    "repeated": ("customerSiteId", "duplicate", "This row is about the same site as row {holder}."),
    "taken": ("customerSiteId", "duplicate", "customerSiteId is already used by resource {holder}."),
    "exists": ("customerSiteId", "duplicate", "The row is resource {holder} already, and mode is createOnly."),
    "missing": ("customerSiteId", "unknown", "No resource has this customerSiteId, and mode is updateOnly."),
    "unknown": ("resourceId", "unknown", "resourceId does not exist."),
    "undone": ("", "atomic", "Nothing was stored, because another row was refused."),
}


def reason_fault(reason: RowReason) -> Fault:
    """Why the core refused a row, in words."""
    field, code, message = _REASONS[reason.code]
    return Fault(field, code, message.format(holder=reason.holder))


def outcome_json(outcome: RowOutcome) -> dict[str, Any]:
    """One row of a report."""
    faults = [reason_fault(outcome.reason)] if outcome.reason is not None else list(outcome.faults)
    return {
        "row": outcome.number,
        "customerSiteId": outcome.customer_site_id,
        "resourceId": outcome.resource_id,
        "outcome": outcome.outcome.capitalize(),
        "errors": [fault_json(fault) for fault in faults],
        "warnings": [fault_json(fault) for fault in outcome.warnings],
    }


def counts_json(counts: Counts) -> dict[str, int]:
    """How many rows came to each outcome."""
    return {
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
    }
