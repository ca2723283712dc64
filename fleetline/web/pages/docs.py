"""API documentation."""
from typing import Any, Final

PAGES: Final[tuple[Any, ...]] = ()
