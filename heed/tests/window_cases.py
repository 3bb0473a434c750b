"""For each network: how an account stands, what is answered, and whether it is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heed.channels.base import FilledTemplate, Visibility
from heed.tests.shop import CUSTOMER, File
from heed.tests.window_states import (
    Bring,
    after,
    and_again,
    answered_before,
    broadcast,
    business,
    business_again,
    clicked,
    commented_again,
    ended_business,
    found_by_search,
    human_agent,
    level,
    mentioned,
    mentioned_elsewhere,
    mentioned_in_a_comment,
    more_bought,
    mute_business,
    named_under_ours,
    private,
    public,
    signed_out,
    then,
    unreachable_from_outside,
    used_up,
    used_up_meanwhile,
    without_chat,
    without_messages,
)

MEGABYTE = 1024 * 1024
FAMILY = "👨‍👩‍👧‍👦"
SCRIPT = "ᠮ"  # a letter of the vertical Mongolian script
COMBINED = "e\u0301"


@dataclass(frozen=True)
class Case:
    """`refused` is the reason of a way that is closed, or what is wrong with the answer itself:
    `too_long`, `file_refused`, `no_quote`; "" when all is well."""

    network: str
    state: str
    bring: Bring
    way: Visibility = "private"
    text: str = "Pogledam takoj."
    files: tuple[File, ...] = ()
    refused: str = ""
    network_says: str = ""
    quote: bool = False
    template: FilledTemplate | None = None
    late: str = ""

    def __str__(self) -> str:
        return f"{self.network}: {self.state}"


def lengths(
    network: str, way: Visibility, script: str, fits: str, over: str = "a", says: str = "too_long"
) -> list[Case]:
    """Exactly at the limit, and one more."""
    bring = public if way == "public" else private
    at_limit = Case(network, f"{way}, {script} at the limit", bring, way, fits)
    return [at_limit, replace(at_limit, state=f"{way}, {script} one over", text=fits + over,
                              refused="too_long", network_says=says)]  # fmt: skip


LENGTHS = [
    *lengths("facebook", "private", "Cyrillic", "ж" * 2000),
    *lengths("facebook", "public", "Arabic", "ش" * 8000, "ش"),
    *lengths("instagram", "private", "Cyrillic", "ө" * 500),
    *lengths("instagram", "private", "emoji", "👟" * 250, "👟"),
    *lengths("instagram", "public", "Arabic", "ش" * 300),
    *lengths("whatsapp", "private", "emoji", "👟" * 4096, "👟"),
    *lengths("viber", "private", "Mongolian", "ү" * 7000),
    *lengths("telegram", "private", "emoji", "👟" * 2048),
    *lengths("telegram", "private", "Arabic", "ش" * 4096, "ش"),
    *lengths("line", "private", "emoji", "👟" * 2500),
    *lengths("wechat", "private", "Mongolian", "ү" * 1024),
    *lengths("wechat", "private", "vertical Mongolian", SCRIPT * 682 + "aa"),
    *lengths("x", "public", "Cyrillic", "ж" * 280, "ж"),
    *lengths("x", "public", "emoji families", FAMILY * 140),
    *lengths("x", "public", "vertical Mongolian", SCRIPT * 140, SCRIPT),
    *lengths("x", "private", "Arabic", "ش" * 10_000),
    *lengths("bluesky", "public", "combined letters", COMBINED * 300, COMBINED),
    *lengths("bluesky", "public", "vertical Mongolian", SCRIPT * 300),
    *lengths("bluesky", "public", "emoji families by their bytes", FAMILY * 120, says="too_long"),
    *lengths("bluesky", "private", "combined letters", COMBINED * 1000, COMBINED),
    *lengths("mastodon", "public", "emoji", "👟" * 468, says=""),
    *lengths("mastodon", "private", "Cyrillic", "ж" * 468, says=""),
    *lengths("email", "private", "Arabic", "ش" * 50_000, says=""),
    *lengths("site", "private", "emoji", "👟" * 8000),
]

FACEBOOK = [
    Case("facebook", "the window is about to close", after(23, minutes=59)),
    Case("facebook", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "late, with the human-agent tag", human_agent(after(24, minutes=1)), late="human_agent"),
    Case("facebook", "at the end of the late way", human_agent(after(167, minutes=58)), late="human_agent"),
    Case("facebook", "after the late way", human_agent(after(168, minutes=1)), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "a comment after a year", after(24 * 365, public), "public"),
    Case("facebook", "the first private reply", public),
    Case("facebook", "a second private reply", answered_before(1, asked=public), refused="already_done",
         network_says="not_privately"),
    Case("facebook", "a private reply on the seventh day", after(167, public)),
    Case("facebook", "a private reply after seven days", after(169, public), refused="outside_window",
         network_says="outside_window"),
    Case("facebook", "a private reply to a new comment", commented_again),
    Case("facebook", "a second private reply to a new comment", answered_before(1, asked=commented_again),
         refused="outside_window", network_says="outside_window"),
    Case("facebook", "a private reply to a mention", mentioned_elsewhere, refused="not_allowed",
         network_says="not_privately"),
    Case("facebook", "a private reply with a file", public, text="", files=(File("png"),),
         refused="file_refused"),
    Case("facebook", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("facebook", "a picture as large as may be", private, text="", files=(File("png", 8 * MEGABYTE),)),
    Case("facebook", "a picture one byte larger", private, text="", files=(File("png", 8 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("facebook", "words and a picture in Messenger", private, files=(File("png"),),
         refused="file_refused"),
    Case("facebook", "words and a picture in a comment", public, "public", files=(File("png"),)),
    Case("facebook", "two pictures in a comment", public, "public", files=(File("png"), File("jpg")),
         refused="file_refused"),
    Case("facebook", "a quote", public, "public", quote=True, refused="no_quote"),
]  # fmt: skip

INSTAGRAM = [
    Case("instagram", "the window is about to close", after(23, minutes=59)),
    Case("instagram", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "late, with the human-agent tag", human_agent(after(24, minutes=1)),
         late="human_agent"),
    Case("instagram", "after the late way", human_agent(after(168, minutes=1)), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "the first private reply", public),
    Case("instagram", "a second private reply", answered_before(1, asked=public), refused="already_done",
         network_says="outside_window"),
    Case("instagram", "a private reply to a new comment", commented_again),
    Case("instagram", "a second private reply to a new comment", answered_before(1, asked=commented_again),
         refused="outside_window", network_says="outside_window"),
    Case("instagram", "a private reply to a mention", mentioned, refused="not_allowed",
         network_says="not_privately"),
    Case("instagram", "a private reply to a mention, by Instagram Login", mentioned_in_a_comment,
         refused="not_allowed", network_says="not_privately"),
    Case("instagram", "an answer to a mention, by Instagram Login", mentioned_in_a_comment, "public"),
    Case("instagram", "a private reply to a comment that names us", named_under_ours),
    Case("instagram", "a private reply during the broadcast", after(3, broadcast)),
    Case("instagram", "a private reply after the broadcast", then(after(4, broadcast, minutes=1),
         "broadcast", on=False), refused="outside_window", network_says="outside_window"),
    Case("instagram", "a private reply after seven days", after(169, public), refused="outside_window",
         network_says="outside_window"),
    Case("instagram", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("instagram", "a picture", private, text="", files=(File("png"),)),
    Case("instagram", "a picture without a public address", unreachable_from_outside, text="",
         files=(File("png"),), refused="file_refused"),
    Case("instagram", "a picture one byte too large", private, text="",
         files=(File("png", 8 * MEGABYTE + 1),), refused="file_refused", network_says="file_refused"),
    Case("instagram", "a picture in a comment", public, "public", text="", files=(File("png"),),
         refused="file_refused", network_says="file_refused"),
    Case("instagram", "a kind of file it does not take", private, text="", files=(File("zip"),),
         refused="file_refused"),
]  # fmt: skip

WHATSAPP = [
    Case("whatsapp", "the window is about to close", after(23, minutes=59)),
    Case("whatsapp", "the window has just closed", after(24, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("whatsapp", "the customer wrote again", and_again(after(30))),
    Case("whatsapp", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("whatsapp", "a picture as large as may be", private, files=(File("png", 5 * MEGABYTE),)),
    Case("whatsapp", "a picture one byte larger", private, files=(File("png", 5 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("whatsapp", "a picture with the longest text", private, text="ж" * 4096, files=(File("png"),)),
    Case("whatsapp", "two pictures", private, files=(File("png"), File("jpg")), refused="file_refused",
         network_says="file_refused"),
    Case("whatsapp", "a kind of file it does not take", private, files=(File("gif"),),
         refused="file_refused", network_says="bad_request"),
]  # fmt: skip

VIBER = [
    Case("viber", "a year later", after(24 * 365)),
    Case("viber", "unsubscribed", then(private, "leave", person=CUSTOMER), refused="unreachable",
         network_says="unreachable"),
    Case("viber", "subscribed again", and_again(then(private, "leave", person=CUSTOMER))),
    Case("viber", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("viber", "a picture as large as may be", private, files=(File("png", MEGABYTE),)),
    Case("viber", "a picture one byte larger", private, files=(File("png", MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("viber", "a picture without a public address", unreachable_from_outside, files=(File("png"),),
         refused="file_refused"),
    Case("viber", "two pictures", private, files=(File("png"), File("jpg")), refused="file_refused",
         network_says="file_refused"),
    Case("viber", "a picture with the longest text", private, text="ү" * 7000, files=(File("png"),)),
]  # fmt: skip

TELEGRAM = [
    Case("telegram", "a year later", after(24 * 365)),
    Case("telegram", "blocked by the customer", then(private, "leave", person=CUSTOMER),
         refused="unreachable", network_says="unreachable"),
    Case("telegram", "unblocked again",
         then(after(0, then(private, "leave", person=CUSTOMER), minutes=1), "join", person=CUSTOMER)),
    Case("telegram", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("telegram", "ten pictures with the longest text", private, text="ж" * 4096,
         files=(File("png"),) * 10),
    Case("telegram", "a business chat about to close", after(23, business, minutes=59)),
    Case("telegram", "a business chat just closed", after(24, business, minutes=1),
         refused="outside_window", network_says="outside_window"),
    Case("telegram", "a business chat whose owner lets nobody answer", mute_business,
         refused="not_allowed", network_says="not_allowed"),
    Case("telegram", "a business chat whose owner put the bot out", ended_business, refused="not_allowed",
         network_says="not_allowed"),
    Case("telegram", "a business chat whose owner let the bot in again", business_again),
    Case("telegram", "eleven pictures", private, files=(File("png"),) * 11, refused="file_refused"),
    Case("telegram", "a picture above the size of photos", private,
         files=(File("png", 10 * MEGABYTE + 1),)),
]  # fmt: skip

LINE = [
    Case("line", "a year later", after(24 * 365)),
    Case("line", "blocked by the customer", then(private, "leave", person=CUSTOMER),
         refused="unreachable"),
    Case("line", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("line", "the month's messages are used up", used_up(private), refused="quota_spent",
         network_says="quota_spent"),
    Case("line", "used up since the last check", used_up_meanwhile, refused="quota_spent",
         network_says="quota_spent"),
    Case("line", "used up, and more were bought", more_bought),
    Case("line", "the last message of the month", used_up(private, left=1)),
    Case("line", "a picture", private, files=(File("png", MEGABYTE),)),
    Case("line", "a picture one byte too large", private, files=(File("png", MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("line", "a picture without a public address", unreachable_from_outside, files=(File("png"),),
         refused="file_refused"),
    Case("line", "four pictures and words", private, files=(File("png"),) * 4),
    Case("line", "five pictures and words", private, files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("line", "a video, a sound and words", private, files=(File("mp4", 3 * MEGABYTE), File("m4a"))),
    Case("line", "a video without a public address", unreachable_from_outside, files=(File("mp4"),),
         refused="file_refused"),
    Case("line", "a sound that does not say how long it plays", private, files=(File("mp3"),),
         refused="file_refused", network_says="file_refused"),
    Case("line", "a kind of file it does not take", private, files=(File("pdf"),), refused="file_refused",
         network_says="file_refused"),
]  # fmt: skip

WECHAT = [
    Case("wechat", "a choice from the menu", clicked()),
    Case("wechat", "a choice from the menu after the window", clicked(after(49))),
    Case("wechat", "a choice from the menu with all five messages sent", clicked(answered_before(5))),
    Case("wechat", "a minute after the choice", after(0, clicked(), minutes=1.1), refused="outside_window",
         network_says="outside_window"),
    Case("wechat", "three messages after the choice", answered_before(3, asked=clicked()),
         refused="outside_window", network_says="used_up"),
    Case("wechat", "the window is about to close", after(47, minutes=59)),
    Case("wechat", "the window has just closed", after(48, minutes=1), refused="outside_window",
         network_says="outside_window"),
    Case("wechat", "the last of five messages", answered_before(4)),
    Case("wechat", "all five messages sent", answered_before(5), refused="used_up",
         network_says="used_up"),
    Case("wechat", "five more when the customer wrote again", and_again(answered_before(5))),
    Case("wechat", "no longer followed", then(private, "leave", person=CUSTOMER), refused="unreachable",
         network_says="outside_window"),
    Case("wechat", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("wechat", "a picture alone", private, text="", files=(File("png"),)),
    Case("wechat", "a picture with words", private, files=(File("png"),), refused="file_refused",
         network_says="file_refused"),
    Case("wechat", "a voice message one byte too large", private, text="",
         files=(File("mp3", 2 * MEGABYTE + 1),), refused="file_refused", network_says="file_refused"),
]  # fmt: skip

X = [
    Case("x", "self-serve, mentioned", level("self_serve", public), "public"),
    Case("x", "self-serve, not mentioned", level("self_serve", found_by_search), "public",
         refused="not_allowed", network_says="not_allowed"),
    Case("x", "enterprise, not mentioned", level("enterprise", found_by_search), "public"),
    Case("x", "self-serve, a quote", level("self_serve", public), "public", quote=True, refused="no_quote",
         network_says="not_allowed"),
    Case("x", "enterprise, a quote", level("enterprise", public), "public", quote=True),
    Case("x", "a direct message after a year", after(24 * 365)),
    Case("x", "a message without the permission to write any", without_messages(private),
         refused="not_allowed", network_says="unreachable"),
    Case("x", "a private answer without the permission to write messages", without_messages(public),
         refused="not_allowed", network_says="unreachable"),
    Case("x", "a public answer without the permission to write messages", without_messages(public), "public"),
    Case("x", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("x", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("x", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("x", "a picture as large as may be", public, "public", files=(File("png", 5 * MEGABYTE),)),
    Case("x", "a picture one byte larger", public, "public", files=(File("png", 5 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("x", "a picture beside a video", public, "public", files=(File("png"), File("mp4")),
         refused="file_refused", network_says="file_refused"),
    Case("x", "two pictures in a message", private, files=(File("png"), File("png")), refused="file_refused",
         network_says="file_refused"),
]  # fmt: skip

BLUESKY = [
    Case("bluesky", "a year later", after(24 * 365, public), "public"),
    Case("bluesky", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("bluesky", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("bluesky", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("bluesky", "a picture one byte too large", public, "public", files=(File("png", 2_000_001),),
         refused="file_refused", network_says="file_refused"),
    Case("bluesky", "a picture in a message", private, files=(File("png"),), refused="file_refused",
         network_says="file_refused"),
    Case("bluesky", "a private reply to who never wrote privately", public),
    Case("bluesky", "a message without the right to chat", without_chat(private), refused="not_allowed",
         network_says="not_allowed"),
    Case("bluesky", "a private reply without the right to chat", without_chat(public), refused="not_allowed",
         network_says="not_allowed"),
    Case("bluesky", "a public answer without the right to chat", without_chat(public), "public"),
    Case("bluesky", "a quote", public, "public", quote=True),
]  # fmt: skip

MASTODON = [
    Case("mastodon", "a year later", after(24 * 365, public), "public"),
    Case("mastodon", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("mastodon", "four pictures", public, "public", files=(File("png"),) * 4),
    Case("mastodon", "five pictures", public, "public", files=(File("png"),) * 5, refused="file_refused",
         network_says="file_refused"),
    Case("mastodon", "a picture beside a video", public, "public", files=(File("png"), File("mp4")),
         refused="file_refused", network_says="file_refused"),
    Case("mastodon", "a quote", public, "public", quote=True),
]  # fmt: skip

EMAIL = [
    Case("email", "a year later", after(24 * 365)),
    Case("email", "signed out", signed_out, refused="sign_in_again", network_says="sign_in_again"),
    Case("email", "a file of any kind", private, files=(File("zip"), File("pdf"))),
    Case("email", "a file that makes the mail too large", private, files=(File("zip", 15 * MEGABYTE + 1),),
         refused="file_refused", network_says="file_refused"),
    Case("email", "eleven files", private, files=(File("pdf"),) * 11, refused="file_refused"),
]  # fmt: skip

SITE = [
    Case("site", "a year later", after(24 * 365)),
    Case("site", "a file", private, files=(File("pdf"),)),
]  # fmt: skip

CASES = [
    *LENGTHS, *FACEBOOK, *INSTAGRAM, *WHATSAPP, *VIBER, *TELEGRAM, *LINE, *WECHAT, *X, *BLUESKY, *MASTODON,
    *EMAIL, *SITE,
]  # fmt: skip
