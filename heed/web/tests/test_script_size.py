"""How much script a page brings: what is served, compressed as it is served."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from heed.web import actions

JS = Path(actions.__file__).parent / "static" / "js"
MOST = 60 * 1024
_IMPORT = re.compile(r"""^\s*(?:import|export)\b[^;"']*["']heed/([\w-]+)["'];?""", re.M)
_LATER = re.compile(r"""\bimport\(\s*["']heed/([\w-]+)["']""")


def modules(entrance: str) -> set[str]:
    """The modules a page ends up with that begins with this one, those fetched later included."""
    found: set[str] = set()
    waiting = [entrance]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (JS / f"{name}.js").read_text()
            waiting += _IMPORT.findall(text) + _LATER.findall(text)
    return found


def test_no_import_is_overlooked() -> None:
    for name in modules("inbox"):
        text = (JS / f"{name}.js").read_text()
        assert set(re.findall(r"""["']heed/([\w-]+)["']""", text)) <= modules(name), name


def test_the_inbox_brings_no_more_than_sixty_kilobytes_of_script() -> None:
    found = modules("inbox")
    assert {"composer", "palette", "shortcuts", "quicktexts", "measure"} <= found
    sizes = {name: served((JS / f"{name}.js").read_bytes()) for name in found}
    assert sum(sizes.values()) <= MOST, sorted(sizes.items(), key=lambda each: -each[1])


def served(script: bytes) -> int:
    """Compressed, where that makes it smaller."""
    return min(len(gzip.compress(script, 9)), len(script))
