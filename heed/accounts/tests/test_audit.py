"""The audit: only added to, chained, without secrets."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction

from heed.__main__ import main
from heed.accounts import audit
from heed.accounts.audit import SecretInAudit, Wanted
from heed.accounts.models import AuditRow, Brand, User
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def maja() -> User:
    return User.objects.create_user("maja@acme.example", None, role="owner", name="Maja Zupan")


def some(maja: User, count: int = 3) -> None:
    for number in range(count):
        audit.record(maja, "changed", "rule", before=number, after={"šč": [number, None, True]})


def forge(sql: str) -> None:
    """What somebody does who rules over the database."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditrow DISABLE TRIGGER audit_stands")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE accounts_auditrow ENABLE TRIGGER audit_stands")


def test_a_row_says_who_did_what_from_where(maja: User) -> None:
    brand = Brand.objects.create(name="Acme")
    audit.came_from(lambda: "192.0.2.7")
    try:
        audit.record(maja, "renamed", brand, before="Acmé")
    finally:
        audit.came_from(str)
    row = AuditRow.objects.get()
    assert (row.actor, row.actor_name, row.what) == (maja.pk, "Maja Zupan", "renamed")
    assert (row.kind, row.target, row.target_name) == ("brand", str(brand.pk), "Acme")
    assert (row.facts, row.ip) == ({"before": "Acmé"}, "192.0.2.7")


@pytest.mark.parametrize("name", ["password", "client_secret", "api_token", "credentials"])
def test_secrets_are_refused(maja: User, name: str) -> None:
    with pytest.raises(SecretInAudit):
        audit.record(maja, "changed", "account", **{name: "x"})


def test_whatever_is_told_fits(maja: User) -> None:
    audit.record(maja, "changed", "rule", text="a\0" * 5000, what_else=object(), share=0.5)
    audit.seal()
    assert audit.verify().broken is None
    assert len(AuditRow.objects.get().facts["text"]) == 500


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_auditrow SET actor_name = 'Oto'",
        "UPDATE accounts_auditrow SET digest = ''",
        "UPDATE accounts_auditrow SET seq = seq + 7, digest = 'x'",
        "DELETE FROM accounts_auditrow",
        "INSERT INTO accounts_auditrow"
        " (at, actor_name, what, kind, target, target_name, facts, ip, seq, digest)"
        " VALUES (now(), '', 'x', '', '', '', '{}', '', 99, 'x')",
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_the_database_refuses_to_change_it(maja: User, sql: str, sealed: bool) -> None:
    some(maja)
    if sealed:
        audit.seal()
    elif "seq + 7" in sql or "digest = ''" in sql:
        sql = "UPDATE accounts_auditrow SET seq = id, digest = 'x', what = 'nothing'"
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        connection.cursor().execute(sql)
    assert AuditRow.objects.count() == 3


def test_it_is_not_emptied(maja: User) -> None:
    some(maja)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditrow ENABLE TRIGGER audit_is_not_emptied")
        with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
            cursor.execute("TRUNCATE accounts_auditrow")
        cursor.execute("ALTER TABLE accounts_auditrow DISABLE TRIGGER audit_is_not_emptied")


def test_sealed_in_order_without_gaps(maja: User) -> None:
    some(maja, 3)
    assert audit.verify().waiting == 3
    assert audit.seal() == 3
    some(maja, 2)
    assert audit.seal() == 2
    assert audit.seal() == 0
    verdict = audit.verify()
    assert (verdict.rows, verdict.waiting, verdict.broken) == (5, 0, None)
    assert list(AuditRow.objects.order_by("id").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("UPDATE accounts_auditrow SET actor_name = 'Oto' WHERE seq = 3", 3),
        ("UPDATE accounts_auditrow SET facts = '{}' WHERE seq = 1", 1),
        ("UPDATE accounts_auditrow SET at = at - interval '1 microsecond' WHERE seq = 5", 5),
        ("UPDATE accounts_auditrow SET digest = repeat('0', 64) WHERE seq = 2", 2),
        ("DELETE FROM accounts_auditrow WHERE seq = 4", 4),
        ("DELETE FROM accounts_auditrow WHERE seq = 1", 1),
    ],
)
def test_the_first_broken_row_is_named(maja: User, sql: str, broken: int) -> None:
    some(maja, 6)
    audit.seal()
    forge(sql)
    assert audit.verify().broken == broken


def test_the_command_says_whether_the_chain_is_whole(
    maja: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def verified(*more: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["heed", "audit", "verify", *more])
        return main(), capsys.readouterr().out.strip()

    monkeypatch.setenv("PGAPPNAME", "")
    assert verified() == (0, "0 rows, all whole. The last digest is none yet.")
    some(maja, 3)
    audit.seal()
    head = audit.verify().head
    some(maja, 2)
    whole = f"3 rows, all whole. 2 rows wait to be sealed. The last digest is {head}."
    assert verified() == verified("--head", head) == (0, whole)
    forge("UPDATE accounts_auditrow SET actor_name = 'Oto' WHERE seq = 3")
    code, told = verified()
    assert code == 1
    assert told.startswith("Broken at row 3: ")
    assert told.endswith("2 rows before it are whole. 2 rows wait to be sealed.")


def test_rows_cut_off_at_the_end_show_against_a_digest_one_kept(maja: User) -> None:
    some(maja, 6)
    audit.seal()
    head = audit.verify().head
    some(maja, 1)
    audit.seal()
    assert audit.verify(head).broken is None
    forge("DELETE FROM accounts_auditrow WHERE seq > 5")
    assert audit.verify().broken is None
    assert audit.verify(head).broken == 6


def test_looking_twice_is_one_visit(maja: User) -> None:
    brand = Brand.objects.create(name="Acme")
    audit.opened(maja, brand, "#41")
    audit.opened(maja, brand, "#41")
    assert list(AuditRow.objects.values_list("what", "kind", "target_name")) == [("opened", "brand", "#41")]
    with clock.moved(audit.VISIT + timedelta(seconds=1)):
        audit.opened(maja, brand, "#41")
    assert AuditRow.objects.count() == 2
    audit.seal()
    assert audit.verify().broken is None


def test_looking_takes_no_safety_from_what_is_done_with_it(maja: User) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        audit.opened(maja, Brand.objects.create(name="Acme"))
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


def test_one_finds_what_one_looks_for_page_by_page(maja: User) -> None:
    ivo = User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
    some(maja, 5)
    some(ivo, 4)
    audit.record(ivo, "made", "tag")
    assert [len(batch) for batch in audit.all_rows(Wanted(actor=ivo.pk))] == [5]
    assert len(audit.rows(Wanted(kind="tag"))) == 1
    assert len(audit.rows(Wanted(what="changed", until=clock.now()))) == 9
    assert not audit.rows(Wanted(since=clock.now() + timedelta(hours=1)))
    first = audit.rows(Wanted(), limit=6)
    rest = audit.rows(Wanted(), before=first[-1].pk, limit=6)
    assert len(first) + len(rest) == 10
    assert first[-1].pk > rest[0].pk


@pytest.mark.django_db(transaction=True)
def test_many_write_and_several_seal_at_once(maja: User) -> None:
    def write() -> None:
        try:
            some(maja, 40)
        finally:
            connections.close_all()

    def seal() -> None:
        try:
            for _ in range(30):
                audit.seal()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=each) for each in (write, seal, write, seal, write, seal)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    while audit.seal():
        pass
    verdict = audit.verify()
    assert (verdict.rows, verdict.waiting, verdict.broken) == (120, 0, None)


def test_a_setting_tells_what_of_it_is_another_now(maja: User) -> None:
    audit.kept(maja, "team", {}, {"name": "Zips", "way": "pull", "people": []})
    audit.kept(maja, "team", {"name": "Zips", "way": "pull"}, {"name": "Zips", "way": "turns"})
    audit.kept(maja, "team", {"name": "Zips"}, {"name": "Zips"})
    made, changed = AuditRow.objects.order_by("id")
    assert (made.what, made.facts) == ("made", {"after": {"name": "Zips", "way": "pull"}})
    assert (changed.what, changed.facts) == (
        "changed",
        {"before": {"way": "pull"}, "after": {"way": "turns"}},
    )
