"""The post a ticket hangs under: whose it is."""

from __future__ import annotations

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.inbox.models import Post
from heed.web.tests import cast


@pytest.mark.parametrize(
    ("kind", "author", "heading"),
    [
        ("comment", "", "<bdi>Acme</bdi>"),
        ("comment", "Acme Shoes", "<bdi>Acme Shoes</bdi>"),
        ("mention", "omar.badr", "<bdi>omar.badr</bdi>"),
        ("mention", "", "Somebody else’s post"),
    ],
)
def test_a_post_of_others_is_never_headed_with_our_name(
    page: Client, ana: User, kind: str, author: str, heading: str
) -> None:
    account = cast.account("instagram", "Acme")
    post = cast.post(account, "")
    Post.objects.filter(pk=post.pk).update(author_name=author, author_external_id="")
    ticket = cast.ticket(account, "Lea Marn", "@acme look", post=post)
    ticket.messages.update(kind=kind)
    html = page.get(f"/inbox/all/{ticket.pk}/").content.decode()
    assert f"<b>{heading}</b>" in html.split('id="post"')[1]
