"""Approved templates: which of them an agent can fill in, and how a filled one is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from heed.channels.base import AccountRecord, FilledTemplate, Template
from heed.channels.meta import graph
from heed.channels.whatsapp import calls
from heed.lib.http import Steps

MOST_PAGES = 10
_BLANK = re.compile(r"{{\s*(.*?)\s*}}")


def approved(account: AccountRecord) -> Steps[list[Template]]:
    business = quote(account.credentials.get("business_account_id", ""), safe="")
    found: list[Template] = []
    after = ""
    for _page in range(MOST_PAGES):
        more = {"after": after} if after else {}
        listed = yield from calls.get(
            account, f"{business}/message_templates", status="APPROVED", limit="100", **more
        )
        found += [template for row in graph.rows(listed) if (template := _template(row)) is not None]
        after = graph.next_cursor(listed)
        if not after:
            break
    return found


def part_of(filled: FilledTemplate) -> dict[str, Any]:
    """What a message holds that is a template."""
    template: dict[str, Any] = {"name": filled.name, "language": {"code": filled.language}}
    if filled.values:
        values: list[dict[str, str]] = [{"type": "text", "text": value} for value in filled.values]
        for value, name in zip(values, filled.names, strict=False):
            value["parameter_name"] = name
        template["components"] = [{"type": "body", "parameters": values}]
    return {"type": "template", "template": template}


def _template(row: Mapping[str, Any]) -> Template | None:
    """None for those with blanks outside the text or with a file: they want more than words in order."""
    parts = [part for part in _list(row.get("components")) if isinstance(part, dict)]
    texts = {str(part.get("type")): str(part.get("text") or "") for part in parts}
    heads = [part for part in parts if part.get("type") == "HEADER"]
    around = [*(texts[name] for name in ("HEADER", "FOOTER") if name in texts), *_words_of_buttons(parts)]
    blanks = [*dict.fromkeys(_BLANK.findall(texts.get("BODY", "")))]
    numbered = {*blanks} == {str(number) for number in range(1, len(blanks) + 1)}
    if (
        row.get("status") != "APPROVED"
        or not texts.get("BODY")
        or any(head.get("format", "TEXT") != "TEXT" for head in heads)
        or any(_BLANK.search(words) for words in around)
        or not (numbered or all(map(str.isidentifier, blanks)))
    ):
        return None
    if not numbered:
        texts["BODY"] = _BLANK.sub(lambda blank: f"{{{{{blanks.index(blank[1]) + 1}}}}}", texts["BODY"])
    text = "\n".join(texts[name] for name in ("HEADER", "BODY", "FOOTER") if texts.get(name))
    names = () if numbered else tuple(blanks)
    return Template(str(row.get("name")), str(row.get("language")), text, len(blanks), names)


def _words_of_buttons(parts: list[dict[str, Any]]) -> list[str]:
    """What stands on the buttons and behind them. A code to copy and a form want a value too, though
    they show no blank."""
    buttons = [each for part in parts for each in _list(part.get("buttons")) if isinstance(each, dict)]
    wanting = [each for each in buttons if each.get("type") in ("COPY_CODE", "FLOW", "OTP")]
    return [*(f"{each.get('text')} {each.get('url')}" for each in buttons), *("{{}}" for _ in wanting)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
