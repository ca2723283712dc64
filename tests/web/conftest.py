"""Fixtures of the browser tests of this folder: a server with two accounts, a browser, somebody who has signed in."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.paths.server_kit import Place
from tests.web.browser_kit import Account, Look, filled, launched, looking


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data: Path = tmp_path_factory.mktemp("web") / "data"
    found = Place(data, f"sqlite:///{data}/fleetline.db")
    found.start()
    yield found
    found.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def accounts(place: Place) -> tuple[Account, Account]:
    return filled(place)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launched(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def base(place: Place) -> str:
    return f"http://127.0.0.1:{place.http}"


@pytest.fixture(scope="module")
def inside(browser: Browser, base: str, accounts: tuple[Account, Account]) -> StorageState:
    """The cookies of the first account's administrator."""
    with looking(browser, base) as look:
        look.sign_in(accounts[0])
        return look.page.context.storage_state()


@pytest.fixture(scope="module")
def vehicle(browser: Browser, base: str, inside: StorageState) -> str:
    """The id of the vehicle that drove."""
    with looking(browser, base, storage_state=inside) as look:
        answer = look.page.request.get(f"{base}/api/v1/vehicles?q=Alpha%20van")
        return str(answer.json()["items"][0]["id"])


@pytest.fixture
def look(browser: Browser, base: str, inside: StorageState) -> Iterator[Look]:
    with looking(browser, base, storage_state=inside, viewport={"width": 1280, "height": 800}) as found:
        yield found
