"""How reference pages are laid out: tables, numbers and the addresses of headings."""

import re
from collections.abc import Iterator, Sequence


def grid(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; columns in which every cell is empty are left out."""
    kept = [place for place in range(len(titles)) if any(row[place] for row in rows)]
    yield _line([titles[place] for place in kept])
    yield _line(["---"] * len(kept))
    for row in rows:
        yield _line([row[place] for place in kept])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def number(value: float) -> str:
    """Without a fraction that says nothing."""
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def slug(heading: str) -> str:
    """The address of a heading within its page, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
