"""The script: how large it is, what it says, how it looks."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from heed.channels.models import Account
from heed.widget.look import HOUSE_COLOUR, look_of, way_back
from heed.widget.script import HERE
from heed.widget.words import words

MOST_BYTES = 20 * 1024


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_it_is_small(account: Account, language: str) -> None:
    found = Client().get("/widget/acme-shop.js", headers={"Accept-Language": language})
    assert found.status_code == 200
    assert found["Content-Type"] == "text/javascript; charset=utf-8"
    assert len(found.content) <= MOST_BYTES
    assert len(gzip.compress(found.content)) <= MOST_BYTES // 2


def test_it_is_fetched_once(account: Account) -> None:
    found = Client().get("/widget/acme-shop.js")
    assert "max-age" in found["Cache-Control"]
    again = Client().get("/widget/acme-shop.js", headers={"If-None-Match": found["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    account.settings = {"colour": "#aa0000"}
    account.save()
    changed = Client().get("/widget/acme-shop.js", headers={"If-None-Match": found["ETag"]})
    assert changed.status_code == 200
    assert b"#aa0000" in changed.content


def test_it_is_sent_compressed(account: Account) -> None:
    found = Client().get("/widget/acme-shop.js", headers={"Accept-Encoding": "gzip"})
    assert found["Content-Encoding"] == "gzip"
    assert len(found.content) <= MOST_BYTES // 2
    tag = {"Accept-Encoding": "gzip", "If-None-Match": found["ETag"]}
    assert Client().get("/widget/acme-shop.js", headers=tag).status_code == 304


def test_any_page_may_load_it(account: Account) -> None:
    found = Client().get("/widget/acme-shop.js", headers={"Origin": "https://evil.example"})
    assert found["Access-Control-Allow-Origin"] == "*"
    assert found["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_it_holds_no_secret(account: Account) -> None:
    found = Client().get("/widget/acme-shop.js").content.decode()
    assert account.credentials["secret"] not in found
    assert account.hook_token not in found


@pytest.mark.skipif(shutil.which("node") is None, reason="a JavaScript engine reads it")
def test_it_is_whole_after_tightening(account: Account) -> None:
    found = Client().get("/widget/acme-shop.js").content
    node = str(shutil.which("node"))
    checked = subprocess.run([node, "--check", "-"], input=found, capture_output=True)
    assert checked.returncode == 0, checked.stderr


def _played(code: str, until: str = "let token") -> Any:
    """What the code prints as JSON, given the chat's script from its state to the end of the section where
    `until` stands."""
    whole = (HERE / "chat.js").read_text()
    part = whole[whole.index("let token") : whole.index("// ---", whole.index(until))]
    run = [str(shutil.which("node")), "-e", code]
    done = subprocess.run(run, input=part.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


_TWO_TABS = """
const vm = require("vm"), kept = {}, part = require("fs").readFileSync(0, "utf8");
const tab = () => {
  const page = vm.createContext({ localStorage: kept, sessionStorage: {} });
  vm.runInContext("const user = undefined, store = 's', ours = 'o';" + part, page);
  return code => vm.runInContext(code, page);
};
const waits = () => JSON.parse(kept.s).unsent.map(n => n.id).sort().join();
const write = (tab, id) => tab(`token = "t"; unsent.push({ id: "${id}" }); save()`);
const [a, b] = [tab(), tab()], found = [];
write(a, "a1"); write(b, "b1"); write(a, "a2"); found.push(waits());
a("unsent = unsent.filter(n => n.id !== 'a1'); save()"); found.push(waits());
b("unsent[0].failed = true; save()"); a("save()"); found.push(waits());
write(b, "b2"); a("token = 'another'; unsent = []; save()"); found.push(waits());
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="a JavaScript engine runs it")
def test_two_tabs_keep_what_waits_in_each_other() -> None:
    """One writes, the other too, one is sent, one is refused; then somebody takes up another conversation."""
    assert _played(_TWO_TABS) == ["a1,a2,b1", "a2,b1", "a2", ""]


_SIGNED_IN = """
const vm = require("vm"), part = require("fs").readFileSync(0, "utf8"), localStorage = {};
const open = (sessionStorage, id) => {
  const page = vm.createContext({ localStorage, sessionStorage });
  vm.runInContext(`const user = ${id && `{ id: "${id}" }`}, store = "s", ours = "o";` + part, page);
  return code => vm.runInContext(code, page);
};
const writes = (tab, minutes, id) => open(tab)(`token = "t"; save(); unsent = [
  { id: "${id}", at: new Date(Date.now() - ${minutes} * 6e4) }, { id: "no", failed: true, at: new Date() }
]; save()`);
const takes = (tab, id) => open(tab, id)("along().map(n => n.id + n.was).join()");
const home = {}, other = {}, late = {};
writes(home, 5, "n"); writes(late, 61, "late");
open(other)("unsent = waits(); token = 't'; unsent.push({ id: 'own', at: new Date() }); save()");
open(home)("unsent = waits(); save()");
const found = [takes(home, "lea"), takes(home, "omar"), takes(home, "lea")];
console.log(JSON.stringify([...found, takes(other, "omar"), takes(late, "lea")]));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="a JavaScript engine runs it")
def test_what_waits_goes_along_with_whoever_signs_in_first_in_that_tab_and_hour() -> None:
    assert _played(_SIGNED_IN) == ["nt", "", "nt", "ownt", ""]


_TYPES = """
const part = require("fs").readFileSync(0, "utf8"), line = { id: 1, at: "1", mine: false };
const told = [[line], [{ ...line, edited: true }], [{ id: 2, at: "2", mine: true }], [{ ...line, id: 3 }]];
const news = told.map(() => Buffer.from("event: news")), types = {}, found = [];
const read = () => new Promise(done => setTimeout(() => news.length && done({ value: news.pop() }), 5));
const fetch = async path => path === "/live" ? { ok: true, body: { getReader: () => ({ read }) } }
  : { ok: true, json: async () => ({ messages: told.shift(), unread: 0 }) };
const draw = () => {
  if (found.push(types.hidden) === 4) console.log(JSON.stringify(found));
  types.hidden = false;
};
new Function("fetch", "types", "draw", "document", `const user = 0, store = "s", ours = "o", home = "";
  ${part}; token = "t"; flush = async () => {}; listen()`)(fetch, types, draw, {});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="a JavaScript engine runs it")
def test_somebody_types_until_their_line_comes() -> None:
    """Neither an edit or a receipt nor a line of the visitor's own ends it."""
    assert _played(_TYPES, "async function flush") == [True, False, False, True]


def test_a_name_cannot_break_out_of_it(account: Account) -> None:
    account.settings = {"chat_name": '"});alert(1);//</script>', "greeting": "line\u2028end\n`${1}`"}
    account.save()
    head = Client().get("/widget/acme-shop.js").content.decode().rpartition('})({"')[2]
    facts, _ = json.JSONDecoder().raw_decode('{"' + head)
    assert facts["name"] == '"});alert(1);//</script>'
    assert facts["hello"] == "line\u2028end\n`${1}`"


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_words_in_every_language(account: Account, language: str) -> None:
    found = Client().get(f"/widget/acme-shop/words/{language}")
    assert found.json() == words()[language]
    assert all(found.json().values())
    assert "Cookie" not in found["Vary"]


def test_words_in_no_other_language(account: Account) -> None:
    assert Client().get("/widget/acme-shop/words/xx").status_code == 404


@pytest.mark.parametrize(
    ("given", "colour", "ink"),
    [
        ({}, HOUSE_COLOUR, "#ffffff"),
        ({"colour": "#ffd500"}, "#ffd500", "#10181c"),
        ({"colour": "#7a0016"}, "#7a0016", "#ffffff"),
        ({"colour": "red;}body{"}, HOUSE_COLOUR, "#ffffff"),
        ({"colour": 7}, HOUSE_COLOUR, "#ffffff"),
    ],
)
def test_colours_one_can_read(account: Account, given: dict[str, object], colour: str, ink: str) -> None:
    account.settings = given
    look = look_of(account)
    assert (look.colour, look.ink) == (colour, ink)


def test_settings_come_before_what_was_entered_when_connecting(account: Account) -> None:
    account.credentials = {
        **account.credentials,
        "chat_name": "Acme",
        "greeting": "Zdravo!",
        "position": "start",
    }
    account.settings = {"greeting": "Dober dan!"}
    look = look_of(account)
    assert (look.name, look.greeting, look.position) == ("Acme", "Dober dan!", "start")


@pytest.mark.parametrize(
    ("page", "leads"),
    [
        ("https://shop.example/boots?size=39", "https://shop.example/boots?size=39"),
        ("https://evil.example/boots", "https://shop.example"),
        ("https://shop.example.evil.example/", "https://shop.example"),
        ("javascript:alert(1)", "https://shop.example"),
        ("", "https://shop.example"),
    ],
)
def test_the_way_back_leads_to_the_own_site(account: Account, page: str, leads: str) -> None:
    assert way_back(account, look_of(account), page) == leads


def test_logical_sides_only() -> None:
    style = (HERE / "chat.css").read_text()
    assert not re.search(r"(?<![\w-])(left|right)(?![\w-])", style)
