"""`bin/bench [PART …]`: a table, and the same as JSON in bench/last.json.

`bin/bench --size 1m` measures a desk of a million tickets (10k and 100k, too), `bin/bench --growth` all
three sizes, and by how much each figure grew from one to the next."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.api import BARE_COMMIT
from bench.desk import desk
from bench.figure import Figure
from bench.parts import PARTS
from bench.size import SIZES, at_size

_GROWTH = Path(__file__).parent / "growth.json"


def main(wanted: list[str]) -> int:
    if wanted[:1] in (["--size"], ["--growth"]):
        return growth([wanted[1]] if wanted[0] == "--size" and len(wanted) == 2 else list(SIZES))
    unknown = set(wanted) - set(PARTS)
    if unknown:
        print(f"The parts are {', '.join(PARTS)}.")
        return 2
    names = ["floor", *(name for name in PARTS if name != "floor" and (not wanted or name in wanted))]
    figures: list[Figure] = []
    with desk() as running:
        for name in names:
            print(f"measuring {name} …", file=sys.stderr)
            figures += PARTS[name](running)
    floor = figures[0].value
    for figure in figures[1:]:
        if figure.unit.endswith("/s"):
            figure.ratio = figure.value / floor
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    )
    print(f"\n{machine}\n")
    for figure in figures:
        print(line(figure))
    result = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    (Path(__file__).parent / "last.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(figure.met is not False for figure in figures) else 1


def growth(sizes: list[str]) -> int:
    """Measure desks of these sizes; 1 where a figure misses its target or grows too much."""
    if not set(sizes) <= set(SIZES):
        print(f"The sizes are {', '.join(SIZES)}.")
        return 2
    by_size = {size: _alone(size) if len(sizes) > 1 else _measured(size) for size in sizes}
    print(f"\n{'':42}{''.join(f'{size:>12}' for size in sizes)}")
    for row in zip(*by_size.values(), strict=True):
        values = "".join(f"{figure.value:12,.1f}" for figure in row)
        grown = f"{row[-1].value / row[-2].value:8.2f}×" if len(row) > 1 and row[-2].value else ""
        mark = {True: "met", False: "MISSED", None: ""}[row[-1].met]
        print(f"{row[-1].name:42}{values} {row[-1].unit:12}{row[-1].target:10}{mark:8}{grown}")
    kept = {size: [asdict(figure) for figure in figures] for size, figures in by_size.items()}
    _GROWTH.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    slower = grown_too_much(by_size)
    if slower:
        print(f"Grew more than {MOST_GROWN}× from 100k to 1m: {', '.join(slower)}.")
    met = all(figure.met is not False for figures in by_size.values() for figure in figures)
    return 0 if met and not slower else 1


MOST_GROWN = 1.5


def grown_too_much(by_size: dict[str, list[Figure]]) -> list[str]:
    """The names of figures in milliseconds that are more than half as much again at 1m than at 100k; what the
    disk alone takes aside. Nothing where these sizes were not both measured."""
    rows = zip(by_size.get("100k", []), by_size.get("1m", []), strict=False)
    return [
        after.name
        for before, after in rows
        if after.unit == "ms" and after.name != BARE_COMMIT and after.value > MOST_GROWN * before.value
    ]


def _measured(size: str) -> list[Figure]:
    print(f"measuring {size} …", file=sys.stderr)
    with desk() as running:
        return at_size(running, SIZES[size])


def _alone(size: str) -> list[Figure]:
    """The same by a process of its own: one process knows only one database."""
    _GROWTH.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "bench", "--size", size], check=False)
    return [Figure(**facts) for facts in json.loads(_GROWTH.read_text())[size]]


def line(figure: Figure) -> str:
    mark = {True: "met", False: "MISSED", None: ""}[figure.met]
    ratio = f"{figure.ratio:6.2f}×" if figure.ratio is not None else ""
    return f"{figure.name:34}{figure.value:12,.1f} {figure.unit:14}{figure.target:10}{mark:8}{ratio}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
