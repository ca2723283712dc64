"""The build hook: the browser's side of the web app is bundled into wheel, sdist and editable install."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Runs the package's own build in its folder; a release (`wheel`, `sdist`) refuses to be made without it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["artifacts"].append("fleetline/web/static/dist/*")
        script = Path(self.root) / "fleetline" / "web" / "build.py"
        strict = [] if version == "editable" else ["--strict"]
        subprocess.run([sys.executable, str(script), *strict], cwd=self.root, check=True)
