"""The condition language: what is understood, and that lists and rules give the same verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.accounts.models import Brand, Membership, Team, User
from heed.channels.models import Account
from heed.inbox.conditions import BadCondition, Facts, parse, with_tag_renamed
from heed.inbox.conditions.tree import And, Everything, Not, Or, Term, Words
from heed.inbox.models import (
    Attachment,
    Customer,
    Field,
    Identity,
    Message,
    Notice,
    Tag,
    Ticket,
)
from heed.inbox.search import index_everything
from heed.tests.examples import examples

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_sides_are_joined_and_and_binds_more_tightly_than_or() -> None:
    tree = parse("is:open zip OR (is:spam -heel)").tree
    assert isinstance(tree, Or)
    assert [type(part) for part in tree.parts] == [And, And]
    right = tree.parts[1]
    assert isinstance(right, And)
    assert isinstance(right.parts[1], Not)
    assert parse("a AND b").tree == parse("a b").tree
    assert parse("NOT a").tree == parse("-a").tree
    assert parse("  ").tree == Everything()


def test_lower_case_joiners_are_words() -> None:
    tree = parse("either or both").tree
    assert isinstance(tree, And)
    assert all(isinstance(part, Words) for part in tree.parts)


def test_lists_quotes_and_colons() -> None:
    tag = parse('tag:zip,"worn heel"').tree
    assert isinstance(tag, Term)
    assert [value.text for value in tag.values] == ["zip", "worn heel"]
    assert isinstance(parse("https://acme.example/a").tree, Words)
    assert isinstance(parse("10:30").tree, Words)
    assert parse("network:x").tree == Term("from", parse("network:x").tree.values, 0)  # type: ignore[union-attr]
    assert parse("„pokvarjena zadrga“".replace("“", "“")).words[0].phrase.words == (
        ("pokvarjena", 1),
        ("zadrga", 2),
    )


@pytest.mark.parametrize(
    ("text", "position", "word", "suggestion"),
    [
        ("zip tga:x", 4, "tga:", "tag:"),
        ("is:unanswerd", 3, "unanswerd", "unanswered"),
        ("from:instagran", 5, "instagran", "instagram"),
        ("status:opne", 7, "opne", "open"),
        ("waiting:2h", 8, "2h", ">2h"),
        ("created:2026-13", 8, "2026-13", ""),
        ("created:soon", 8, "soon", ""),
        ("(zip", 0, "(", ""),
        ("zip)", 3, ")", ""),
        ("zip OR", 5, "", ""),
        ("OR zip", 0, "OR", ""),
        ('"zip', 0, '"zip', '"zip"'),
        ("tag:", 0, "tag:", ""),
        ("!!!", 0, "!!!", ""),
        ("priority:>hihg", 9, ">hihg", "high"),
        ("has:imag", 4, "imag", "image"),
        ("lang:slovenščina", 5, "slovenščina", ""),
        ("(" * 30 + "a" + ")" * 30, 21, "(", ""),
    ],
)
def test_a_mistake_is_pointed_at(text: str, position: int, word: str, suggestion: str) -> None:
    with pytest.raises(BadCondition) as caught:
        parse(text)
    assert (caught.value.position, caught.value.word) == (position, word)
    assert caught.value.suggestion == suggestion
    assert caught.value.sentence


@pytest.mark.parametrize("text", ["a " * 1001, " ".join(["a"] * 61), "tag:\0", "group:\ud800"])
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        parse(text)


@given(st.text(max_size=40) | st.text('-()":,<>.#@ aORNDTis:tagzip', max_size=40))
def test_nothing_typed_breaks_it(text: str) -> None:
    for unfinished in (False, True):
        assert 0 <= _mistake(text, unfinished) <= len(text)


def _mistake(text: str, unfinished: bool) -> int:
    try:
        parse(text, unfinished=unfinished)
    except BadCondition as error:
        return error.position
    return 0


@dataclass
class Desk:
    """Somebody's desk with everything a condition can name."""

    ana: User
    ivo: User
    accounts: list[Account]
    teams: list[Team]


@pytest.fixture
def desk(account: Account, ana: User, ivo: User) -> Desk:
    brand = Brand.objects.create(name="Acme Outdoor")
    other = Account.objects.create(
        network="rubber", name="Čevlji", handle="@cevlji", external_id="2", base_url="http://127.0.0.1:1"
    )
    other.brand = brand
    other.save()
    teams = [Team.objects.create(name="Returns"), Team.objects.create(name="Care")]
    Membership.objects.create(team=teams[0], user=ana)
    for name in ("zip", "worn heel", "أحذية"):
        Tag.objects.create(name=name)
    Field.objects.create(key="size", title="Size", kind="number")
    Field.objects.create(key="colour", title="Colour", kind="text")
    Field.objects.create(key="bought", title="Bought", kind="date")
    Field.objects.create(key="gift", title="Gift", kind="yes_no")
    return Desk(ana, ivo, [account, other], teams)


def _ticket(desk: Desk, facts: dict[str, Any]) -> Ticket:
    account = desk.accounts[facts["account"]]
    customer = Customer.objects.create(name=facts["name"], group=facts["group"])
    number = Identity.objects.count()
    identity = Identity.objects.create(
        account=account,
        customer=customer,
        external_id=f"p{number}",
        name=facts["name"],
        handle=facts["handle"],
        blocked=facts["blocked"],
    )
    assignee = [None, desk.ana, desk.ivo][facts["assignee"]]
    ticket = Ticket.objects.create(
        account=account,
        identity=identity,
        customer=customer,
        kind=facts["kind"],
        status=facts["status"],
        running=False,
        unanswered=facts["unanswered"],
        waiting_since=_ago(facts["waiting"]),
        assignee=assignee,
        team=[None, *desk.teams][facts["team"]],
        priority=facts["priority"],
        tags=sorted(facts["tags"]),
        fields=facts["fields"],
        language=facts["language"],
        spam=facts["spam"],
        snoozed_until=_ago(facts["snoozed"]),
        due_at=_ago(facts["due"]),
        subject=facts["subject"],
        opened_at=_ago(facts["opened"]) or NOW,
        last_at=_ago(facts["last"]) or NOW,
    )
    for visibility, author, text, file in facts["said"]:
        message = Message.objects.create(
            account=account,
            ticket=ticket,
            direction="out" if author else "in",
            visibility=visibility,
            text=text,
            author=[None, desk.ana, desk.ivo, None, None][author],
            origin="rule" if author == 3 else "",
            automatic=author == 4,
        )
        if file:
            Attachment.objects.create(message=message, kind=file)
    if facts["mentioned"]:
        Notice.objects.create(user=desk.ana, kind="mentioned", ticket=ticket)
    return ticket


def _ago(hours: float | None) -> datetime | None:
    return None if hours is None else NOW - timedelta(hours=hours)


_WORDS = (
    "broken",
    "zip",
    "Zadrga",
    "čevlji",
    "الحذاء",
    "гутал",
    "Үнэ",
    "拉链坏了",
    "坏",
    "ACME-2041",
    "2041",
)
_TEXT = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5).map(" ".join)
_HOURS = st.none() | st.sampled_from([-50.0, -1.0, 0.5, 2.0, 3.0, 30.0, 500.0])
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from([38, 40, 41.5, "40", None, True]),
        "colour": st.sampled_from(["Red", "red", "blue", 7, None]),
        "bought": st.sampled_from(["2026-11-03", "2026-12-01", "soon", 3, None]),
        "gift": st.sampled_from([True, False, None]),
    },
)
_TICKETS = st.fixed_dictionaries(
    {
        "account": st.integers(0, 1),
        "name": st.sampled_from(["Lea Marn", "Omar Badr", "Tuya Bold", ""]),
        "handle": st.sampled_from(["@lea.marn", "bot", ""]),
        "group": st.sampled_from(["", "wholesale", "Wholesale"]),
        "blocked": st.booleans(),
        "assignee": st.integers(0, 2),
        "team": st.integers(0, 2),
        "kind": st.sampled_from(["public", "private"]),
        "status": st.sampled_from(["new", "open", "pending", "hold", "solved"]),
        "unanswered": st.booleans(),
        "waiting": _HOURS,
        "priority": st.integers(1, 4),
        "tags": st.sets(st.sampled_from(["zip", "worn heel", "أحذية"])),
        "fields": _FIELDS,
        "language": st.sampled_from(["", "sl", "ar"]),
        "spam": st.booleans(),
        "snoozed": _HOURS,
        "due": _HOURS,
        "subject": st.sampled_from(["", "Broken zip", "гутал"]),
        "opened": _HOURS,
        "last": _HOURS,
        "mentioned": st.booleans(),
        "said": st.lists(
            st.tuples(
                st.sampled_from(["public", "private", "note"]),
                st.integers(0, 4),
                _TEXT,
                st.sampled_from(["", "", "image", "file"]),
            ),
            min_size=1,
            max_size=3,
        ),
    }
)
_TIMES = st.sampled_from(
    [
        *(">2h", ">=2h", "<2h", "<=3d", "1h..3d", "2h..", "..2h", "2026", "2026-11", "2026-11-22"),
        *(">2026-11-21", "<=2026-11-22", "2026-11..2026-12", "2026-11-22..", "..2026-11-20", "today"),
        *("yesterday", "none", "2026-11-22T10:00", ">=today"),
    ]
)


def _of(name: str, *values: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2).map(
        lambda some: f"{name}:{','.join(some)}"
    )


_LEAVES = st.one_of(
    _of(
        "is",
        *("unanswered", "answered", "open", "solved", "snoozed", "overdue", "assigned", "unassigned", "mine"),
        *("mentioned", "public", "urgent", "spam", "blocked", "merged", "hold", "new", "pending", "private"),
    ),
    _of("from", "instagram", "x"),
    _of("account", "Acme", "cevlji", "nobodys"),
    _of("brand", '"acme outdoor"', "other"),
    _of("team", "returns", "Care", "none", "gone"),
    _of("assignee", "me", "nobody", "ivo", '"Ana Kovač"', "ana@acme.example", "nobodyelse"),
    _of("author", "me", "@bot", "lea", "ivo"),
    _of("customer", "lea", '"omar badr"', "@lea.marn", "tu*"),
    _of("group", "wholesale", "none"),
    _of("tag", "zip", '"worn heel"', "none", "unheard", "wo*"),
    _of("status", "new", "solved", "hold"),
    _of("priority", "low", ">normal", ">=high", "<high", "<=low"),
    _of("kind", "public"),
    _of("lang", "sl", "unknown"),
    _of("has", "attachment", "image", "video", "note", "tag", "due"),
    _of("in", "note", "subject"),
    _of("field", "size:40", "size:>38", "size:<=40", "size:38..40", "size", "colour:red", "colour"),
    _of("field", "bought:2026-11", "bought:>2026-11", "gift:yes", "gift:no", "unknown:3", "unknown"),
    st.sampled_from(["waiting", "due", "created", "updated", "solved", "snoozed", "closes"]).flatmap(
        lambda name: _TIMES.map(lambda when: f"{name}:{when}")
    ),
    st.sampled_from(
        ["zip", "zi", "BROKEN", "cevlji", "حذاء", "унэ", "拉链", "坏", "坏了", "acme-2041", "zadr*"]
    ),
    st.sampled_from(
        ['"broken zip"', '"zip broken zip"', '"拉链坏了"', "acme2041", "2041", "leamarn", "xyzzy"]
    ),
    st.just("#1"),
)
_CONDITIONS = st.recursive(
    _LEAVES,
    lambda inner: (
        inner.map(lambda one: f"-({one})")
        | st.tuples(inner, st.sampled_from([" ", " OR ", " AND "]), inner).map(
            lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
        )
    ),
    max_leaves=5,
)


def test_a_bot_is_whatever_wrote_and_is_nobody(desk: Desk) -> None:
    plain = {"account": 0, "name": "Bot", "group": "", "handle": "bot", "blocked": False, "assignee": 0}
    plain |= {"kind": "private", "status": "new", "unanswered": True, "priority": 2, "team": 0, "subject": ""}
    plain |= dict.fromkeys(("waiting", "snoozed", "due", "opened", "last")) | {"tags": [], "fields": {}}
    plain |= {"language": "", "spam": False, "mentioned": False}
    customers, anas, rules, machines = (
        _ticket(desk, plain | {"said": [("private", author, "words", "")]}) for author in (0, 1, 3, 4)
    )
    assert {*Ticket.objects.filter(parse("author:@bot").q())} == {rules, machines}
    assert {*Ticket.objects.filter(parse("-author:bot").q())} == {customers, anas}


@settings(max_examples=examples(30))
@given(
    tickets=st.lists(_TICKETS, min_size=1, max_size=4),
    conditions=st.lists(_CONDITIONS, min_size=8, max_size=20),
)
def test_lists_and_rules_agree(desk: Desk, tickets: list[dict[str, Any]], conditions: list[str]) -> None:
    """Whether a ticket fits is the same asked of the database and of the ticket in memory."""
    made = [_ticket(desk, facts).pk for facts in tickets]
    index_everything()
    rows = {row.pk: Facts(row, desk.ana.pk, NOW) for row in Ticket.objects.filter(pk__in=made)}
    with timezone.override(ZoneInfo("Asia/Ulaanbaatar")):
        for text in conditions:
            condition = parse(text)
            found = set(Ticket.objects.filter(condition.q(desk.ana, now=NOW)).values_list("pk", flat=True))
            test = condition.test(desk.ana, NOW)
            for row, facts in rows.items():
                assert test.holds(facts) == (row in found), (text, row)
            row, facts = next(iter(rows.items()))
            assert condition.holds(facts.ticket, desk.ana, NOW) == (row in found), (text, row)
    Ticket.objects.all().delete()


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("tag:zipper", 'tag:"broken zip"'),
        ('is:open (tag:heel,"Zipper" OR -tag:zipper) zipper', None),
        ("tag:zip*", "tag:zip*"),
        ("tag:žipper", 'tag:žipper,"broken zip"'),
        ("tag:none zipper team:zipper", "tag:none zipper team:zipper"),
        ("tag:zipper nothing:here", "tag:zipper nothing:here"),
    ],
)
def test_a_tags_new_name_is_written_where_it_is_named(text: str, becomes: str | None) -> None:
    expected = becomes or 'is:open (tag:heel,"broken zip" OR -tag:"broken zip") zipper'
    assert with_tag_renamed(text, "zipper", "broken zip") == expected
    parse(with_tag_renamed("is:open tag:a,zipper", "zipper", "broken zip"))


@pytest.mark.parametrize("text", ["nan", "inf", "-inf..", "1e200000", ">1e-200000", "..0e99999", "1e15"])
def test_a_number_that_no_field_can_hold_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(BadCondition):
        parse(f"field:size:{text}").q(desk.ana)


def test_a_tag_called_none_cannot_be_asked_for() -> None:
    assert with_tag_renamed("tag:zipper", "zipper", "none") == "tag:zipper"
