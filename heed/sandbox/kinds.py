"""What a customer can do on a network, as its page offers it: one `Kind` for each thing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from heed.sandbox.scene import Line, PostView

Text = str | Promise
PLACES = ("public", "private", "self", "post", "comment", "message", "look", "choices")
"""Where the page offers it: written in one of the two composers, done by the customer without writing, on a
post, comment or private message; or by looking at the chat, and by tapping a choice."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A thing that a customer can do, said in words.

    `verb` and `facts` are what is played; `at` are the places of the page where it is offered. In a composer
    it `asks` for what is entered there: text, texts (a message for each line), picture, stars. On a post or
    line `aims` is the argument that its id goes into, and `whose` says on which: mine, ours or all ("");
    a `quick` one stands there openly, the others in the menu. `toggle` names what a line tells of it when it
    is done already. `company` is done by the company, beside Heed.
    """

    verb: str
    words: Text
    at: tuple[str, ...]
    asks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    aims: str = "id"
    whose: str = ""
    quick: bool = False
    toggle: str = ""
    company: bool = False

    def fits(self, line: Line | PostView) -> bool:
        """Whether it can be done to this post or line."""
        mine = line.mine if self.whose == "mine" else line.ours if self.whose == "ours" else True
        return mine and not line.removed and self.verb not in line.cannot


WRITTEN = ("text", "picture")
ON_LINES = ("comment", "message")


def everyday(offers: Collection[str], bare: Collection[str]) -> tuple[Kind, ...]:
    """What a network's page has for the verbs that customers use there every day; `bare` ones take no
    picture."""
    offered = (kind for kind in _EVERYDAY if kind.verb in offers)
    return tuple(replace(kind, asks=("text",)) if kind.verb in bare else kind for kind in offered)


def own(verb: str, words: Text, *at: str) -> Kind:
    """Something one does to what one wrote oneself; an edit is written anew."""
    return Kind(verb, words, at, asks=("text",) if verb == "edit" else (), whose="mine")


def like(*at: str, reaction: str = "", whose: str = "") -> Kind:
    facts = {"reaction": reaction} if reaction else {}
    return Kind("react", _("Like"), at, facts=facts, toggle="reacted", quick=True, whose=whose)


def reactions(*emoji: tuple[str, Text], at: tuple[str, ...]) -> tuple[Kind, ...]:
    """Other reactions than a like; of the network's name for it and what the menu says."""
    return tuple(Kind("react", words, at, facts={"reaction": name, "on": True}) for name, words in emoji)


def repost(words: Text) -> Kind:
    return Kind("react", words, ("post", "comment"), facts={"reaction": "repost"}, toggle="reposted")


def quote(words: Text, *at: str) -> Kind:
    """Write something about what one points to."""
    return Kind("quote", words, at, asks=("text",), aims="post")


def goes(verb: str, words: Text, **facts: Any) -> Kind:
    """Something about the customer as a whole, without writing."""
    return Kind(verb, words, ("self",), facts=facts)


def sends(verb: str, words: Text, *asks: str, **facts: Any) -> Kind:
    """Something that arrives as a private message."""
    return Kind(verb, words, ("private",), asks=asks, facts=facts)


def posts(verb: str, words: Text, *asks: str, **facts: Any) -> Kind:
    """Something that is said publicly."""
    return Kind(verb, words, ("public",), asks=asks, facts=facts)


def elsewhere(verb: str, words: Text) -> Kind:
    """The company writes to the customer, by other means than Heed."""
    return Kind(verb, words, ("private",), asks=("text",), company=True)


_EVERYDAY = (
    posts("comment", _("Comment"), *WRITTEN),
    posts("mention", _("Mention"), *WRITTEN),
    sends("message", _("Message"), *WRITTEN),
    Kind("comment", _("Comment"), ("post",), asks=WRITTEN, aims="post", quick=True),
    Kind("comment", _("Reply"), ("comment",), asks=WRITTEN, aims="parent", quick=True),
    Kind("choose", _("Choices"), ("choices",)),
    Kind("read", _("seen"), ("look",)),
)
