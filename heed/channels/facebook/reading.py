"""From a webhook's body to records."""

from __future__ import annotations

from dataclasses import replace

from heed.channels import base
from heed.channels.base import Inbound
from heed.channels.facebook import messenger, page
from heed.channels.facebook.connecting import APP
from heed.channels.meta import delivery

PAGE_INBOX = "263902037430900"
"""Meta's own inbox, in which people write."""


def read(body: bytes, account: base.AccountRecord) -> list[Inbound]:
    """All news of a delivery, in its own order. Raises `Malformed`."""
    own_app = str(account.facts.get(APP) or "")
    news = delivery.read(body, "page", messaging=messenger.read, change=page.read)
    return [_marked_if_by_machine(each, own_app) for each in news]


def _marked_if_by_machine(news: Inbound, own_app: str) -> Inbound:
    """People write by Heed, or in Meta's own inbox (then no app or that one is named); what any other
    program sends is a machine's, and answers nobody."""
    if not isinstance(news, base.Echo) or news.visibility != "private" or not own_app:
        return news
    by_people = ("", own_app, PAGE_INBOX)
    return replace(news, automatic=str(news.refs.get("app_id", "")) not in by_people)
