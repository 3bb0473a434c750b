"""What the pages of a merged ticket, and of the one it went on in, show of what somebody has begun."""

from __future__ import annotations

import io

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.inbox import verbs
from heed.inbox.models import Attachment, Message, Ticket
from heed.web.tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(ana: User) -> tuple[Ticket, Ticket]:
    """Two public tickets of one person: the one that is kept, and the one that goes on in it."""
    account = cast.account()
    kept, gone = (cast.ticket(account, "Lea Marn", text, post=cast.post(account)) for text in ("One", "Two"))
    Ticket.objects.filter(pk=gone.pk).update(identity=kept.identity, customer=kept.customer)
    return Ticket.objects.get(pk=kept.pk), Ticket.objects.get(pk=gone.pk)


def shown(page: Client, ticket: Ticket) -> str:
    return page.get(f"/inbox/all/{ticket.pk}/").content.decode()


def test_what_one_had_begun_in_both_stands_in_both(
    page: Client, ana: User, ivo: User, two: tuple[Ticket, Ticket]
) -> None:
    kept, gone = two
    verbs.keep_draft(ana, kept, "public", "begun in the one")
    verbs.keep_draft(ana, gone, "public", "begun in the other")
    verbs.keep_draft(ivo, gone, "public", "begun by Ivo")
    verbs.merge(gone, kept, ivo)
    assert "begun in the other" in shown(page, gone)
    assert "begun in the one" in shown(page, kept)
    assert "begun in the other" in shown(page, kept)
    assert "begun by Ivo" not in shown(page, kept) + shown(page, gone)


def test_a_file_without_words_goes_along_and_comes_back(
    page: Client, ana: User, ivo: User, two: tuple[Ticket, Ticket]
) -> None:
    kept, gone = two
    verbs.attach(ana, gone, "boot.png", io.BytesIO(b"a boot"))
    record = verbs.merge(gone, kept, ivo)
    assert "boot.png" in shown(page, gone)
    assert "boot.png" in shown(page, kept)
    verbs.unmerge(record, ivo)
    assert "boot.png" in shown(page, gone)
    assert "boot.png" not in shown(page, kept)


def test_it_goes_out_with_an_answer_there(ana: User, ivo: User, two: tuple[Ticket, Ticket]) -> None:
    kept, gone = two
    file = verbs.attach(ana, gone, "boot.png", io.BytesIO(b"\x89PNG\r\n\x1a\n"))
    Attachment.objects.filter(pk=file.pk).update(kind="image", mime="image/png")
    verbs.merge(gone, kept, ivo)
    verbs.answer(kept, ana, "Like this one?", "public", files=[file.pk])
    assert Message.objects.get(text="Like this one?").attachments.get() == file


def test_what_was_begun_comes_with_the_news_and_what_the_pane_ends_with_when_asked(
    page: Client, ana: User, ivo: User, two: tuple[Ticket, Ticket]
) -> None:
    kept, gone = two
    verbs.keep_draft(ana, kept, "public", "begun in the one")
    verbs.keep_draft(ana, gone, "public", "begun in the other")
    assert 'data-ends-with="write"' in page.get(f"/inbox/news/?ticket={gone.pk}").content.decode()
    verbs.merge(gone, kept, ivo)
    news = page.get(f"/inbox/news/?ticket={gone.pk}").content.decode()
    assert f'data-ends-with="merged-{kept.pk}"' in news
    assert "begun in the other" in news
    foot = page.get(f"/tickets/{gone.pk}/foot/").content.decode()
    assert f'data-foot="merged-{kept.pk}"' in foot
    assert "data-composer" not in foot
    assert 'data-composer data-foot="write"' in page.get(f"/tickets/{kept.pk}/foot/").content.decode()
