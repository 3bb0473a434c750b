"""Mastodon: one server with the company's account, and people of this and of other servers."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import (
    Call,
    ChatView,
    DemoAccount,
    Line,
    PlayError,
    PostView,
    Reply,
    Sandbox,
    Scene,
    Simulator,
)

HOME = "mastodon.example"
AWAY = "social.example"
FROM_AWAY = frozenset({"omar", "nadia", "oto"})
CHARACTERS = 500
PER_URL = 23
MOST_FILES = 4
IMAGE_BYTES = 16 * 1024 * 1024
VIDEO_BYTES = 99 * 1024 * 1024
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "audio/mpeg")
SCOPES = (
    "read:accounts",
    "read:statuses",
    "read:notifications",
    "write:statuses",
    "write:media",
    "write:favourites",
)
KEY_LIFE = timedelta(hours=1)
LOOKS_UNTIL_READY = 2
SEEN_BY_ALL = ("public", "unlisted")
VISIBILITIES = (*SEEN_BY_ALL, "private", "direct")

_STREAM_LOOKS = 0.05
_THUMP = 10.0
_BUCKETS = {
    "requests": (300, timedelta(minutes=5)),
    "posts": (300, timedelta(hours=3)),
    "deletions": (30, timedelta(minutes=30)),
    "uploads": (30, timedelta(minutes=30)),
}
_MOST_SHOWN = 100
_NAME = re.compile(r"(?<![\w@/])@([\w.-]*\w)(?:@([\w.-]*\w))?")
_TOKEN = re.compile(r"(https?://[^\s<]+)|(?<![\w@/])@([\w.-]*\w)(?:@([\w.-]*\w))?")
_LEADING = re.compile(r"\s*@[\w.-]+(?:@[\w.-]+)?(?=\s|$)")


class _No(Exception):
    """An error answer of the API. Its words are in the account's language."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.reply = Reply(status, {"error": error}, headers or {})


@dataclass
class _Media:
    id: str
    url: str
    mime: str
    description: str = ""
    looks: int = 0
    """How often it must still be looked at before it is ready."""

    @property
    def type(self) -> str:
        return "gifv" if self.mime == "image/gif" else self.mime.partition("/")[0]

    def shown(self) -> dict[str, Any]:
        url = self.url if self.looks <= 0 else None
        return {
            "id": self.id,
            "type": self.type,
            "url": url,
            "preview_url": url,
            "remote_url": None,
            "description": self.description or None,
            "meta": {},
        }


@dataclass
class _Status:
    id: str
    author: str
    text: str
    visibility: str
    at: datetime
    parent: str = ""
    quote: str = ""
    media: list[_Media] = field(default_factory=list)
    spoiler: str = ""
    sensitive: bool = False
    versions: list[tuple[datetime, str]] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    boosts: set[str] = field(default_factory=set)
    faces: tuple[int, int] = (0, 0)
    """Likes and boosts from the start, by people who are not of the cast."""
    removed: bool = False

    @property
    def edited_at(self) -> datetime | None:
        return self.versions[-1][0] if len(self.versions) > 1 else None


@dataclass
class _Notification:
    id: str
    type: str
    at: datetime
    by: str
    status: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    filtered: bool = False


class Mastodon(Simulator):
    """Acme has its account on `mastodon.example`; half of the cast lives there, half elsewhere."""

    name = "mastodon"
    label = "Mastodon"
    short = "m"
    colour = "#563acc"
    offers: ClassVar[frozenset[str]] = frozenset({"mention", "comment", "message", "edit", "remove", "react"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.people = {COMPANY: COMPANY, **{each.key: each.name for each in (*CUSTOMERS, OUTSIDER)}}
        self.token = self.ids.stable("mastodon", "token", size=43)
        self.scopes: tuple[str, ...] = SCOPES
        self.server_version = "4.7.3"
        self.keeps_keys = True
        self.followed: set[str] = set()
        self._revoked = False
        self._apps: dict[str, dict[str, str]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._statuses: dict[str, _Status] = {}
        self._below: dict[str, list[_Status]] = {}
        self._media: dict[str, _Media] = {}
        self._notifications: list[_Notification] = []
        self._closed = threading.Event()
        self._keys: dict[str, tuple[str, datetime]] = {}
        self._spent: dict[str, list[datetime]] = {}
        self._born = self.ids.number()

    def start(self) -> None:
        self._closed.clear()

    def stop(self) -> None:
        self._closed.set()

    # ----------------------------------------------------------------------------- the API

    def answer(self, call: Call) -> Reply:
        try:
            for method, pattern, answer in _OPEN:
                if method == call.method and pattern.fullmatch(call.path):
                    return answer(self, call)
            self._signed_in(call)
            for method, pattern, handle in _SIGNED:
                found = pattern.fullmatch(call.path)
                if method == call.method and found:
                    headers = self._spend("requests")
                    reply = handle(self, call, *found.groups())
                    return replace(reply, headers={**headers, **reply.headers})
        except _No as no:
            return no.reply
        return Reply(404, {"error": "Not Found"})

    def accounts(self) -> list[DemoAccount]:
        return [DemoAccount(COMPANY, self._id_of(COMPANY), {"access_token": self.token})]

    def _signed_in(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token and call.path.startswith("/api/v1/streaming"):
            raise _No(401, "Missing access token")
        if token != self.token or self._revoked:
            raise _No(401, "Dostopni žeton ni veljaven")

    def _spend(self, bucket: str) -> dict[str, str]:
        most, span = _BUCKETS[bucket]
        now = self.clock.now()
        spent = [at for at in self._spent.get(bucket, []) if at > now - span]
        reset = _iso((spent[0] if spent else now) + span)
        headers = {"X-RateLimit-Limit": str(most), "X-RateLimit-Reset": reset}
        if len(spent) >= most:
            raise _No(429, "Preveč zahtev", {**headers, "X-RateLimit-Remaining": "0"})
        self._spent[bucket] = [*spent, now]
        return {**headers, "X-RateLimit-Remaining": str(most - len(spent) - 1)}

    # -------------------------------------------------------------------------- signing in

    def _register(self, call: Call) -> Reply:
        given = call.json if isinstance(call.json, dict) else call.form
        redirects = given.get("redirect_uris")
        redirect = redirects[0] if isinstance(redirects, list) and redirects else redirects
        if not given.get("client_name") or not redirect:
            raise _No(422, "Preverjanje ni uspelo: Ime aplikacije ne sme biti prazno")
        app = {
            "id": str(self.ids.number()),
            "name": str(given["client_name"]),
            "scopes": str(given.get("scopes") or "read"),
            "redirect_uri": str(redirect),
            "client_id": self.ids.name("client-"),
            "client_secret": self.ids.name("secret-"),
        }
        self._apps[app["client_id"]] = app
        more = {"redirect_uris": [redirect], "website": None, "client_secret_expires_at": 0}
        return Reply(200, {**app, **more, "scopes": app["scopes"].split()})

    def _authorize(self, call: Call) -> Reply:
        """The page on which the account's owner says yes: here they do so at once."""
        app = self._apps.get(call.query.get("client_id", ""))
        redirect = call.query.get("redirect_uri", "")
        if app is None or redirect != app["redirect_uri"]:
            return Reply(400, "The redirect uri included is not valid.")
        if not set(call.query.get("scope", "read").split()) <= set(app["scopes"].split()):
            return Reply(400, "The requested scope is invalid, unknown, or malformed.")
        code = self.ids.name("code-")
        self._codes[code] = {
            "client": app["client_id"],
            "redirect": redirect,
            "challenge": call.query.get("code_challenge", ""),
        }
        back = urlencode({"code": code, "state": call.query.get("state", "")})
        return Reply(302, "", {"Location": f"{redirect}?{back}"})

    def _token(self, call: Call) -> Reply:
        form = call.form
        app = self._apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app["client_secret"]:
            return _oauth_error(401, "invalid_client")
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code["client"] != app["client_id"] or code["redirect"] != form.get("redirect_uri"):
            return _oauth_error(400, "invalid_grant")
        if code["challenge"] and code["challenge"] != _challenge(form.get("code_verifier", "")):
            return _oauth_error(400, "invalid_grant")
        self.scopes, self._revoked = tuple(app["scopes"].split()), False
        made = int(self.clock.now().timestamp())
        return Reply(
            200,
            {"access_token": self.token, "token_type": "Bearer", "scope": app["scopes"], "created_at": made},
        )

    def _instance(self, call: Call) -> Reply:
        statuses = {
            "max_characters": CHARACTERS,
            "max_media_attachments": MOST_FILES,
            "characters_reserved_per_url": PER_URL,
        }
        media = {
            "supported_mime_types": list(TYPES),
            "description_limit": 1500,
            "image_size_limit": IMAGE_BYTES,
            "video_size_limit": VIDEO_BYTES,
        }
        urls = {"streaming": self.url.replace("http://", "wss://")}
        return Reply(
            200,
            {
                "domain": HOME,
                "title": "Mastodon",
                "version": self.server_version,
                "configuration": {"urls": urls, "statuses": statuses, "media_attachments": media},
            },
        )

    def _verify_app(self, call: Call) -> Reply:
        return Reply(200, {"id": "1", "name": "Heed", "scopes": list(self.scopes)})

    def _verify(self, call: Call) -> Reply:
        return Reply(200, {**self._profile(COMPANY), "source": {"language": "sl"}})

    # ------------------------------------------------------------------------------ reading

    def _list_notifications(self, call: Call) -> Reply:
        self._needs("read:notifications")
        wanted = {value for name, value in call.pairs if name == "types[]"}
        strangers = call.query.get("include_filtered") == "true"
        shown = [
            each
            for each in self._notifications
            if (not wanted or each.type in wanted)
            and (strangers or not each.filtered)
            and not (each.status and self._statuses[each.status].removed)
        ]
        page = _page(call, shown, most=80)
        address = f"{self.url}/api/v1/notifications"
        link = (
            f'<{address}?max_id={page[-1].id}>; rel="next", <{address}?min_id={page[0].id}>; rel="prev"'
            if page
            else ""
        )
        return Reply(200, [self._notification(each) for each in page], {"Link": link} if link else {})

    def _notification(self, told: _Notification) -> dict[str, Any]:
        view = {
            "id": told.id,
            "type": told.type,
            "created_at": _iso(told.at),
            "group_key": f"ungrouped-{told.id}",
            "account": self._profile(told.by),
            **told.more,
        }
        return {**view, "status": self._shown(self._statuses[told.status])} if told.status else view

    def _get_statuses(self, call: Call) -> Reply:
        ids = [value for name, value in call.pairs if name in ("id[]", "ids[]")]
        if len(ids) > 20:
            raise _No(422, "Preveč objav")
        found = [self._visible(each) for each in ids]
        return Reply(200, [self._shown(each) for each in found if each])

    def _get_status(self, call: Call, status_id: str) -> Reply:
        return Reply(200, self._shown(self._there(status_id)))

    def _context(self, call: Call, status_id: str) -> Reply:
        status = self._there(status_id)
        above: list[_Status] = []
        parent = self._visible(status.parent)
        while parent is not None:
            above.insert(0, parent)
            parent = self._visible(parent.parent)
        below = [each for each in self._all_below(status.id) if self._visible(each.id)]
        return Reply(
            200,
            {
                "ancestors": [self._shown(each) for each in above],
                "descendants": [self._shown(each) for each in below],
            },
        )

    def _source(self, call: Call, status_id: str) -> Reply:
        status = self._own(status_id)
        return Reply(200, {"id": status.id, "text": status.text, "spoiler_text": status.spoiler})

    def _history(self, call: Call, status_id: str) -> Reply:
        status = self._there(status_id)
        return Reply(
            200,
            [
                {
                    "content": self._html(text),
                    "spoiler_text": status.spoiler,
                    "sensitive": status.sensitive,
                    "created_at": _iso(at),
                    "account": self._profile(status.author),
                    "media_attachments": [each.shown() for each in status.media],
                }
                for at, text in status.versions
            ],
        )

    def _get_account(self, call: Call, account_id: str) -> Reply:
        return Reply(200, self._profile(self._person(account_id)))

    def _account_statuses(self, call: Call, account_id: str) -> Reply:
        key = self._person(account_id)
        theirs = [each for each in self._statuses.values() if each.author == key and self._visible(each.id)]
        return Reply(200, [self._shown(each) for each in _page(call, theirs, most=40)])

    def _stream(self, call: Call) -> Reply:
        """What happens from now on, for as long as somebody listens."""
        self._needs("read:notifications")
        events = self._events(len(self._notifications))
        return Reply(200, ":)\n\n", {"Content-Type": "text/event-stream"}, stream=events)

    def _events(self, told: int) -> Iterator[bytes]:
        """The news after the first `told`, and now and then a sign of life."""
        quiet = 0
        while not self._closed.wait(_STREAM_LOOKS) and not self._revoked:
            with self.lock:
                fresh = [self._notification(each) for each in self._notifications[told:]]
            told += len(fresh)
            quiet = 0 if fresh else quiet + 1
            for each in fresh:
                yield f"event: notification\ndata: {json.dumps(each)}\n\n".encode()
            if quiet * _STREAM_LOOKS >= _THUMP:
                quiet = 0
                yield b":thump\n"

    # ------------------------------------------------------------------------------ writing

    def _post(self, call: Call) -> Reply:
        self._needs("write:statuses")
        given: dict[str, Any] = call.json if isinstance(call.json, dict) else {**call.form}
        key = call.headers.get("idempotency-key", "")
        if key in self._keys and self.keeps_keys and self._keys[key][1] > self.clock.now() - KEY_LIFE:
            return Reply(200, self._shown(self._statuses[self._keys[key][0]]))
        text = str(given.get("status") or "")
        media = self._attached(given.get("media_ids") or [])
        self._check_text(text, bool(media))
        visibility = str(given.get("visibility") or "public")
        if visibility not in VISIBILITIES:
            raise _No(422, "Preverjanje ni uspelo: Vidnost ni na seznamu")
        parent = str(given.get("in_reply_to_id") or "")
        if parent:
            self._there(parent)
        quote = str(given.get("quoted_status_id") or "")
        if quote and self._there(quote).visibility not in SEEN_BY_ALL:
            raise _No(422, "Te objave ni mogoče citirati")
        headers = self._spend("posts")
        status = self._write(COMPANY, text, visibility, parent=parent, quote=quote, media=media)
        status.spoiler = str(given.get("spoiler_text") or "")
        status.sensitive = given.get("sensitive") in (True, "true")
        if key:
            self._keys[key] = (status.id, self.clock.now())
        return Reply(200, self._shown(status), headers)

    def _put(self, call: Call, status_id: str) -> Reply:
        self._needs("write:statuses")
        status = self._own(status_id)
        given: dict[str, Any] = call.json if isinstance(call.json, dict) else {**call.form}
        media = self._attached(given.get("media_ids") or [])
        text = str(given.get("status") or "")
        self._check_text(text, bool(media))
        status.media = media  # what is not named again is taken away
        status.spoiler = str(given.get("spoiler_text") or "")
        self._edit(status, text)
        return Reply(200, self._shown(status))

    def _delete(self, call: Call, status_id: str) -> Reply:
        self._needs("write:statuses")
        status = self._own(status_id)
        headers = self._spend("deletions")
        status.removed = True
        return Reply(200, {**self._shown(status), "text": status.text}, headers)

    def _react(self, call: Call, status_id: str, verb: str) -> Reply:
        status = self._there(status_id)
        self._needs("write:favourites" if "fav" in verb else "write:statuses")
        if verb == "reblog" and status.visibility not in SEEN_BY_ALL and status.author != COMPANY:
            raise _No(404, "Zapis ni bil najden")
        kept = status.likes if "fav" in verb else status.boosts
        if verb.startswith("un"):
            kept.discard(COMPANY)
        else:
            kept.add(COMPANY)
        shown = self._shown(status)
        return Reply(200, {**shown, "reblog": shown} if verb == "reblog" else shown)

    def _upload(self, call: Call) -> Reply:
        self._needs("write:media")
        file = next((part for part in call.parts if part.name == "file" and part.filename), None)
        if file is None or file.mime not in TYPES:
            raise _No(422, "Preverjanje ni uspelo: Vrsta datoteke ni podprta")
        if len(file.content) > (IMAGE_BYTES if file.mime.startswith("image/") else VIDEO_BYTES):
            raise _No(422, "Preverjanje ni uspelo: Datoteka je prevelika")
        headers = self._spend("uploads")
        url = self.keep(file.content, file.mime, file.filename)
        at_once = file.mime.startswith("image/")
        media = _Media(
            str(self.ids.number()),
            url,
            file.mime,
            call.form.get("description", ""),
            0 if at_once else LOOKS_UNTIL_READY,
        )
        self._media[media.id] = media
        return Reply(200 if at_once else 202, media.shown(), headers)

    def _get_media(self, call: Call, media_id: str) -> Reply:
        media = self._media.get(media_id)
        if media is None:
            raise _No(404, "Zapis ni bil najden")
        media.looks -= 1
        return Reply(206 if media.looks > 0 else 200, media.shown())

    def _attached(self, ids: list[Any]) -> list[_Media]:
        media = [self._media[str(each)] for each in ids if str(each) in self._media]
        if len(media) != len(ids):
            raise _No(422, "Preverjanje ni uspelo: Predstavnost ne obstaja")
        if any(each.looks > 0 for each in media):
            raise _No(422, "Datotek, ki še niso obdelane, ni mogoče priložiti. Poskusite kmalu.")
        moving = any(each.type in ("video", "audio") for each in media)
        if len(media) > MOST_FILES or (moving and len(media) > 1):
            raise _No(422, "Videa ni mogoče priložiti objavi, ki že vsebuje slike")
        return media

    def _check_text(self, text: str, with_media: bool) -> None:
        if not text.strip() and not with_media:
            raise _No(422, "Preverjanje ni uspelo: Besedilo ne sme biti prazno")
        near = _NAME.sub(lambda found: f"@{found[1]}", text)
        links = re.findall(r"https?://\S+", near)
        if len(re.sub(r"https?://\S+", "", near)) + PER_URL * len(links) > CHARACTERS:
            raise _No(422, f"Preverjanje ni uspelo: Omejitev {CHARACTERS} znakov je presežena")

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes and scope.partition(":")[0] not in self.scopes:
            raise _No(403, "To dejanje je zunaj odobrenih obsegov")

    # ---------------------------------------------------------------------------- customers

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """A post that names the company: where its name stands in the text, else at the start."""
        return self._said(person, self._naming(person, text), "public", picture=picture)

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        """A reply under a post, or to a reply there. Mastodon puts the names before it."""
        to = self._standing(parent or post or self._newest_post().id)
        visibility = to.visibility if to.visibility != "direct" else "public"
        return self._said(person, self._naming(person, text), visibility, parent=to.id, picture=picture)

    play_reply = play_comment

    def play_message(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """A private mention, in the conversation there is."""
        self._known(person)
        theirs = [each for each in self._direct(person) if not each.removed]
        parent = theirs[-1].id if theirs else ""
        return self._said(person, self._naming(person, text), "direct", parent=parent, picture=picture)

    def play_whisper(self, person: str, text: str, parent: str = "") -> dict[str, Any]:
        """A mention that only the customer's followers and the company see."""
        return self._said(person, self._naming(person, text), "private", parent=parent)

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._standing(post or self._newest_post().id)
        return self._said(person, text, "public", quote=quoted.id)

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        status = self._theirs(person, id)
        self._edit(status, self._naming(person, text) if self._names(status.text) else text)
        return {"id": status.id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        self._theirs(person, id).removed = True
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        self._known(person)
        status = self._standing(id)
        kept = {"like": status.likes, "repost": status.boosts}.get(reaction)
        if kept is None:
            raise PlayError(_("On Mastodon one can like or boost."))
        if on and person not in kept:
            kept.add(person)
            if status.author == COMPANY:
                self._tell("favourite" if reaction == "like" else "reblog", person, status)
        elif not on:
            kept.discard(person)
        return {"id": status.id}

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        status = self._write(COMPANY, text, "public", media=self._pictured(picture))
        status.faces = (likes, shares)
        return {"id": status.id}

    def play_write_elsewhere(self, text: str, parent: str) -> dict[str, Any]:
        """The company replies from Mastodon's own app."""
        to = self._standing(parent)
        said = f"@{self._acct(to.author)} {text}"
        return {"id": self._write(COMPANY, said, to.visibility, parent=to.id).id}

    def play_say_elsewhere(self, person: str, text: str) -> dict[str, Any]:
        """The company writes privately from Mastodon's own app."""
        self._known(person)
        return {"id": self._write(COMPANY, f"@{self._acct(person)} {text}", "direct").id}

    def play_follow(self, person: str) -> dict[str, Any]:
        self._known(person)
        self._tell("follow", person)
        return {}

    def play_warn(self, action: str = "none", text: str = "") -> dict[str, Any]:
        """The server's moderators have something to say."""
        self._tell(
            "moderation_warning", COMPANY, more={"moderation_warning": {"action": action, "text": text}}
        )
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        self._revoked = True
        return {}

    def play_scopes(self, scopes: str) -> dict[str, Any]:
        """What the token may do from now on."""
        self.scopes = tuple(scopes.split())
        return {}

    def play_forget_keys(self) -> dict[str, Any]:
        """Some servers do not know the header that makes a second attempt harmless."""
        self.keeps_keys = False
        return {}

    # -------------------------------------------------------------------------- what is seen

    def scene(self, person: str) -> Scene:
        self._known(person)
        told = {each.status for each in self._notifications}
        tops = [each for each in self._statuses.values() if not each.parent and each.visibility != "direct"]
        shown = [each for each in tops if each.author in (person, COMPANY) or each.id in told]
        posts = [self._post_view(each, person) for each in shown[-_MOST_SHOWN:]]
        lines = [self._line(each, person) for each in self._direct(person)]
        chats = [ChatView(id=person, title=COMPANY, lines=lines)] if lines else []
        return Scene(posts=sorted(posts, key=lambda each: each.at, reverse=True), chats=chats)

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._statuses.values() if each.author == COMPANY]
        return {
            "statuses": [
                {
                    "id": each.id,
                    "text": each.text,
                    "visibility": each.visibility,
                    "parent": each.parent,
                    "quote": each.quote,
                    "files": [media.url for media in each.media],
                    "told": sorted(self._names(each.text)),
                    "removed": each.removed,
                }
                for each in ours
            ],
            "likes": [each.id for each in self._statuses.values() if COMPANY in each.likes],
            "boosts": [each.id for each in self._statuses.values() if COMPANY in each.boosts],
        }

    def _post_view(self, status: _Status, person: str) -> PostView:
        return PostView(
            id=status.id,
            author=self.people[status.author],
            text=_bare(status.text),
            at=status.at,
            picture=_first_picture(status),
            likes=len(status.likes) + status.faces[0],
            shares=len(status.boosts) + status.faces[1],
            ours=status.author == COMPANY,
            mine=status.author == person,
            liked=COMPANY in status.likes,
            reacted=person in status.likes,
            removed=status.removed,
            comments=self._lines_under(status.id, person),
        )

    def _lines_under(self, status_id: str, person: str) -> list[Line]:
        below = [each for each in self._below.get(status_id, ()) if each.visibility != "direct"]
        return [self._line(each, person, self._lines_under(each.id, person)) for each in below]

    def _line(self, status: _Status, person: str, replies: list[Line] | None = None) -> Line:
        picture = _first_picture(status)
        return Line(
            id=status.id,
            author=self.people[status.author],
            text=_bare(status.text),
            at=status.at,
            ours=status.author == COMPANY,
            mine=status.author == person,
            picture=picture,
            files=[each.url for each in status.media if each.url != picture],
            likes=len(status.likes),
            liked=COMPANY in status.likes,
            reacted=person in status.likes,
            edited=status.edited_at is not None,
            removed=status.removed,
            replies=replies or [],
        )

    def _direct(self, person: str) -> list[_Status]:
        """The private statuses between this person and us: each reaches only whom it names."""
        return [
            each
            for each in self._statuses.values()
            if each.visibility == "direct"
            and (
                (each.author == person and COMPANY in self._names(each.text))
                or (each.author == COMPANY and person in self._names(each.text))
            )
        ]

    # ------------------------------------------------------------------------- small things

    def _said(
        self,
        person: str,
        text: str,
        visibility: str,
        *,
        parent: str = "",
        quote: str = "",
        picture: str = "",
    ) -> dict[str, Any]:
        self._known(person)
        media = self._pictured(picture)
        return {"id": self._write(person, text, visibility, parent=parent, quote=quote, media=media).id}

    def _write(
        self,
        author: str,
        text: str,
        visibility: str,
        *,
        parent: str = "",
        quote: str = "",
        media: list[_Media] | None = None,
    ) -> _Status:
        now = self.clock.now()
        status = _Status(str(self.ids.number()), author, text, visibility, now, parent, quote, media or [])
        status.versions = [(now, text)]
        self._statuses[status.id] = status
        if parent:
            self._below.setdefault(parent, []).append(status)
        if author != COMPANY:
            if COMPANY in self._names(text):
                self._tell("mention", author, status)
            elif quote and self._statuses[quote].author == COMPANY:
                self._tell("quote", author, status)
        return status

    def _tell(
        self, kind: str, by: str, status: _Status | None = None, more: dict[str, Any] | None = None
    ) -> None:
        """Tell the account. What strangers write privately is held back from those who do not ask."""
        filtered = status is not None and status.visibility == "direct" and by not in self.followed
        told = _Notification(
            str(self.ids.number()),
            kind,
            self.clock.now(),
            by,
            status.id if status else "",
            more or {},
            filtered,
        )
        self._notifications.append(told)

    def _edit(self, status: _Status, text: str) -> None:
        """A changed status. Only who boosted it is told."""
        status.text = text
        status.versions.append((self.clock.now(), text))
        if COMPANY in status.boosts and status.author != COMPANY:
            self._tell("update", status.author, status)

    def _naming(self, person: str, text: str) -> str:
        """The text with the company named in it, as it is written on the person's own server."""
        if COMPANY in self._names(text):
            return text
        return f"@acme@{HOME} {text}" if person in FROM_AWAY else f"@acme {text}"

    def _names(self, text: str) -> set[str]:
        found = {self._named(match[1], match[2]) for match in _NAME.finditer(text)}
        return {each for each in found if each}

    def _named(self, name: str, host: str | None) -> str:
        for key in self.people:
            if self._username(key) == name.lower() and (host or HOME) == self._host(key):
                return key
        return ""

    def _username(self, key: str) -> str:
        return "acme" if key == COMPANY else person_named(key).handle.replace(".", "_")

    def _host(self, key: str) -> str:
        return AWAY if key in FROM_AWAY else HOME

    def _acct(self, key: str) -> str:
        return self._username(key) + (f"@{AWAY}" if key in FROM_AWAY else "")

    def _id_of(self, key: str) -> str:
        return str(10**17 + int(self.ids.stable("mastodon", key, size=12), 16))

    def _person(self, account_id: str) -> str:
        for key in self.people:
            if self._id_of(key) == account_id:
                return key
        raise _No(404, "Zapis ni bil najden")

    def _known(self, person: str) -> None:
        if person not in self.people:
            raise PlayError(f"Nobody of the cast is called {person}.")

    def _profile(self, key: str) -> dict[str, Any]:
        return {
            "id": self._id_of(key),
            "username": self._username(key),
            "acct": self._acct(key),
            "display_name": self.people[key],
            "url": f"https://{self._host(key)}/@{self._username(key)}",
            "avatar": "",
            "bot": False,
            "locked": False,
        }

    def _shown(self, status: _Status) -> dict[str, Any]:
        address = f"https://{self._host(status.author)}/@{self._username(status.author)}"
        named = [key for key in self.people if key in self._names(status.text)]
        parent = self._statuses.get(status.parent)
        view: dict[str, Any] = {
            "id": status.id,
            "created_at": _iso(status.at),
            "in_reply_to_id": status.parent or None,
            "in_reply_to_account_id": self._id_of(parent.author) if parent else None,
            "sensitive": status.sensitive,
            "spoiler_text": status.spoiler,
            "visibility": status.visibility,
            "language": None if status.author == COMPANY else person_named(status.author).language,
            "uri": f"{address}/statuses/{status.id}",
            "url": f"{address}/{status.id}",
            "replies_count": len(self._below.get(status.id, ())),
            "reblogs_count": len(status.boosts) + status.faces[1],
            "favourites_count": len(status.likes) + status.faces[0],
            "edited_at": _iso(status.edited_at) if status.edited_at else None,
            "favourited": COMPANY in status.likes,
            "reblogged": COMPANY in status.boosts,
            "content": self._html(status.text),
            "reblog": None,
            "account": self._profile(status.author),
            "media_attachments": [each.shown() for each in status.media],
            "mentions": [
                {name: self._profile(key)[name] for name in ("id", "username", "url", "acct")}
                for key in named
            ],
            "tags": [],
            "emojis": [],
            "poll": None,
            "quote": None,
        }
        if status.quote:
            view["quote"] = {"state": "accepted", "quoted_status": self._shown(self._statuses[status.quote])}
        return view

    def _html(self, text: str) -> str:
        paragraphs = [part.replace("\n", "<br>") for part in self._marked(text).split("\n\n")]
        return "".join(f"<p>{part}</p>" for part in paragraphs)

    def _marked(self, text: str) -> str:
        """The text with its links and names as the server writes them."""
        out, at = "", 0
        for found in _TOKEN.finditer(text):
            out += html.escape(text[at : found.start()], quote=False)
            out += self._link(found[1]) if found[1] else self._mention(found)
            at = found.end()
        return out + html.escape(text[at:], quote=False)

    def _link(self, url: str) -> str:
        scheme, _colon, rest = url.partition("://")
        shown, hidden = rest[:30], rest[30:]
        kind = ' class="ellipsis"' if hidden else ""
        return (
            f'<a href="{html.escape(url)}" target="_blank" rel="nofollow noopener">'
            f'<span class="invisible">{scheme}://</span><span{kind}>{html.escape(shown)}</span>'
            f'<span class="invisible">{html.escape(hidden)}</span></a>'
        )

    def _mention(self, found: re.Match[str]) -> str:
        key = self._named(found[2], found[3])
        if not key:
            return found[0]
        address = f"https://{self._host(key)}/@{self._username(key)}"
        return (
            f'<span class="h-card" translate="no"><a href="{address}" class="u-url mention">'
            f"@<span>{self._username(key)}</span></a></span>"
        )

    def _visible(self, status_id: str) -> _Status | None:
        """The status as the account sees it: not what was removed, nor what was said to others."""
        if not status_id:
            return None
        status = self._statuses.get(status_id) or self._old(status_id)
        if status is None or status.removed:
            return None
        hidden = status.visibility not in SEEN_BY_ALL and status.author != COMPANY
        return None if hidden and COMPANY not in self._names(status.text) else status

    def _old(self, status_id: str) -> _Status | None:
        """A placeholder for a status of an earlier run."""
        if not status_id.isdigit() or not 10**14 < int(status_id) < self._born:
            return None
        old = _Status(status_id, COMPANY, "…", "public", self.clock.now())
        old.versions = [(old.at, old.text)]
        self._statuses[status_id] = old
        return old

    def _there(self, status_id: str) -> _Status:
        status = self._visible(status_id)
        if status is None:
            raise _No(404, "Zapis ni bil najden")
        return status

    def _own(self, status_id: str) -> _Status:
        status = self._there(status_id)
        if status.author != COMPANY:
            raise _No(404, "Zapis ni bil najden")
        return status

    def _standing(self, status_id: str) -> _Status:
        status = self._statuses.get(status_id) or self._old(status_id)
        if status is None or status.removed:
            raise PlayError(_("That post is no longer there."))
        return status

    def _theirs(self, person: str, status_id: str) -> _Status:
        status = self._standing(status_id)
        if status.author != person:
            raise PlayError(_("Only one's own posts can be changed."))
        return status

    def _newest_post(self) -> _Status:
        posts = [
            each
            for each in self._statuses.values()
            if each.author == COMPANY and not each.parent and each.visibility == "public" and not each.removed
        ]
        if not posts:
            raise PlayError(_("The company has not posted anything yet."))
        return posts[-1]

    def _all_below(self, status_id: str) -> list[_Status]:
        direct = self._below.get(status_id, [])
        return [each for child in direct for each in (child, *self._all_below(child.id))]

    def _pictured(self, picture: str) -> list[_Media]:
        url = self.picture(picture)
        if not url:
            return []
        media = _Media(str(self.ids.number()), url, "image/png", picture if len(picture) < 40 else "")
        self._media[media.id] = media
        return [media]


def _page(call: Call, items: list[Any], most: int) -> list[Any]:
    """A page, newest first. `min_id` gives what is just above it, `since_id` the newest above it."""
    limit = min(int(call.query.get("limit") or 40), most)
    newest = sorted(items, key=lambda each: (len(each.id), each.id), reverse=True)
    place = {name: call.query.get(name, "") for name in ("min_id", "since_id", "max_id")}
    for name in ("min_id", "since_id"):
        if place[name]:
            low = (len(place[name]), place[name])
            newest = [each for each in newest if (len(each.id), each.id) > low]
    if place["max_id"]:
        high = (len(place["max_id"]), place["max_id"])
        newest = [each for each in newest if (len(each.id), each.id) < high]
    return newest[-limit:] if place["min_id"] else newest[:limit]


def _oauth_error(status: int, error: str) -> Reply:
    return Reply(status, {"error": error, "error_description": "Odobritev ni veljavna."})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _bare(text: str) -> str:
    """The words as apps show them: without the names a reply begins with."""
    rest = text
    while found := _LEADING.match(rest):
        rest = rest[found.end() :]
    return rest.strip() or text


def _first_picture(status: _Status) -> str:
    return next((each.url for each in status.media if each.type in ("image", "gifv")), "")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _route(method: str, path: str) -> tuple[str, re.Pattern[str]]:
    return method, re.compile(path.replace(":id", "([^/]+)"))


_OPEN: list[tuple[str, re.Pattern[str], Callable[[Mastodon, Call], Reply]]] = [
    (*_route("POST", "/api/v1/apps"), Mastodon._register),
    (*_route("GET", "/oauth/authorize"), Mastodon._authorize),
    (*_route("POST", "/oauth/token"), Mastodon._token),
    (*_route("GET", "/api/v2/instance"), Mastodon._instance),
    (*_route("GET", "/api/v1/streaming/health"), lambda _mastodon, _call: Reply(200, "OK")),
]
_SIGNED: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
    (*_route("GET", "/api/v1/accounts/verify_credentials"), Mastodon._verify),
    (*_route("GET", "/api/v1/apps/verify_credentials"), Mastodon._verify_app),
    (*_route("GET", "/api/v1/notifications"), Mastodon._list_notifications),
    (*_route("GET", "/api/v1/streaming/user/notification"), Mastodon._stream),
    (*_route("GET", "/api/v1/accounts/:id"), Mastodon._get_account),
    (*_route("GET", "/api/v1/accounts/:id/statuses"), Mastodon._account_statuses),
    (*_route("GET", "/api/v1/statuses"), Mastodon._get_statuses),
    (*_route("POST", "/api/v1/statuses"), Mastodon._post),
    (*_route("GET", "/api/v1/statuses/:id"), Mastodon._get_status),
    (*_route("PUT", "/api/v1/statuses/:id"), Mastodon._put),
    (*_route("DELETE", "/api/v1/statuses/:id"), Mastodon._delete),
    (*_route("GET", "/api/v1/statuses/:id/context"), Mastodon._context),
    (*_route("GET", "/api/v1/statuses/:id/source"), Mastodon._source),
    (*_route("GET", "/api/v1/statuses/:id/history"), Mastodon._history),
    (*_route("POST", "/api/v1/statuses/:id/(favourite|unfavourite|reblog|unreblog)"), Mastodon._react),
    (*_route("POST", "/api/v2/media"), Mastodon._upload),
    (*_route("GET", "/api/v1/media/:id"), Mastodon._get_media),
]

simulator = Mastodon
