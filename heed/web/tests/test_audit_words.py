"""Everything that is recorded is told as a whole sentence, in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils.translation import override

import heed
from heed.accounts.audit import DEEDS, THINGS
from heed.accounts.models import AuditRow
from heed.web.audit_words import SENTENCES, sentence

ROOM = Path(heed.__file__).parent
LANGUAGES = ("en", "sl", "ar", "mn")

KINDS = {
    "account": "account",
    "brand": "brand",
    "delivery": "delivery",
    "field": "field",
    "invitation": "invitation",
    "made": "apitoken",
    "own": "ownrole",
    "person": "user",
    "question": "followupquestion",
    "rule": "rule",
    "schedule": "schedule",
    "skill": "skill",
    "someone": "user",
    "tag": "tag",
    "team": "team",
    "token": "apitoken",
    "user": "user",
    "view": "savedview",
    "tried or 'user'": "user",
    "Ticket(pk=ticket)": "ticket",
    "library/verbs.py: found": "text",
    "web/views/people.py: found": "user",
    "routing/automatic.py: row": "automaticmessage",
    "routing/keeping.py: row": "skill",
    "routing/promises/policies.py: policy": "policy",
    "accounts/policy.py: policy": "signinpolicy",
}
"""Of what kind the things are that the rooms record, by the name they have there."""

TOLD: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("sign_in_failed", "user"): [{"step": "second factor"}, {"step": "company"}],
    ("role_given", "user"): [{"role": "Agent", "where": "Acme"}],
    ("role_taken", "user"): [{"role": "Agent", "where": "Acme"}],
    ("joined", "user"): [{"role": "Agent"}],
    ("invited", "invitation"): [{"role": "Agent", "where": "Acme"}],
    ("changed", "signinpolicy"): [{"part": each} for each in ("passwords", "second factor", "company")],
    ("token_removed", "apitoken"): [{"of": "Maja Zupan"}],
    ("changed", "account"): [
        {"before": {"name": "Acme"}, "after": {"name": "Acme Kids"}},
        {"before": {"brand": "Acme"}, "after": {"brand": ""}},
        {"before": {"brand": ""}, "after": {"brand": "Acme"}},
        {"before": {"after_solved": "reopen"}, "after": {"after_solved": "new"}},
    ],
    ("renamed", "brand"): [{"before": "Acme"}],
    ("changed", "team"): [{"archived": False}],
    ("changed", "rule"): [{"position": 1}],
    ("changed", "policy"): [{"position": 1}],
    ("changed", "savedview"): [{"position": ["Mine", "Yours"]}],
    ("changed", "field"): [{"position": 1}, {"archived": True}, {"archived": False}],
    ("changed", "tag"): [{"name": "laces"}],
    **{
        (what, "guideline"): [{"place": "desk"}, {"place": "Acme"}, {"account": 3}]
        for what in ("made", "changed", "removed")
    },
    **{
        (what, "automaticmessage"): [{"kind": "away", "account": each} for each in ("", "Acme")]
        for what in ("made", "changed", "removed")
    },
    **{(what, "followupquestion"): [{"account": "Acme"}] for what in ("made", "changed", "removed")},
}
"""What such rows tell besides, where that chooses the sentence."""


def recorded() -> Iterator[tuple[str, str, str]]:
    """Where something is recorded, what is done and to what kind of thing."""
    for path in sorted(ROOM.rglob("*.py")):
        where = str(path.relative_to(ROOM))
        if "tests" in path.parts or where == "accounts/audit.py":
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _verb(call):
                for what, target in _deeds(call):
                    yield f"{where}:{call.lineno}", what, _kind(where, target)


def _verb(call: ast.Call) -> str:
    """`record`, `kept` or `opened`, where it is the audit's."""
    verb = call.func
    if not (
        isinstance(verb, ast.Attribute) and isinstance(verb.value, ast.Name) and verb.value.id == "audit"
    ):
        return ""
    return verb.attr if verb.attr in ("record", "kept", "opened") else ""


def _deeds(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    match _verb(call):
        case "kept":
            yield from (("made", call.args[1]), ("changed", call.args[1]))
        case "opened":
            yield "opened", call.args[1]
        case _:
            said = [each.value for each in ast.walk(call.args[1]) if isinstance(each, ast.Constant)]
            assert said, f"what is recorded is not written out: {ast.unparse(call)}"
            yield from ((str(each), call.args[2]) for each in said)


def _kind(where: str, target: ast.expr) -> str:
    if isinstance(target, ast.Constant):
        return str(target.value)
    name = ast.unparse(target)
    kind = KINDS.get(f"{where}: {name}") or KINDS.get(name)
    assert kind, f"{where} records {name!r}: add to KINDS what it is"
    return kind


def row(what: str, kind: str, **more: Any) -> AuditRow:
    known = {"actor": 7, "actor_name": "Ana Kovač", "target": "8", "target_name": "Zips", "facts": {}}
    return cast(AuditRow, SimpleNamespace(what=what, kind=kind, **(known | more)))


def test_all_that_is_recorded_has_its_sentence_and_its_word_in_the_filter() -> None:
    found = list(recorded())
    assert len(found) > 60
    assert [each for each in found if each[1:] not in SENTENCES] == []
    assert [each for each in found if each[1] not in DEEDS or each[2] not in THINGS] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_stands_in_every_language(language: str) -> None:
    seen: dict[str, str] = {}
    for what, kind in SENTENCES:
        ways: list[dict[str, Any]] = [
            {},
            {"target": "7"},
            {"target": "", "target_name": ""},
            *({"facts": facts} for facts in TOLD.get((what, kind), ())),
        ]
        for more in ways:
            each = row(what, kind, **more)
            with override("en"):
                english = str(sentence(each, {3: "Acme"}))
            with override(language):
                said = str(sentence(each, {3: "Acme"}))
            assert "{" not in said
            if language != "en":
                assert said != english
            if what != "sign_in_failed":
                assert "Ana Kovač" in said
            seen[english] = said
    assert len(set(seen.values())) == len(seen), "two different deeds read the same"


def test_the_sentence_names_who_did_what_to_what() -> None:
    def said(what: str, kind: str, **more: Any) -> str:
        return str(sentence(row(what, kind, **more))).replace('<bdi class="name">', "").replace("</bdi>", "")

    facts = {"role": "Agent", "where": "Acme"}
    with override("en"):
        assert said("made", "team") == "Ana Kovač made the team Zips"
        assert said("role_given", "user", facts=facts) == "Ana Kovač gave Zips the role Agent for Acme"
        assert said("password_changed", "user", target="7") == "Ana Kovač changed their password"
        assert said("removed", "text") == "Ana Kovač removed the quick text /Zips"
    with override("sl"):
        assert said("made", "team") == "Ana Kovač je ustvaril(a) ekipo Zips"
        assert said("joined", "user", facts=facts) == "Ana Kovač se je pridružil(a) z vlogo Agent"
    with override("ar"):
        assert said("made", "team") == "تم إنشاء الفريق Zips بواسطة Ana Kovač"
    with override("mn"):
        assert said("made", "team") == "Ana Kovač нь Zips багийг үүсгэсэн"


def test_what_people_wrote_is_text_and_what_nobody_knows_is_told_too() -> None:
    with override("en"):
        assert "<b>" not in sentence(row("made", "tag", target_name="<b>"))
        told = sentence(row("sung", "song", target_name="Oj"))
    assert "Ana Kovač" in told
    assert "sung" in told
