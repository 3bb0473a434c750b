"""The real network behind the face of a simulator: the same suite runs against both.

Calls are handed on to the real servers; what customers do is done there by their own accounts. Only
chat, which has no public server, stays the simulator's: the real server passes it on to that.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from heed.channels.bluesky.tests.network.real import Customer, RealNetwork
from heed.lib.loopback import Loopback
from heed.sandbox import Sandbox
from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, DemoAccount, Line, PlayError, PostView, Reply, Scene
from heed.sandbox.networks.bluesky import CHAT, LIKE, REPOST, Bluesky

_JWT_SECRET = b"jwt-secret"  # the development network signs its tokens with this
_PASSED_ON = ("authorization", "content-type", "accept")
_TOLD_BACK = ("content-type", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")


class RealBluesky(Bluesky):
    """The company's account and the customers', on a real network."""

    def __init__(
        self,
        sandbox: Sandbox,
        network: RealNetwork,
        chat_service: ChatService,
        company: Customer,
        people: Mapping[str, Customer],
    ) -> None:
        self.network = network
        self.own = company
        self.people = {**people, COMPANY: company}
        super().__init__(sandbox)
        for each in self.people.values():
            self._handles[each.did] = each.handle
        self._chat_service = chat_service
        self._tokens: set[str] = set()
        self._expired: set[str] = set()
        chat_service.bluesky = self
        made = company.call("com.atproto.server.createAppPassword", name="heed", privileged=True)
        self.app_password = str(made["password"])

    def accounts(self) -> list[DemoAccount]:
        credentials = {"identifier": self.own.handle, "app_password": self.app_password}
        return [DemoAccount(COMPANY, self.own.did, credentials)]

    def answer(self, call: Call) -> Reply:
        headers = {name: value for name, value in call.headers.items() if name in _PASSED_ON}
        if "authorization" in headers:
            headers["authorization"] = self._aged(headers["authorization"])
        if proxy := call.headers.get("atproto-proxy"):
            headers["atproto-proxy"] = self._chat_service.proxy if proxy == CHAT else proxy
        answer = self.network.http.request(
            call.method, call.path, params=list(call.pairs), content=call.body or None, headers=headers
        )
        if call.method == "POST" and "com.atproto.repo." in call.path:
            self.network.settle()
        told = {name.title(): answer.headers[name] for name in _TOLD_BACK if name in answer.headers}
        return Reply(answer.status_code, answer.content, told)

    def scene(self, person: str) -> Scene:
        """What we posted, as this customer's account sees it, and the private chats."""
        self.network.settle()
        feed = self.people[person].get(
            "app.bsky.feed.getAuthorFeed", actor=self.us, filter="posts_with_replies", limit=100
        )
        lines = [self._shown(each["post"]) for each in feed["feed"]]
        chats = [
            self._chat_view(convo, self._did(person))
            for convo in self._convos.values()
            if self._did(person) in convo.members
        ]
        posts = [PostView("", COMPANY, "", line.at, comments=[line]) for line in lines]
        return Scene(posts, chats)

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        return self._done(self.own.post(text))

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        customer = self.people[person]
        return self._done(customer.mention(self.own, text, **self._embed(customer, picture)))

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        to = self._view(parent or post or self._newest())
        root = (to["record"].get("reply") or {}).get("root") or _ref(to)
        customer = self.people[person]
        more = self._embed(customer, picture)
        return self._done(customer.post(text, reply={"root": root, "parent": _ref(to)}, **more))

    play_reply = play_comment

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._view(post or self._newest())
        embed = {"$type": "app.bsky.embed.record", "record": _ref(quoted)}
        return self._done(self.people[person].post(text, embed=embed))

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        if not on:
            raise PlayError("Delete the like's own record instead.")
        return self._done(
            self.people[person].react({"like": LIKE, "repost": REPOST}[reaction], self._view(id))
        )

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        self.people[person].delete(id)
        self.network.settle()
        return {"id": id}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The app password is withdrawn, and two hours pass."""
        self.own.call("com.atproto.server.revokeAppPassword", name="heed")
        return self.play_expire_token()

    def play_expire_token(self) -> dict[str, Any]:
        """Two hours pass for every token used so far: the server gets them with their time run out."""
        self._expired |= self._tokens
        time.sleep(1.1)  # two tokens made in one second are the same word
        return {}

    def _did(self, key: str) -> str:
        return self.people[key].did

    def _view(self, uri: str) -> dict[str, Any]:
        posts = self.own.get("app.bsky.feed.getPosts", uris=[uri])["posts"]
        view: dict[str, Any] = posts[0]
        return view

    def _newest(self) -> str:
        feed = self.own.get("app.bsky.feed.getAuthorFeed", actor=self.us, filter="posts_no_replies")
        return str(feed["feed"][0]["post"]["uri"])

    def _shown(self, view: Mapping[str, Any]) -> Line:
        at = self.clock.now()
        return Line(view["uri"], COMPANY, view["record"]["text"], at, ours=view["author"]["did"] == self.us)

    def _embed(self, customer: Customer, picture: str) -> dict[str, Any]:
        if not picture:
            return {}
        kept = self.kept(self.picture(picture).removeprefix(self.url))
        blob = customer.upload(kept.content(), kept.headers["Content-Type"])
        return {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}}

    def _done(self, made: Mapping[str, Any]) -> dict[str, Any]:
        self.network.settle()
        return {"id": made["uri"], "cid": made["cid"]}

    def _aged(self, authorization: str) -> str:
        token = authorization.removeprefix("Bearer ")
        if _claims(token).get("scope") == "com.atproto.refresh":
            return authorization
        self._tokens.add(token)
        return f"Bearer {_ended(token)}" if token in self._expired else authorization


class ChatService:
    """The chat service that the real server passes calls on to: `did:web:localhost%3APORT`."""

    def __init__(self) -> None:
        self.bluesky: RealBluesky | None = None
        handler = type("Handler", (_ChatHandler,), {"service": self})
        self._http = Loopback(handler)
        self.port = self._http.server_port
        self.did = f"did:web:localhost%3A{self.port}"
        self.proxy = f"{self.did}#bsky_chat"

    def __enter__(self) -> ChatService:
        self._http.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.end()

    def document(self) -> dict[str, Any]:
        endpoint = f"http://localhost:{self.port}"
        service = {"id": "#bsky_chat", "type": "BskyChatService", "serviceEndpoint": endpoint}
        return {"@context": ["https://www.w3.org/ns/did/v1"], "id": self.did, "service": [service]}

    def answer(self, call: Call) -> Reply:
        if call.path == "/.well-known/did.json":
            return Reply(200, self.document())
        if self.bluesky is None:
            return Reply(503, {"error": "NotReady", "message": "nobody is here yet"})
        claims = _claims(call.headers.get("authorization", "").removeprefix("Bearer "))
        caller = str(claims.get("iss", "")).partition("#")[0]
        # No lock: the bridge holds it while the real server calls here on its behalf.
        return self.bluesky.chat(call.path.removeprefix("/xrpc/"), call, caller)


class _ChatHandler(BaseHTTPRequestHandler):
    service: ChatService
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        reply = self.service.answer(Call(self.command, parts.path, pairs, headers, body))
        content = reply.content()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type())
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the names http.server asks for

    def log_message(self, format: str, *args: Any) -> None:
        return


def _ref(view: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": view["uri"], "cid": view["cid"]}


def _claims(token: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(_unb64(token.split(".")[1]))
    except (IndexError, ValueError):
        return {}
    return parsed


def _ended(token: str) -> str:
    """The same token as it would look two hours later: its end lies in the past."""
    head = token.split(".")[0]
    now = int(time.time())
    claims = {**_claims(token), "iat": now - 7260, "exp": now - 60}
    signed = f"{head}.{_b64(json.dumps(claims).encode())}"
    return f"{signed}.{_b64(hmac.digest(_JWT_SECRET, signed.encode(), 'sha256'))}"


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
