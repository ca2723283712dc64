"""Runs the command line as `python -m fleetline.app`."""

from fleetline.app.cli import main

main()
