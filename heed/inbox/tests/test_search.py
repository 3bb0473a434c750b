"""Search: in any script, in everything a person may see, and what was said a moment ago."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import Grant, User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import BadCondition, parse
from heed.inbox.models import Customer, Identity, Message, Ticket, TicketWords, WordsToWrite
from heed.inbox.search import finding, index, index_everything, lexicon
from heed.lib import clock


class Said:
    """Makes tickets in which somebody said something."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def __call__(
        self, *texts: str, name: str = "Lea Marn", handle: str = "@lea.marn", **facts: Any
    ) -> Ticket:
        customer = Customer.objects.create(name=name)
        number = f"p{Identity.objects.count()}"
        identity = Identity.objects.create(
            account=self.account, customer=customer, external_id=number, name=name, handle=handle
        )
        facts = {"kind": "private", "account": self.account} | facts
        ticket = Ticket.objects.create(identity=identity, customer=customer, **facts)
        for text in texts:
            self.more(ticket, text)
        return ticket

    def more(self, ticket: Ticket, text: str, visibility: str = "private") -> Message:
        return Message.objects.create(
            account=ticket.account, ticket=ticket, direction="in", visibility=visibility, text=text
        )


@pytest.fixture
def said(account: Account) -> Said:
    return Said(account)


def _found(user: User, text: str, **asked: Any) -> list[int]:
    index_everything()
    return [row.pk for row in finding.find(user, text, **asked).page.items]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("The ZIP is broken", "zip"),
        ("The zipper is broken", "zi"),
        ("The zipper is broken", "bro"),
        ("Čevlji so premajhni", "cevlji"),
        ("cevlji so premajhni", "Čevlji"),
        ("Straße 5", "strasse"),
        ("أين الحذاء؟", "حذاء"),
        ("أُرسل إلى القاهرة", "الى"),
        ("مكتبـــة", "مكتبه"),
        ("رقم ١٢٣٤", "1234"),
        ("Өчигдөр үзсэн", "очигдор"),
        ("Очигдор узсэн", "өчигдөр"),
        ("拉链坏了", "坏了"),
        ("拉链坏了", "链坏"),
        ("拉链坏了", "鞋 OR 了"),
        ("拉链坏了", "拉"),
        ("order ACME-2041 please", "acme-2041"),
        ("order ACME-2041 please", "2041"),
        ("order ACME2041 please", "acme2041"),
        ("order ACME-2041 please", "acme2041"),
        ("ask @jan.sever", "@jan.sever"),
        ("ask @jan.sever", "jansever"),
        ("靴が届かない", "届か"),
        ("I can’t find it", "can't"),
        ("anything", "lea.marn"),
        ("anything", "@lea.marn"),
        ("anything", "Marn"),
        ("anything", '"lea marn"'),
    ],
)
def test_words_are_found_however_they_are_typed(said: Said, ana: User, text: str, asked: str) -> None:
    wanted = said(text)
    said("something else", name="Omar Badr", handle="")
    assert _found(ana, asked) == [wanted.pk]


def test_phrases_do_not_reach_from_one_message_into_the_next(said: Said, ana: User) -> None:
    one = said("it is broken", "zip please")
    two = said("a broken zip")
    assert _found(ana, '"broken zip"') == [two.pk]
    assert set(_found(ana, "broken zip")) == {one.pk, two.pk}


def test_subjects_tags_notes_and_where_a_word_stands(said: Said, ana: User) -> None:
    subject = said("hello", subject="A torn lace")
    tagged = said("hello", tags=["lace"])
    noted = said("hello")
    said.more(noted, "he means the lace", "note")
    told = said("the lace")
    assert set(_found(ana, "lace")) == {subject.pk, tagged.pk, noted.pk, told.pk}
    assert _found(ana, "in:note lace") == [noted.pk]
    assert _found(ana, "in:subject lace") == [subject.pk]
    assert set(_found(ana, "lace -in:note")) == {subject.pk, tagged.pk, told.pk}


def test_only_what_somebody_may_see_is_found(said: Said, ana: User, account: Account) -> None:
    mine = said("zip")
    other = Account.objects.create(
        network="rubber", name="Two", external_id="2", base_url="http://127.0.0.1:1"
    )
    theirs = said("zip", account=other)
    said.more(theirs, "zip", "note")
    jan = User.objects.create_user("jan@acme.example", role="", name="Jan")
    Grant.objects.create(user=jan, role="agent", account=account.pk)
    assert _found(jan, "zip") == [mine.pk]
    assert _found(jan, f"#{theirs.pk}") == []
    assert _found(jan, "in:note zip") == []
    assert set(_found(ana, "zip")) == {mine.pk, theirs.pk}
    with pytest.raises(BadCondition):
        finding.find(jan, "account:Two")
    with pytest.raises(reach.NotAllowed):
        finding.find(User.objects.create_user("x@acme.example", role="", name="X"), "zip")


def test_a_number_comes_first(said: Said, ana: User) -> None:
    wanted = said("hello")
    mentions = said(f"see {wanted.pk}")
    assert _found(ana, f"#{wanted.pk}") == [wanted.pk]
    assert _found(ana, str(wanted.pk)) == [wanted.pk, mentions.pk]
    assert _found(ana, f"#{mentions.pk + 100}") == []


def test_what_is_said_later_is_added_and_what_is_taken_back_goes(said: Said, ana: User) -> None:
    ticket = said("the zip")
    index_everything()
    heel = said.more(ticket, "and the heel")
    assert _found(ana, "zip heel") == [ticket.pk]
    Message.objects.filter(pk=heel.pk).update(removed_at=clock.now())
    assert _found(ana, "heel") == []
    Message.objects.filter(ticket=ticket).update(text="the lace")
    assert _found(ana, "zip") == []
    Identity.objects.filter(pk=ticket.identity_id).update(handle="@newname")
    assert _found(ana, "newname lace") == [ticket.pk]
    Customer.objects.filter(pk=ticket.customer_id).update(name="Tuya Bold")
    assert _found(ana, "tuya") == [ticket.pk]
    Ticket.objects.filter(pk=ticket.pk).update(tags=["gift"])
    assert _found(ana, "gift") == [ticket.pk]


def test_a_message_that_moves_takes_its_words_along(said: Said, ana: User) -> None:
    one, two = said("the zip"), said("the heel")
    index_everything()
    Message.objects.filter(ticket=one).update(ticket=two)
    assert _found(ana, "zip") == [two.pk]


def test_a_new_message_adds_only_its_own_words(
    said: Said, ana: User, django_assert_max_num_queries: Any
) -> None:
    ticket = said("the zip")
    index_everything()
    before = TicketWords.objects.get(pk=ticket.pk).words
    Message.objects.filter(ticket=ticket).update(kind="x")
    assert not WordsToWrite.objects.exists()
    said.more(ticket, "heel")
    assert index.write_waiting() == 1
    after = TicketWords.objects.get(pk=ticket.pk).words
    assert after.startswith(before.split()[0]) or set(before.split()) < set(after.split())
    assert not WordsToWrite.objects.exists()


def test_words_from_before_wait_until_nothing_newer_does(said: Said) -> None:
    old, new = said("old"), said("new")
    WordsToWrite.objects.all().delete()
    WordsToWrite.objects.create(ticket=old, later=True)
    WordsToWrite.objects.create(ticket=new)
    index.write_waiting(1)
    assert list(TicketWords.objects.values_list("pk", flat=True)) == [new.pk]
    index_everything()
    assert TicketWords.objects.count() == 2


def test_a_ticket_that_cannot_be_written_holds_up_no_other(
    said: Said, ana: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, unwritable = lexicon.phrase("badly"), said("badly zip")
    fine = said("zip")
    real = lexicon.Lexicon.tsvector
    monkeypatch.setattr(
        lexicon.Lexicon, "tsvector", lambda each: "''" if bad and each.holds(bad) else real(each)
    )
    assert _found(ana, "zip") == [fine.pk]
    assert not WordsToWrite.objects.exists()
    assert f"ticket {unwritable.pk} is left out" in caplog.text


def test_a_face_drawn_with_accents_is_kept_and_asked_for(said: Said, ana: User) -> None:
    ticket = said("no zip (•́へ•́╬)")
    assert _found(ana, "zip") == [ticket.pk]
    assert _found(ana, "(•́へ•́╬)") == [ticket.pk]


def test_the_writer_rests_where_others_go_first(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    rested: list[float] = []
    monkeypatch.setattr("time.sleep", rested.append)
    for crowded in (False, True):
        said("zip")
        index.write_for(60, lambda crowded=crowded: crowded)  # type: ignore[misc]
        assert not WordsToWrite.objects.exists()
        assert bool(rested) == crowded


def test_a_ticket_may_have_more_words_than_fit(
    said: Said, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexicon, "MOST_BYTES", 800)
    ticket = said(" ".join(f"word{number}" for number in range(200)))
    assert _found(ana, "word3") == [ticket.pk]
    assert _found(ana, "word199") == []
    for number in range(20):
        said.more(ticket, f"unheard{number} unheard{number}a unheard{number}b unheard{number}c")
        index_everything()
    assert _found(ana, "unheard19") == []
    assert _found(ana, "word3") == [ticket.pk]


def test_a_ticket_of_a_million_letters_is_written(said: Said, ana: User) -> None:
    ticket = said(*(" ".join(f"{'ж' * 50}{part}x{word}" for word in range(3000)) for part in range(4)))
    assert _found(ana, f"{'ж' * 50}0x7") == [ticket.pk]
    for part in range(4):
        said.more(ticket, " ".join(f"{'ю' * 50}{part}x{word}" for word in range(3000)))
        index_everything()
    assert _found(ana, f"{'ж' * 50}0x7") == [ticket.pk]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("nothing new " * 8200, "the zip of ACME-2041, 拉链坏了", id="too many places"),
        pytest.param("the zip and the 2041 拉链 链坏 坏了 ACME " * 300, "acme zip", id="a word too often"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_phrases_are_found_in_the_newest_messages_of_a_long_talk(
    said: Said, ana: User, earlier: str, later: str, at_once: bool
) -> None:
    ticket = said(earlier)
    said("a zip", "the ACME")
    if not at_once:
        index_everything()
    said.more(ticket, later)
    asked = ["ACME-2041", "拉链坏了", '"the zip"'] if "ACME" in later else ['"acme zip"']
    assert [_found(ana, each) for each in asked] == [[ticket.pk]] * len(asked)
    assert _found(ana, '"zip laces"') == []


def test_hits_are_shown_where_they_stand(said: Said, ana: User) -> None:
    ticket = said("hello", "Pozdravljeni, <b>zadrga</b> na čevljih je POKVARJENA že od včeraj", "thanks")
    index_everything()
    found = finding.find(ana, "zadrga pokvarjena cev")
    pieces = found.hits[ticket.pk]
    assert [piece.text for piece in pieces if piece.hit] == ["zadrga", "čevljih", "POKVARJENA"]
    assert "<b>" in "".join(piece.text for piece in pieces)


def test_a_long_text_is_cut_around_the_hit(said: Said, ana: User) -> None:
    ticket = said("lorem " * 100 + "the zip broke " + "ipsum " * 100)
    index_everything()
    (pieces,) = finding.find(ana, '"zip broke"').hits.values()
    assert ticket.pk
    whole = "".join(piece.text for piece in pieces)
    assert whole.startswith("…")
    assert whole.endswith("…")
    assert len(whole) < 200
    assert [piece.text for piece in pieces if piece.hit] == ["zip", "broke"]


def test_chinese_hits(said: Said, ana: User) -> None:
    said("我的拉链坏了怎么办")
    index_everything()
    (pieces,) = finding.find(ana, "拉链坏").hits.values()
    assert [piece.text for piece in pieces if piece.hit] == ["拉链坏"]


def test_relevance_puts_the_subject_and_the_often_said_first(said: Said, ana: User) -> None:
    once = said("a zip and many other things")
    often = said("zip zip zip", "zip")
    subject = said("hello", subject="Zip")
    newer = said("zip too")
    found = _found(ana, "zip", order="relevance")
    assert found[0] == subject.pk
    assert found.index(often.pk) < found.index(once.pk)
    assert set(found) == {once.pk, often.pk, subject.pk, newer.pk}
    pages, after = [], ""
    for _page in range(4):
        page = finding.find(ana, "zip", order="relevance", limit=1, after=after).page
        pages += [row.pk for row in page.items]
        after = page.next
    assert pages == found
    assert after == ""


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_past_the_ranked_ones_relevance_goes_on_with_the_newest(
    said: Said, ana: User, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_RANKED", 3)
    oldest = said("hello", subject="Zip")
    older = [said("a zip") for _each in range(4)]
    ranked = [said("hello", subject="Zip"), *(said("a zip") for _each in range(2))]
    index_everything()
    page = finding.find(ana, "zip", order="relevance", limit=limit).page
    found = [row.pk for row in page.items]
    while page.next:
        page = finding.find(ana, "zip", order="relevance", limit=limit, after=page.next).page
        found += [row.pk for row in page.items]
    assert found[0] == ranked[0].pk
    assert set(found[:3]) == {row.pk for row in ranked}
    assert found[3:] == [*(row.pk for row in reversed(older)), oldest.pk]


def test_what_is_typed_is_taken_as_a_beginning_only_in_the_box(said: Said, ana: User) -> None:
    ticket = said("the zipper")
    assert _found(ana, "the zipp") == [ticket.pk]
    assert _found(ana, "the zipp", unfinished=False) == []
    assert _found(ana, "zipp the") == []
    assert not Ticket.objects.filter(parse("zipp").q(ana)).exists()


def test_spam_is_found_only_when_asked_for(said: Said, ana: User) -> None:
    spam = said("win a zip", spam=True)
    assert _found(ana, "zip") == []
    assert _found(ana, "zip is:spam") == [spam.pk]
