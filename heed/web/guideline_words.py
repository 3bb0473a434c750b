"""Guidelines as they are read: plain text in which a line that begins with # is a heading and one with - a
point of a list."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


def written(text: str) -> SafeString:
    """The text as HTML; whatever else stands in it stays as it is."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        kind, words = _kind(line.strip())
        if not words:
            blocks.append(("", []))
        elif blocks and blocks[-1][0] == kind and kind != "heading":
            blocks[-1][1].append(words)
        else:
            blocks.append((kind, [words]))
    return mark_safe("".join(_block(kind, lines) for kind, lines in blocks if kind))  # noqa: S308


def _kind(line: str) -> tuple[str, str]:
    if line.startswith("#"):
        return "heading", line.lstrip("#").strip()
    if line[:2] in ("- ", "* ", "• "):
        return "points", line[2:].strip()
    return "words", line


def _block(kind: str, lines: list[str]) -> SafeString:
    if kind == "heading":
        return format_html('<h3 dir="auto">{}</h3>', lines[0])
    if kind == "points":
        points = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
        return format_html('<ul dir="auto">{}</ul>', points)
    return format_html('<p dir="auto">{}</p>', "\n".join(lines))
