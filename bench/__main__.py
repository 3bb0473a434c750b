"""`bin/bench [PART …]`: a table, and the same as JSON in bench/last.json."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from bench.desk import desk
from bench.figure import Figure
from bench.parts import PARTS


def main(wanted: list[str]) -> int:
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


def line(figure: Figure) -> str:
    mark = {True: "met", False: "MISSED", None: ""}[figure.met]
    ratio = f"{figure.ratio:6.2f}×" if figure.ratio is not None else ""
    return f"{figure.name:34}{figure.value:12,.1f} {figure.unit:14}{figure.target:10}{mark:8}{ratio}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
