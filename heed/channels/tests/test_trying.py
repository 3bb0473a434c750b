"""A first connect while somebody waits: what the network does not take leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels import verbs
from heed.channels.base import AccountRecord, Checked, Refusal, SessionExpired
from heed.channels.models import Account
from heed.channels.registry import network_named
from heed.channels.tests.pigeon import Pigeon, Wire, acme
from heed.channels.verbs import CannotConnect, asking
from heed.lib.http import Response, Steps, Unreachable

pytestmark = pytest.mark.usefixtures("pigeon", "db")


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr(asking, "client", lambda: found)
    return found


def says(pigeon: Pigeon, refusal: Exception) -> None:
    def check(account: AccountRecord) -> Steps[Checked]:
        assert not account.hook_url, "nothing is pointed at an account that is not there yet"
        yield from ()
        raise refusal

    pigeon.check = check  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("refusal", "field", "sentence"),
    [
        (
            Refusal("sign_in_again", code="190", detail="dead"),
            "network",
            "does not accept this sign-in. 190 dead",
        ),
        (Refusal("sign_in_again", field="app_secret"), "app_secret", "does not accept this sign-in."),
        (Refusal("not_configured", detail="No Page."), "network", "does not take what was entered: No Page."),
        (Refusal("wrong_server", detail="a:b", field="hint"), "hint", "a:b cannot be a server and its port."),
    ],
)
def test_what_is_not_taken_is_not_kept(pigeon: Pigeon, refusal: Refusal, field: str, sentence: str) -> None:
    says(pigeon, refusal)
    with pytest.raises(CannotConnect) as refused:
        acme(external_id="", tried=True)
    assert refused.value.field == field
    assert str(refused.value.sentence).endswith(sentence)
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("network_down", retry=True),
        Refusal("not_configured", retry=True),
        Refusal("slow_down", retry=True),
        Refusal("not_allowed", detail="a permission that is granted later"),
        Unreachable("no route"),
    ],
)
def test_what_may_pass_the_worker_finds_out(pigeon: Pigeon, refusal: Exception) -> None:
    says(pigeon, refusal)
    assert acme(external_id="", tried=True).state == "connecting"


def test_an_address_that_wechat_has_not_on_its_list_yet_refuses_nothing(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secret is shown once there: nobody can enter it again."""
    said = b'{"errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist"}'
    monkeypatch.setattr(wire, "send", lambda request: Response(200, {}, said))
    given = {"app_id": f"wx{'0' * 16}", "app_secret": "s"}
    assert verbs.connect("wechat", "", "", given, tried=True).credentials["app_secret"] == "s"


def test_a_program_is_answered_at_once(pigeon: Pigeon, wire: Wire) -> None:
    acme(external_id="")
    assert wire.asked == []


@pytest.mark.parametrize("entered", ["", "nine"])
def test_one_that_is_connected_twice_before_the_worker_asked(wire: Wire, entered: str) -> None:
    """A double click, or once more because the first answer was long in coming."""
    assert acme(external_id=entered, tried=True).external_id == "pigeon-9"
    with pytest.raises(CannotConnect, match="already connected") as refused:
        acme(external_id=entered, tried=True)
    assert refused.value.field == ("external_id" if entered else "network")
    assert Account.objects.count() == 1


def test_a_session_made_on_the_way_is_kept(
    pigeon: Pigeon, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(account: AccountRecord) -> Steps[Checked]:
        yield from ()
        if not account.session:
            raise SessionExpired
        return Checked("pigeon-9")

    monkeypatch.setattr(pigeon, "check", check)
    wire.bodies = ["fresh"]
    assert acme(external_id="", tried=True).session == {"access": "fresh"}


@pytest.mark.parametrize(
    ("network", "given", "answer", "field"),
    [
        ("telegram", {"bot_token": f"7:{'a' * 35}"}, (401, b'{"ok":false,"error_code":401}'), "bot_token"),
        ("viber", {"auth_token": "t"}, (200, b'{"status": 2}'), "auth_token"),
        ("line", {"channel_id": "7", "channel_secret": "0" * 32}, (400, b"{}"), "channel_secret"),
        ("mastodon", {"access_token": "t"}, (401, b"{}"), "access_token"),
        ("mastodon", {"access_token": "t"}, (200, b"{}"), "base_url"),
        (
            "wechat",
            {"app_id": f"wx{'0' * 16}", "app_secret": "s"},
            (200, b'{"errcode": 40013, "errmsg": "invalid appid"}'),
            "app_id",
        ),
        (
            "bluesky",
            {"identifier": "acme.example", "app_password": "p"},
            (401, b'{"error": "AuthenticationRequired"}'),
            "app_password",
        ),
    ],
)
def test_it_is_said_at_its_field(
    wire: Wire, network: str, given: dict[str, str], answer: tuple[int, bytes], field: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(wire, "send", lambda request: Response(answer[0], {}, answer[1]))
    server = "https://social.example" if network_named(network).server_label else ""
    with pytest.raises(CannotConnect) as refused:
        verbs.connect(network, "", "", given, server, tried=True)
    assert refused.value.field == field
    assert not Account.objects.exists()
