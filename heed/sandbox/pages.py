"""The page on which one plays the customer, in the four languages."""

from __future__ import annotations

import mimetypes
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.template import Context, Engine
from django.utils import translation

from heed.sandbox.cast import COMPANY, CUSTOMERS, Person
from heed.sandbox.frame import Call, Reply, Simulator
from heed.sandbox.kinds import PLACES

if TYPE_CHECKING:
    from heed.sandbox.frame import Sandbox

HERE = Path(__file__).parent
LANGUAGES = (("en", "English"), ("sl", "Slovenščina"), ("mn", "Монгол"), ("ar", "العربية"))
PICTURES = ("boot", "sandal", "box")
COOKIE = "sandbox_language"
_POLICY = (
    "default-src 'self'; img-src * data:; style-src-attr 'unsafe-inline'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def answer(sandbox: Sandbox, call: Call) -> Reply:
    """Answer a call that is meant for a browser."""
    if call.method != "GET":
        return Reply(405, "This address takes GET.")
    with translation.override(language_of(call)):
        match call.path.strip("/").split("/"):
            case [""]:
                return _page("front.html", sandbox, call, None)
            case ["play", network] if network in sandbox:
                return _page("play.html", sandbox, call, sandbox[network])
            case ["play", network, "scene"] if network in sandbox:
                return _scene(sandbox[network], call)
            case ["static", name]:
                return _static(name)
    return Reply(404, "There is nothing here.")


def language_of(call: Call) -> str:
    """The language chosen on the page, else the browser's first that we speak, else English."""
    cookies = SimpleCookie(call.headers.get("cookie", ""))
    kept = cookies[COOKIE].value if COOKIE in cookies else ""
    asked = [part.split(";")[0].strip()[:2] for part in call.headers.get("accept-language", "").split(",")]
    return next((each for each in [kept, *asked] if each in dict(LANGUAGES)), "en")


def _chosen(call: Call) -> Reply | None:
    """The answer to a choice of language: keep it and show the same page again."""
    chosen = call.query.get("language", "")
    if chosen not in dict(LANGUAGES):
        return None
    rest = urlencode([(name, value) for name, value in call.pairs if name != "language"])
    cookie = f"{COOKIE}={chosen}; Path=/; Max-Age=31536000; SameSite=Lax"
    return Reply(303, b"", {"Location": f"{call.path}?{rest}", "Set-Cookie": cookie})


def _page(template: str, sandbox: Sandbox, call: Call, simulator: Simulator | None) -> Reply:
    if chosen := _chosen(call):
        return chosen
    language = translation.get_language()
    facts: dict[str, Any] = {
        "networks": [each for each in sandbox.simulators.values() if not each.branch],
        "network": simulator,
        "faces": CUSTOMERS,
        "face": _face(call),
        "languages": LANGUAGES,
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "company": COMPANY,
        "pictures": PICTURES,
    }
    if simulator:
        facts.update(_facts(simulator, call))
        facts["accounts"] = [each for each in sandbox.simulators.values() if each.name == simulator.name]
    return _html(template, facts)


def _scene(simulator: Simulator, call: Call) -> Reply:
    """The part of the page that changes; 204 when it has not changed since `version`."""
    if call.query.get("version") == str(simulator.version):
        return Reply(204)
    return _html("scene.html", _facts(simulator, call))


def _facts(simulator: Simulator, call: Call) -> dict[str, Any]:
    face = _face(call)
    with simulator.lock:
        return {
            "version": simulator.version,
            "scene": simulator.scene(face.key),
            "network": simulator,
            "kinds": {place: [kind for kind in simulator.kinds if place in kind.at] for place in PLACES},
            "face": face,
            "company": simulator.company,
        }


def _face(call: Call) -> Person:
    wanted = call.query.get("person", "")
    return next((face for face in CUSTOMERS if face.key == wanted), CUSTOMERS[0])


def _html(template: str, facts: dict[str, Any]) -> Reply:
    html = _engine().get_template(template).render(Context(facts))
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
    }
    return Reply(200, html, headers)


@cache
def _engine() -> Engine:
    return Engine(
        dirs=[str(HERE / "templates" / "sandbox")],
        builtins=["django.templatetags.i18n", "heed.sandbox.faces"],
    )


def _static(name: str) -> Reply:
    path = HERE / "static" / "sandbox" / name
    if not path.is_file() or path.parent != HERE / "static" / "sandbox":
        return Reply(404, "No such file")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Reply(200, path.read_bytes(), {"Content-Type": f"{kind}; charset=utf-8"})
