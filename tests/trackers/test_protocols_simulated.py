"""Simulated devices: the drives they take, and how they behave towards servers that answer well and badly."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from fleetline.app.paths import drive, vehicle_of
from fleetline.app.simulate import SimulateError, SimulateResult, simulate, simulated_imei
from fleetline.model.motion import Report
from fleetline.model.wire import Memo, http_frame
from fleetline.trackers.protocols import osmand, teltonika
from tests.trackers.protocol_kit import assert_physical

MONDAY_MS = 1_773_014_400_000
DAY_MS = 86_400_000
HOST = "127.0.0.1"


def metres(one: Report, other: Report) -> float:
    assert one.lat_deg is not None and one.lon_deg is not None
    assert other.lat_deg is not None and other.lon_deg is not None
    east = (other.lon_deg - one.lon_deg) * math.cos(math.radians(one.lat_deg))
    return math.hypot(other.lat_deg - one.lat_deg, east) * 111_195


def test_a_drive_is_the_same_whenever_and_from_wherever_it_is_asked_for() -> None:
    whole = {report.fix_at_ms: report for report in drive(7, MONDAY_MS, MONDAY_MS + DAY_MS, 60)}
    part = list(drive(7, MONDAY_MS + 40_000_000 - 40_000_000 % 60_000, MONDAY_MS + DAY_MS, 60))
    assert part and all(whole[report.fix_at_ms] == report for report in part)
    assert list(drive(8, MONDAY_MS, MONDAY_MS + 1000, 1)) != list(drive(7, MONDAY_MS, MONDAY_MS + 1000, 1))


@pytest.mark.parametrize("seed", range(5))
def test_a_working_day_is_driven_as_a_car_drives(seed: int) -> None:
    reports = list(drive(seed, MONDAY_MS, MONDAY_MS + DAY_MS, 2))
    vehicle = vehicle_of(seed)
    way = 0.0
    for before, after in pairwise(reports):
        assert_physical(after)
        step = metres(before, after)
        way += step
        assert after.odometer_m is not None and before.odometer_m is not None
        assert abs(after.odometer_m - before.odometer_m - step) < 10  # a corner is cut by less than this
        assert step < 2 * 61 / 3.6 + 1
        if not before.ignition and not after.ignition:
            assert step == 0
        if not after.ignition:
            assert (after.speed_kmh, after.rpm) == (0, None)
    assert way == pytest.approx(vehicle.daily_m, rel=0.02)
    assert metres(reports[0], reports[-1]) < 1
    engine = [report.ignition for report in reports]
    assert vehicle.trips <= sum(after and not before for before, after in pairwise(engine)) <= 2 * vehicle.trips
    stopped = [report for report in reports if report.ignition and report.speed_kmh == 0]
    assert len(stopped) > 20


def test_the_odometer_runs_on_through_days_and_weekends() -> None:
    reports = list(drive(3, MONDAY_MS, MONDAY_MS + 9 * DAY_MS, 600))
    odometer = [report.odometer_m for report in reports if report.odometer_m is not None]
    assert len(odometer) == len(reports)
    assert all(before <= after for before, after in pairwise(odometer))
    worked = 9 if vehicle_of(3).works_weekends else 7
    assert odometer[-1] - odometer[0] == pytest.approx(worked * vehicle_of(3).daily_m, abs=2)


def test_a_parked_tracker_reports_seldom_and_a_town_can_be_chosen() -> None:
    sparse = list(drive(1, MONDAY_MS, MONDAY_MS + DAY_MS, 10, near=(48.0, 9.0), parked_step_s=600))
    assert len(sparse) < DAY_MS // 10_000 // 4
    assert all(abs((report.lat_deg or 0) - 48.0) < 0.2 for report in sparse)


def test_a_simulated_imei_has_fifteen_digits_and_a_valid_luhn_digit() -> None:
    """The check digit of the example that the standard for IMEIs prints is 8: 49015420323751-8."""
    imeis = [simulated_imei(index) for index in range(2000)]
    assert len(set(imeis)) == 2000
    for imei in [*imeis, "490154203237518"]:
        digits = [int(letter) for letter in imei]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
        assert (len(digits), (sum(digits[::2]) + sum(doubled)) % 10) == (15, 0)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server of one protocol on the loopback that keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str | None, Report]] = []
        self.refusals = 0

    async def teltonika(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer, ident = b"", None
        while data := await reader.read(65536):
            frames, used = teltonika.split(buffer + data, Memo())
            buffer = (buffer + data)[used:]
            for frame in frames:
                receipt = teltonika.receive(frame, Memo())
                ident = receipt.ident or ident
                if receipt.count and self.refusals:
                    self.refusals -= 1
                    if self.refusals % 2:
                        writer.close()
                        return
                    writer.write(receipt.denial)
                    continue
                self.taken += [(ident, report) for report in teltonika.decode(frame).reports]
                writer.write(receipt.reply)
        writer.close()

    async def osmand(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            query = head.split(b" ")[1].partition(b"?")[2]
            decoded = osmand.decode(http_frame("", query, b""))
            if self.refusals:
                self.refusals -= 1
                writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
                continue
            self.taken += [(decoded.ident, report) for report in decoded.reports]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        receipt, decoded = teltonika.receive(data, Memo()), teltonika.decode(data)
        self.server.taken += [(receipt.ident, report) for report in decoded.reports]
        self.transport.sendto(receipt.reply, addr)  # type: ignore[attr-defined]  # a datagram transport has it


async def simulated(server: Server, name: str, serve: Serve, **options: float) -> SimulateResult:
    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        task.add_done_callback(lambda done: done.exception())  # the devices hang up as they like

    listening = await asyncio.start_server(handle, HOST, 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        return await simulate({name: (HOST, port)}, **options)  # type: ignore[arg-type]  # numbers for numbers
    finally:
        listening.close()


def assert_all_taken(server: Server, result: SimulateResult, devices: int) -> None:
    assert result.sent == result.acknowledged > 0
    unique = {(ident, report.fix_at_ms) for ident, report in server.taken}
    assert len(unique) == result.sent
    assert {ident for ident, _ in server.taken} == {simulated_imei(index) for index in range(devices)}


async def test_teltonika_devices_log_in_send_packets_and_count_what_is_taken() -> None:
    server = Server()
    options = {"devices": 5, "rate_hz": 20, "seconds": 1, "records_per_packet": 4, "start_at_ms": MONDAY_MS}
    result = await simulated(server, "teltonika", server.teltonika, **options)
    assert_all_taken(server, result, 5)
    assert result.sent == 5 * 5 * 4
    times = sorted(report.fix_at_ms or 0 for ident, report in server.taken if ident == simulated_imei(0))
    assert times == [MONDAY_MS + 50 * turn for turn in range(20)]
    assert len({report.lat_deg for _, report in server.taken}) > 5


async def test_a_packet_that_is_refused_or_lost_is_sent_again_until_it_is_taken() -> None:
    server = Server()
    server.refusals = 3
    result = await simulated(server, "teltonika", server.teltonika, devices=2, rate_hz=10, seconds=0.3)
    assert server.refusals == 0
    assert_all_taken(server, result, 2)


async def test_osmand_devices_call_until_the_answer_is_200() -> None:
    server = Server()
    server.refusals = 2
    result = await simulated(server, "osmand", server.osmand, devices=3, rate_hz=10, seconds=0.3)
    assert_all_taken(server, result, 3)


async def test_datagrams_are_told_apart_by_their_numbers() -> None:
    server = Server()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(server), local_addr=(HOST, 0))
    address = transport.get_extra_info("sockname")[:2]
    result = await simulate({"teltonika-udp": address}, 3, 20, 0.5, records_per_packet=2)
    transport.close()
    assert_all_taken(server, result, 3)


@pytest.mark.parametrize(
    ("targets", "options"),
    [
        ({}, {}),
        ({"gt06": (HOST, 1)}, {}),
        ({"osmand": (HOST, 1)}, {"idents": ["only-one"]}),
        ({"osmand": (HOST, 1)}, {"records_per_packet": 256}),
        ({"osmand": (HOST, 1)}, {"rate_hz": 0}),
    ],
)
async def test_what_cannot_be_simulated_is_refused(
    targets: dict[str, tuple[str, int]], options: dict[str, object]
) -> None:
    with pytest.raises(SimulateError):
        await simulate(targets, **({"devices": 2, "rate_hz": 1, "seconds": 1} | options))  # type: ignore[arg-type]
