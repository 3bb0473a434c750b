"""What a customer sees, said the same way for all networks, so that one page can show them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Line:
    """A comment or message. `ours` is the company's, `mine` the watching customer's own;
    `liked` says that the company liked it, `reacted` that the watching customer did, `reposted` that
    they passed it on; `state` is sent, delivered or seen; `choices` are the short answers it offers to
    tap; `cannot` are verbs that the network has elsewhere and not for this one."""

    id: str
    author: str
    text: str
    at: datetime
    ours: bool = False
    mine: bool = False
    picture: str = ""
    files: list[str] = field(default_factory=list)
    likes: int = 0
    liked: bool = False
    reacted: bool = False
    reposted: bool = False
    hidden: bool = False
    edited: bool = False
    removed: bool = False
    state: str = ""
    choices: list[str] = field(default_factory=list)
    cannot: frozenset[str] = frozenset()
    replies: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class PostView:
    """A public post. `liked` says that the company liked it, `reacted` that the watching
    customer did, `reposted` that they passed it on; `cannot` as of a line."""

    id: str
    author: str
    text: str
    at: datetime
    picture: str = ""
    likes: int = 0
    shares: int = 0
    ours: bool = True
    mine: bool = False
    liked: bool = False
    reacted: bool = False
    reposted: bool = False
    removed: bool = False
    cannot: frozenset[str] = frozenset()
    comments: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class ChatView:
    """A private conversation; `why` says why nothing can be written when it is not `writable`."""

    id: str
    title: str
    lines: list[Line] = field(default_factory=list)
    writable: bool = True
    why: str = ""


@dataclass(slots=True)
class Scene:
    """The posts (newest first) and private chats that one person sees on one network."""

    posts: list[PostView] = field(default_factory=list)
    chats: list[ChatView] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Every line of the scene, replies included."""
        tops = [line for post in self.posts for line in post.comments]
        tops += [line for chat in self.chats for line in chat.lines]
        return [line for top in tops for line in _with_replies(top)]


def _with_replies(line: Line) -> list[Line]:
    return [line, *(each for reply in line.replies for each in _with_replies(reply))]
