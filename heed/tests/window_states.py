"""What an account and a customer have been through before somebody answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heed.channels.base import Visibility
from heed.channels.models import Account
from heed.inbox.jobs import look_up
from heed.inbox.models import Message
from heed.sandbox.networks.instagram import Instagram
from heed.tests.shop import CUSTOMER, Shop

Bring = Callable[[Shop], None]


def private(shop: Shop) -> None:
    shop.writes("private")


def public(shop: Shop) -> None:
    shop.writes("public")


def after(hours: float, asked: Bring = private, minutes: float = 0) -> Bring:
    def bring(shop: Shop) -> None:
        asked(shop)
        shop.later(hours=hours, minutes=minutes)

    return bring


def then(asked: Bring, *verbs_: str, **facts: Any) -> Bring:
    """After the question something happens at the network, which Heed hears of."""

    def bring(shop: Shop) -> None:
        asked(shop)
        for verb in verbs_:
            shop.play(verb, **facts)
        shop.gather()

    return bring


def clicked(before: Bring = lambda shop: None) -> Bring:
    """WeChat's customer chooses from the menu, perhaps after all else."""

    def bring(shop: Shop) -> None:
        before(shop)
        shop.later(seconds=2)
        shop.play("click", person=CUSTOMER)
        shop.gather()

    return bring


def signed_out(shop: Shop) -> None:
    private(shop)
    shop.play("revoke")
    shop.check()


def used_up(asked: Bring, left: int = 0) -> Bring:
    """So many of the month's messages are left on LINE, and Heed asked."""

    def bring(shop: Shop) -> None:
        asked(shop)
        shop.play("use_up", left=left)
        shop.check()

    return bring


def used_up_meanwhile(shop: Shop) -> None:
    """They were used up after Heed asked: it learns that from the refusal, which breaks nothing else."""
    private(shop)
    shop.play("use_up")
    refused = shop.answer("private", "Pogledam.")
    assert (refused.state, refused.reason) == ("failed", "quota_spent")
    shop.account.refresh_from_db()
    assert (shop.account.state, shop.account.told) == ("connected", {})


def more_bought(shop: Shop) -> None:
    """The plan was raised after all was used up."""
    used_up(private)(shop)
    used_up(lambda shop: None, left=100)(shop)


def answered_before(times: int, way: Visibility = "private", asked: Bring = private) -> Bring:
    def bring(shop: Shop) -> None:
        asked(shop)
        shop.later(seconds=5)
        for number in range(times):
            assert shop.answer(way, f"Pogledam {number}.").state != "failed"

    return bring


def and_again(bring_before: Bring) -> Bring:
    """The customer writes once more."""

    def bring(shop: Shop) -> None:
        bring_before(shop)
        shop.later(seconds=5)
        shop.play("message", person=CUSTOMER, text="Ste še tam?")
        shop.gather()

    return bring


def without_messages(asked: Bring) -> Bring:
    """At X's consent page the permission to write direct messages was left out."""

    def bring(shop: Shop) -> None:
        asked(shop)
        shop.play("withhold", scope="dm.write")
        shop.play("expire_token")
        shop.check()

    return bring


def found_by_search(shop: Shop) -> None:
    """X's customer talks of us without naming us."""
    words = {**shop.account.credentials, "listen_for": "acme"}
    shop.account.credentials = words
    shop.account.save()
    shop.check()
    shop.gather()
    shop.play("say", person=CUSTOMER, text="acme shoes are late again")
    shop.later(minutes=30)
    shop.gather()


def business(shop: Shop) -> None:
    """Telegram's customer writes to the owner's own account, which the bot may answer for."""
    shop.play("business_connect")
    shop.play("business_message", person=CUSTOMER, text="Ste še odprti?")
    shop.gather()


def mute_business(shop: Shop) -> None:
    """The owner lets the bot see the chats, and write in none."""
    shop.play("business_connect", can_reply=False)
    shop.gather()
    shop.check()
    shop.play("business_message", person=CUSTOMER, text="Ste še odprti?")
    shop.gather()


def ended_business(shop: Shop) -> None:
    """The owner puts the bot out of the chats again."""
    business(shop)
    shop.play("business_disconnect")
    shop.gather()


def business_again(shop: Shop) -> None:
    """And lets it in once more: what the customer wrote before can be answered again."""
    ended_business(shop)
    shop.check()
    shop.play("business_connect")
    shop.gather()
    shop.check()


def without_chat(asked: Bring) -> Bring:
    """Bluesky's app password was made anew without the tick for direct messages."""

    def bring(shop: Shop) -> None:
        asked(shop)
        shop.play("chat_right", on=False)
        shop.check()

    return bring


def level(name: str, asked: Bring) -> Bring:
    def bring(shop: Shop) -> None:
        shop.account.credentials = {**shop.account.credentials, "access_level": name}
        shop.account.save()
        shop.play("level", level=name)
        shop.check()
        asked(shop)

    return bring


def human_agent(asked: Bring) -> Bring:
    """Meta approved the feature Human Agent."""

    def bring(shop: Shop) -> None:
        shop.play("grant", name="human_agent")
        shop.account.credentials = {**shop.account.credentials, "human_agent": "yes"}
        shop.account.save()
        shop.check()
        asked(shop)

    return bring


def commented_again(shop: Shop) -> None:
    """After a private reply the customer wrote privately; that has closed, and they comment once more."""
    answered_before(1, asked=public)(shop)
    shop.later(seconds=5)
    shop.play("message", person=CUSTOMER, text="Hvala!")
    shop.gather()
    shop.later(hours=25)
    shop.play("comment", person=CUSTOMER, text="Zadrga se spet zatika.")
    shop.gather()
    assert len({message.ticket_id for message in Message.objects.all()}) == 1


def mentioned(shop: Shop) -> None:
    """Instagram's customer names us under their own post; only Facebook Login hears of it."""
    assert isinstance(shop.simulator, Instagram)
    shop.account.credentials = {**shop.simulator.by_facebook().credentials}
    shop.account.save()
    shop.check()
    shop.simulator.account_fields = []
    shop.play("mention", person=CUSTOMER, text="@acme.shoes poglejte")
    shop.gather()


def mentioned_in_a_comment(shop: Shop) -> None:
    """The same by Instagram Login, to which it comes as any comment."""
    shop.play("mention", person=CUSTOMER, text="@acme poglejte")
    shop.gather()
    _look_up_what_it_is(shop)


def named_under_ours(shop: Shop) -> None:
    """Instagram's customer names us in a comment under our own post."""
    shop.writes("public", "@acme, kje je moj paket?")
    _look_up_what_it_is(shop)


def _look_up_what_it_is(shop: Shop) -> None:
    message = Message.objects.get(direction="in")
    assert message.refs["look_up"]
    look_up(shop.account.pk, "message", message.external_id, message.refs)


def mentioned_elsewhere(shop: Shop) -> None:
    """Facebook's customer names us in a post of their own."""
    shop.play("mention", person=CUSTOMER, text="@Acme poglejte")
    shop.gather()


def broadcast(shop: Shop) -> None:
    """Instagram's customer comments while we are live."""
    shop.play("broadcast")
    shop.play("comment", person=CUSTOMER, text="Kdaj?", live=True)
    shop.gather()


def unreachable_from_outside(shop: Shop) -> None:
    """The network is the public one, and our own address is not."""
    private(shop)
    Account.objects.filter(pk=shop.account.pk).update(base_url="https://api.network.com")
