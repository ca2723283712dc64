"""What the documentation of our own API says besides its routes."""

from typing import Final

from fleetline.api.guide import Guide

GUIDE: Final = Guide()
