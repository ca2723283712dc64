"""A fleet on the road for the browser's benchmark: each device on a connection of its own, a report a period."""

import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.fleet import ident
from bench.kit import OPEN_FILES, allow_files
from fleetline.app.plug import find_protocols
from fleetline.model.motion import Report

CENTRE: Final = (48.8, 9.2)
SPREAD: Final = 4.0
"""Degrees, each way, that the fleet is spread over."""
STEP_E7: Final = 1800
"""What a vehicle drives in a second: about 20 m."""
IDLE_SHARE: Final = 0.2
CODEC_AT: Final = 8
TIME_AT, LON_AT, LAT_AT, ANGLE_AT, SPEED_AT, SUM_AT = 10, 19, 23, 29, 32, 43
READ: Final = 65_536
SLICES: Final = 50
"""Parts of a second: trackers do not all speak in the same moment."""


class Fleet:
    """The present reports of all vehicles as frames of one length, the numbers in them changed by column."""

    def __init__(self, count: int) -> None:
        drawn = np.random.default_rng(5)
        self.count = count
        self.lat = np.round((CENTRE[0] + drawn.uniform(-SPREAD, SPREAD, count)) * 1e7)
        self.lon = np.round((CENTRE[1] + drawn.uniform(-SPREAD, SPREAD, count)) * 1e7)
        self.course = drawn.uniform(0, 360, count)
        self.speed = np.where(drawn.random(count) < IDLE_SHARE, 0, 72).astype(np.uint16)
        report = Report(
            fix_at_ms=1, valid=True, lat_deg=1, lon_deg=1, speed_kmh=50, course_deg=90, ignition=True, satellites=9
        )
        encode = find_protocols()["teltonika"].encode
        assert encode is not None, "our own trackers can be imitated"
        frame = list(encode(ident(0), [report]))[1]
        self.frames = np.tile(np.frombuffer(frame, np.uint8), (count, 1))

    def drive(self, at_ms: int) -> npt.NDArray[np.uint8]:
        """(count, length) the frames of a second later."""
        self.course = (self.course + np.where(self.speed > 0, 3.0, 0.0)) % 360
        way = np.where(self.speed > 0, STEP_E7, 0)
        self.lat += way * np.cos(np.radians(self.course))
        self.lon += way * np.sin(np.radians(self.course)) * 1.5
        self._put(TIME_AT, np.full(self.count, at_ms), ">u8")
        self._put(LON_AT, self.lon, ">i4")
        self._put(LAT_AT, self.lat, ">i4")
        self._put(ANGLE_AT, self.course, ">u2")
        self._put(SPEED_AT, self.speed, ">u2")
        self._put(SUM_AT, self._sums(), ">u4")
        return self.frames

    def _put(self, at: int, values: npt.NDArray[np.generic], kind: str) -> None:
        cells = values.astype(kind).view(np.uint8).reshape(self.count, -1)
        self.frames[:, at : at + cells.shape[1]] = cells

    def _sums(self) -> npt.NDArray[np.uint16]:
        """CRC-16 with the reflected polynomial 0xA001 of each frame, all frames at once."""
        table = np.arange(256, dtype=np.uint16)
        for _ in range(8):
            table = np.where(table & 1, (table >> 1) ^ 0xA001, table >> 1).astype(np.uint16)
        found = np.zeros(self.count, np.uint16)
        for column in range(CODEC_AT, SUM_AT):
            found = (found >> 8) ^ table[(found ^ self.frames[:, column]) & 0xFF]
        return found


def _connected(port: int, count: int) -> list[socket.socket]:
    """A connection a device, each accepted."""
    allow_files(OPEN_FILES)
    opened = []
    for index in range(count):
        device = socket.create_connection(("127.0.0.1", port), timeout=60)
        name = ident(index).encode()
        device.sendall(struct.pack(">H", len(name)) + name)
        opened.append(device)
    for device in opened:
        if device.recv(1) != b"\x01":
            raise ConnectionError("the server does not know this device")
        device.setblocking(False)
    return opened


def _drain(waiting: select.epoll, devices: dict[int, socket.socket]) -> None:
    """Take what the server has answered so far, so that no buffer fills."""
    for number, _ in waiting.poll(0, 4096):
        if not devices[number].recv(READ):
            raise ConnectionError("the server hung up")


def drive(port: int, count: int, period_s: float) -> None:
    """A report of every device each period until told to end, spread evenly over it; says so when the first are out."""
    devices, fleet = _connected(port, count), Fleet(count)
    by_number, waiting = {device.fileno(): device for device in devices}, select.epoll()
    for number in by_number:
        waiting.register(number, select.EPOLLIN)
    bounds = np.linspace(0, count, SLICES + 1).astype(int).tolist()
    due = time.monotonic()
    for turn in range(10**9):
        frames = fleet.drive(time.time_ns() // 1_000_000)
        for first, last in pairwise(bounds):
            for index in range(first, last):
                devices[index].send(frames[index].tobytes())
            _drain(waiting, by_number)
            due += period_s / SLICES
            time.sleep(max(0.0, due - time.monotonic()))
        if turn == 0:
            sys.stdout.write("moving\n")
            sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    drive(int(words[0]), int(words[1]), float(words[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
