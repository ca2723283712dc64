"""Reads what the operator's PMTiles file says of itself, so that a useless one is told of instead of tried."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER: Final = 127
VECTOR: Final = 1


@dataclass(frozen=True, slots=True)
class Streets:
    """A street map. fault: why it cannot be shown, empty when it can; bounds: west, south, east, north in degrees"""

    path: Path
    size: int = 0
    stamp: int = 0
    low_zoom: int = 0
    high_zoom: int = 0
    bounds: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    fault: str = ""

    @property
    def address(self) -> str:
        """Where the browser finds it; changes with the file."""
        return "" if self.fault else f"/tiles/streets.pmtiles?v={self.stamp}"


def streets_of(path: Path | None) -> Streets | None:
    """The file's own word, None where there is no file.

    source  PMTiles specification, version 3: a header of 127 bytes
    """
    if path is None or not path.is_file():
        return None
    found = path.stat()
    with path.open("rb") as file:
        head = file.read(HEADER)
    if len(head) < HEADER or head[:7] != b"PMTiles":
        return Streets(path, fault="is no PMTiles file")
    if head[7] != 3:
        return Streets(path, fault=f"is PMTiles version {head[7]}; version 3 is needed")
    if head[99] != VECTOR:
        return Streets(path, fault="holds pictures; vector tiles are needed")
    west, south, east, north = (value / 1e7 for value in struct.unpack_from("<4i", head, 102))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        return Streets(path, fault=f"has no usable bounds: {west}, {south}, {east}, {north}")
    return Streets(path, found.st_size, int(found.st_mtime), head[100], head[101], (west, south, east, north))
