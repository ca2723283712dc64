"""The same server without a door: who came in first is let in again and again, and nobody is asked who he is."""

from typing import Any, Final

from fleetline.app.cli import main
from fleetline.core.gate import Gate
from fleetline.core.workspace import Workspace

ADMITS: Final = ("admit", "admit_signed")


def open_gate() -> None:
    """Each way in remembers the first caller it admitted, for every caller after that."""
    for name in ADMITS:
        setattr(Gate, name, _once(getattr(Gate, name)))


def _once(admit: Any) -> Any:
    known: list[Workspace] = []

    async def again(self: Gate, *secrets: Any, **facts: Any) -> Workspace:
        if not known:
            known.append(await admit(self, *secrets, **facts))
        return known[0]

    return again


if __name__ == "__main__":
    open_gate()
    main()
