"""The C programs of this folder, compiled when first wanted, and what a load on a port has shown."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.kit import allow_files, cpu_s, ends, free_port

FIRST_IMEI = 350_000_000_000_000


class NoCompiler(Exception):
    """There is no C compiler here, so there is no limit to measure against."""


class Load(msgspec.Struct):
    """What the load generator saw; latencies from sending a packet to its acknowledgement."""

    packets: int
    records: int
    seconds: float
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class Programs:
    """The compiled programs and a folder to write in."""

    folder: Path

    def load(
        self, port: int, *, connections: int, seconds: float, records: int, start_s: int, packets: int | None = None
    ) -> Load:
        """Connections that log in, send a packet, wait for its acknowledgement, send the next.

        records  per packet, one a second from `start_s` on; packets: stop at so many
        errors   RuntimeError with what the generator said
        """
        allow_files(connections + 100)
        words = [port, connections, seconds, records, FIRST_IMEI, start_s, *([] if packets is None else [packets])]
        done = subprocess.run([self.folder / "load", *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"load: {done.stderr.strip()}")
        return msgspec.convert(json.loads(done.stdout), Load)

    @contextmanager
    def acknowledging(self, *, durable: bool) -> Iterator[tuple[int, "subprocess.Popen[Any]"]]:
        """(port, process) of the server that only frames and acknowledges; durable: append and fdatasync before."""
        port, file = free_port(), self.folder / "frames.log"
        process = subprocess.Popen([self.folder / "ack_server", str(port), *([str(file)] if durable else [])])
        time.sleep(0.1)
        try:
            yield port, process
        finally:
            ends(process)
            file.unlink(missing_ok=True)

    def cost(
        self, *, durable: bool, connections: int, seconds: float, records: int, start_s: int
    ) -> tuple[float, Load]:
        """(server processor seconds per packet, the load) of that server."""
        with self.acknowledging(durable=durable) as (port, process):
            load = self.load(port, connections=connections, seconds=seconds, records=records, start_s=start_s)
            return cpu_s(process.pid) / load.packets, load


def compiled(folder: Path) -> Programs:
    """The programs, made in that folder. errors: NoCompiler"""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("no C compiler (cc or gcc) to make the limit with")
    for name in ("ack_server", "load"):
        source = Path(__file__).parent / f"{name}.c"
        subprocess.run([compiler, "-O2", "-o", folder / name, source], check=True)
    return Programs(folder)
