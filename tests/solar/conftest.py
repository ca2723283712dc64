"""pvlib still uses names that pandas is about to drop; that is its business, not a failure of ours."""

import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def pandas_may_grumble() -> Iterator[None]:
    """Lets the deprecation warnings of pandas pass within each test of this room."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
