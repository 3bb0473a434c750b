"""The approved templates, and how one is filled in."""

from __future__ import annotations

import re
from typing import Any

from heed.sandbox.meta.errors import Refused

_BLANK = re.compile(r"{{(\w+)}}")
TEMPLATES: list[dict[str, Any]] = [
    {
        "id": "1",
        "name": "order_update",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way."},
            {"type": "FOOTER", "text": "Acme"},
        ],
    },
    {
        "id": "2",
        "name": "we_are_back",
        "language": "sl",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Spet smo tu. Vam lahko pomagamo?"}],
    },
    {
        "id": "3",
        "name": "invoice",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "DOCUMENT"},
            {"type": "BODY", "text": "Your invoice, {{1}}."},
        ],
    },
    {
        "id": "4",
        "name": "sale",
        "language": "en",
        "status": "PENDING",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Boots are cheaper."}],
    },
    {
        "id": "5",
        "name": "visit",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": "Hello {{first_name}}, we see you on {{day}}."}],
    },
]


def filled_in(content: dict[str, Any]) -> str:
    """The text of a template with its blanks filled. Raises `Refused`."""
    language = content.get("language")
    code = language.get("code") if isinstance(language, dict) else ""
    known = [each for each in TEMPLATES if (each["name"], each["language"]) == (content.get("name"), code)]
    if not known or known[0]["status"] != "APPROVED":
        raise Refused(132001, "Template name does not exist in the translation", status=404)
    texts = {part["type"]: str(part.get("text", "")) for part in known[0]["components"]}
    given = [part for part in content.get("components", ()) if part.get("type") == "body"]
    rows = [each for part in given for each in part.get("parameters", ())]
    values = {
        str(each.get("parameter_name", place)): str(each.get("text", ""))
        for place, each in enumerate(rows, 1)
    }
    if values.keys() != set(_BLANK.findall(texts["BODY"])) or not all(values.values()):
        raise Refused(132000, "Number of parameters does not match the expected number of params")
    texts["BODY"] = _BLANK.sub(lambda blank: values[blank[1]], texts["BODY"])
    return "\n".join(texts[name] for name in ("HEADER", "BODY", "FOOTER") if texts.get(name))
