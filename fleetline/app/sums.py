"""Numbers of several processes as one page for Prometheus: counters and histograms added up for good, gauges as they
are.

A process that was started anew counts from nought, and a sum that falls would look like a rise from nought. So what a
process was last reported with is kept in a small file, and goes on being added after its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

LASTING: Final = ("counter", "histogram")
"""Kinds that only grow, and outlive their process."""


class _Given(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def summed(living: Sequence[str], gone: Sequence[str]) -> bytes:
    """One page out of those of living processes, and the last ones of those that are gone."""
    families: dict[str, Metric] = {}
    values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}
    for page, alive in [*((page, True) for page in living), *((page, False) for page in gone)]:
        for family in text_string_to_metric_families(page):
            if family.name.endswith("_created") or not (alive or family.type in LASTING):
                continue
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                key = family.name, sample.name, tuple(sorted(sample.labels.items()))
                values[key] = values.get(key, 0.0) + sample.value
    for (family_name, name, labels), value in values.items():
        families[family_name].add_sample(name, dict(labels), value)
    return generate_latest(_Given(list(families.values())))


def remember(folder: Path, pages: Mapping[tuple[int, int], str]) -> list[str]:
    """Keep the pages of (number, process id) as what was last reported; the last pages of all other processes."""
    for (number, pid), page in pages.items():
        unfinished = folder / f"{number}-{pid}.unfinished"
        unfinished.write_text(page)
        unfinished.replace(folder / f"{number}-{pid}.page")
    known = {f"{number}-{pid}.page" for number, pid in pages}
    return [path.read_text() for path in sorted(folder.glob("*.page")) if path.name not in known]
