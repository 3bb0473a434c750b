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
    for name in dict.fromkeys(figure.name for figures in by_size.values() for figure in figures):
        print(_row(name, [_named(name, figures) for figures in by_size.values()]))
    kept = {size: [asdict(figure) for figure in figures] for size, figures in by_size.items()}
    _GROWTH.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    slower = grown_too_much(by_size)
    if slower:
        print(f"Grew more than {MOST_GROWN}× from 100k to 1m: {', '.join(slower)}.")
    met = all(figure.met is not False for figures in by_size.values() for figure in figures)
    return 0 if met and not slower else 1


MOST_GROWN = 1.5


def _named(name: str, figures: list[Figure]) -> Figure | None:
    return next((figure for figure in figures if figure.name == name), None)


def _row(name: str, row: list[Figure | None]) -> str:
    """A figure at each size, whether the largest met the target, and how much it grew from the one before."""
    values = "".join(f"{figure.value:12,.1f}" if figure else f"{'–':>12}" for figure in row)
    *before, last = (figure for figure in row if figure)
    grown = f"{last.value / before[-1].value:8.2f}×" if before and before[-1].value else ""
    mark = {True: "met", False: "MISSED", None: ""}[last.met]
    worst = f"  worst: {last.worst}" if last.worst else ""
    return f"{name:42}{values} {last.unit:12}{last.target:10}{mark:8}{grown}{worst}".rstrip()


def grown_too_much(by_size: dict[str, list[Figure]]) -> list[str]:
    """The names of figures in milliseconds that are more than half as much again at 1m than at 100k, and of
    single places whose median is; what the disk alone takes aside. Nothing where these sizes were not both
    measured."""
    before, after = (_times(by_size.get(size, [])) for size in ("100k", "1m"))
    return [name for name, value in after.items() if value > MOST_GROWN * before.get(name, value)]


def _times(figures: list[Figure]) -> dict[str, float]:
    """Milliseconds by name. Of a single place the median counts: its p95 is one request of twenty."""
    times = {}
    for figure in figures:
        if figure.unit == "ms" and figure.name != BARE_COMMIT:
            times[figure.name] = figure.value
            if figure.name.endswith("p50"):
                times |= {f"{figure.name}, {place}": value for place, value in figure.each.items()}
    return times


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
