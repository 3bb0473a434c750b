"""What visitors write, read and see, over HTTP; and what nobody else ever gets to see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Attachment, Delivery, Identity, Message, Ticket
from heed.widget.models import Upload
from heed.widget.models import Visitor as Row
from heed.widget.tests.conftest import SECRET, SHOP, Visitor, answer, known, react_to_everything, take_in
from heed.widget.tokens import Who, token_of, vouched

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


# ------------------------------------------------------------------------- to and fro


def test_a_visitor_writes_and_an_agent_answers(lea: Visitor, conversation: Ticket) -> None:
    found = lea.read()
    assert [(each["mine"], each["text"]) for each in found["messages"]] == [
        (True, "Kje je moj paket?"),
        (False, "Že na poti!"),
    ]
    assert found["unread"] == 1
    assert found["messages"][1]["author"] == "Ana"
    assert found["messages"][0]["seen"]
    assert conversation.identity.external_id.startswith("~")


def test_it_is_in_the_ledger_before_it_is_confirmed(lea: Visitor) -> None:
    assert lea.write("Kje je moj paket?").status_code == 201
    (delivery,) = Delivery.objects.all()
    assert delivery.state == Delivery.State.PENDING
    assert json.loads(delivery.text)["events"][0]["text"] == "Kje je moj paket?"


def test_a_resend_is_no_second_message(lea: Visitor) -> None:
    for _ in range(3):
        assert lea.write("Halo?", client="5f0c5f0c5f0c").status_code == 201
    take_in()
    assert lea.texts() == ["Halo?"]


def test_two_visitors_may_use_the_same_id_for_a_message(lea: Visitor, account: Account) -> None:
    oto = Visitor(account)
    lea.write("From Lea", client="5f0c5f0c5f0c")
    oto.write("From Oto", client="5f0c5f0c5f0c")
    take_in()
    assert (lea.texts(), oto.texts()) == (["From Lea"], ["From Oto"])


def test_only_what_is_new(lea: Visitor, conversation: Ticket, ana: User) -> None:
    first, second = lea.read()["messages"]
    third = answer(conversation, ana, "Jutri bo pri vas.")
    assert [each["id"] for each in lea.read(after=second["id"])["messages"]] == [second["id"], third.pk]
    assert [each["id"] for each in lea.read(before=second["id"])["messages"]] == [first["id"]]


class TestTyping:
    @pytest.fixture
    def told(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        topics: list[str] = []
        monkeypatch.setattr("heed.lib.live.tell", topics.extend)
        return topics

    def test_agents_see_that_the_visitor_types(
        self, lea: Visitor, conversation: Ticket, told: list[str], django_assert_max_num_queries: Any
    ) -> None:
        rows = (Message.objects.count(), Delivery.objects.count(), ProcrastinateJob.objects.count())
        told.clear()
        with django_assert_max_num_queries(5):
            assert lea.post("typing", {}).status_code == 200
        assert told == [f"writing:{conversation.pk}"]
        assert rows == (Message.objects.count(), Delivery.objects.count(), ProcrastinateJob.objects.count())

    def test_the_visitor_sees_that_an_agent_types(self, conversation: Ticket, told: list[str]) -> None:
        told.clear()
        verbs.type_along(conversation)
        assert told == [f"typing:{conversation.pk}"]

    def test_who_never_wrote_tells_nobody(self, lea: Visitor, account: Account, told: list[str]) -> None:
        assert lea.post("typing", {}).status_code == 200
        assert told == []
        assert not Row.objects.exists()

    def test_nobody_types_in_another_ticket(
        self, conversation: Ticket, account: Account, told: list[str]
    ) -> None:
        oto = Visitor(account)
        oto.write("Halo?")
        take_in()
        told.clear()
        oto.post("typing", {})
        assert told == [f"writing:{Ticket.objects.exclude(pk=conversation.pk).get().pk}"]


def test_what_is_not_sent_yet_and_notes_are_not_shown(lea: Visitor, conversation: Ticket, ana: User) -> None:
    verbs.answer(conversation, ana, "Še ne poslano", "private")
    verbs.note(conversation, ana, "Batch 7 has the zip fault.")
    assert lea.texts() == ["Kje je moj paket?", "Že na poti!"]
    outbox.send_next(conversation.pk)
    assert lea.texts() == ["Kje je moj paket?", "Že na poti!", "Še ne poslano"]


def test_a_deleted_answer_keeps_its_place_and_loses_its_words(lea: Visitor, conversation: Ticket) -> None:
    Message.objects.filter(direction="out").update(removed_at=conversation.last_at)
    (_, gone) = lea.read()["messages"]
    assert (gone["text"], gone["removed"], gone["files"]) == ("", True, [])


def test_seen_by_the_visitor(lea: Visitor, conversation: Ticket) -> None:
    sent = Message.objects.get(direction="out")
    assert lea.post("receipts", {"state": "delivered", "message": sent.pk}).status_code == 200
    take_in()
    sent.refresh_from_db()
    assert sent.state == Message.State.DELIVERED
    lea.post("receipts", {"state": "seen", "message": sent.pk})
    take_in()
    sent.refresh_from_db()
    assert sent.state == Message.State.SEEN
    assert lea.read()["unread"] == 0


def test_a_receipt_told_twice_is_kept_once(lea: Visitor, conversation: Ticket) -> None:
    sent = Message.objects.get(direction="out")
    for _ in range(2):
        lea.post("receipts", {"state": "seen", "message": sent.pk})
        take_in()
    assert sum('"seen"' in each.text for each in Delivery.objects.all()) == 1


# ------------------------------------------------------------------------------- files


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_an_upload_finds_its_message(lea: Visitor, account: Account) -> None:
    number = lea.upload(PNG).json()["id"]
    assert lea.write("", files=[number]).status_code == 201
    take_in()
    react_to_everything()
    (message,) = lea.read()["messages"]
    (file,) = message["files"]
    assert (file["name"], file["mime"]) == ("zadrga.png", "image/png")
    served = Client().get(f"/widget/{lea.key}/{file['url']}")
    assert b"".join(served) == PNG
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served["Content-Security-Policy"]
    assert served["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_page_is_only_downloaded(lea: Visitor, conversation: Ticket) -> None:
    number = lea.upload(b"just words, <script>alert(1)</script>", "read.html").json()["id"]
    lea.write("Tu je", files=[number])
    take_in()
    react_to_everything()
    file = lea.read()["messages"][-1]["files"][0]
    served = Client().get(f"/widget/{lea.key}/{file['url']}")
    assert served["Content-Disposition"].startswith("attachment")
    assert served["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 415),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 64, 415),
        (b"MZ\x90\x00" + b"\x00" * 99, 415),
        (b"a" * (10 * 1024 * 1024 + 1), 413),
    ],
    ids=["empty", "program", "bare program", "large"],
)
def test_files_that_are_not_taken(lea: Visitor, content: bytes, status: int) -> None:
    assert lea.upload(content).status_code == status
    assert not Upload.objects.exists()


def test_nobody_sends_somebody_elses_upload(lea: Visitor, account: Account) -> None:
    number = lea.upload(PNG).json()["id"]
    oto = Visitor(account)
    assert oto.write("Mine now", files=[number]).status_code == 422


@pytest.mark.parametrize("claim", ["", ":forged"])
def test_an_event_cannot_claim_an_upload(lea: Visitor, account: Account, claim: str) -> None:
    number = lea.upload(PNG).json()["id"]
    event = {
        "type": "message",
        "id": f"{Upload.objects.get().visitor}:m1",
        "at": "2026-11-21T09:00:00Z",
        "person": {"id": "c7"},
        "attachments": [{"url": f"media:upload:{number}{claim}"}],
    }
    Delivery.objects.create(account=account, body=json.dumps({"events": [event]}).encode())
    take_in()
    react_to_everything()
    assert Attachment.objects.get().path == ""


def test_a_file_that_waited_through_an_upgrade_is_taken_over(lea: Visitor, account: Account) -> None:
    """Until then a message named it by its number alone. One that is there already is not taken again."""
    number = lea.upload(PNG).json()["id"]
    for name in ("m1", "m2"):
        event = {
            "type": "message",
            "id": name,
            "at": "2026-11-21T09:00:00Z",
            "person": {"id": Upload.objects.get().visitor},
            "attachments": [{"url": f"media:upload:{number}"}],
        }
        Delivery.objects.create(account=account, body=json.dumps({"events": [event]}).encode())
        take_in()
        react_to_everything()
    paths = Attachment.objects.order_by("message__external_id").values_list("path", flat=True)
    assert list(paths) == [Upload.objects.get().path, ""]


# ---------------------------------------------------------------------------- outsiders


def test_an_outsider_reads_nothing(lea: Visitor, conversation: Ticket, account: Account) -> None:
    oto = Visitor(account)
    assert oto.read() == {"messages": [], "unread": 0, "more": False}
    sent = Message.objects.get(direction="out")
    assert oto.read(after=sent.pk)["messages"] == []
    assert oto.read(before=sent.pk + 10)["messages"] == []
    assert oto.post("receipts", {"state": "seen", "message": sent.pk}).status_code == 404


@pytest.mark.parametrize("damage", ["", "x", "~someone", "cut", "flip"])
def test_a_forged_token_opens_nothing(lea: Visitor, conversation: Ticket, damage: str) -> None:
    token = {"cut": lea.token[:-3], "flip": lea.token[:-1] + ("A" if lea.token[-1] != "A" else "B")}
    found = Client().get(f"/widget/{lea.key}/messages", headers={"X-Heed-Visitor": token.get(damage, damage)})
    assert (found.status_code, found.json()) == (401, {"error": "visitor"})


def test_a_token_signed_for_something_else_opens_nothing(lea: Visitor, account: Account) -> None:
    facts = [account.pk, "~x", "", "", ""]
    token = signing.dumps(facts, salt="heed.files")
    found = Client().get(f"/widget/{lea.key}/messages", headers={"X-Heed-Visitor": token})
    assert found.status_code == 401


def test_a_token_of_another_account_opens_nothing(
    lea: Visitor, conversation: Ticket, account: Account
) -> None:
    other = Account(network="site", name="Other", external_id="other-shop", base_url="https://b.example")
    other.credentials = {"secret": SECRET}
    other.save()
    visitor = conversation.identity.external_id
    token = token_of(Who(other.pk, visitor), other)
    own = Client().get("/widget/other-shop/messages", headers={"X-Heed-Visitor": token})
    assert own.json()["messages"] == []
    foreign = Client().get(f"/widget/{lea.key}/messages", headers={"X-Heed-Visitor": token})
    assert foreign.status_code == 401


def test_a_link_to_a_file_cannot_be_turned_to_another(
    lea: Visitor, conversation: Ticket, account: Account
) -> None:
    oto = Visitor(account)
    number = lea.upload(PNG).json()["id"]
    lea.write("", files=[number])
    take_in()
    react_to_everything()
    attachment = Attachment.objects.get()
    url = lea.read()["messages"][-1]["files"][0]["url"]
    assert Client().get(f"/widget/{lea.key}/{url[:-2]}xx").status_code == 401
    strange = token_of(Who(account.pk, "~oto"), account)
    assert Client().get(f"/widget/{lea.key}/files/{strange}").status_code == 401
    for_oto = signing.dumps([attachment.pk, account.pk, "~oto"], salt="heed.widget.file")
    assert Client().get(f"/widget/{lea.key}/files/{for_oto}").status_code == 401
    assert oto.read()["messages"] == []


def test_only_the_accounts_sites_may_ask(lea: Visitor, account: Account) -> None:
    def ask(origin: str) -> Any:
        headers = {"Origin": origin, "X-Heed-Visitor": lea.token}
        return Client().get(f"/widget/{lea.key}/messages", headers=headers)

    assert ask(SHOP).status_code == 200
    assert ask(SHOP)["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in ask(SHOP).headers
    assert ask("https://evil.example").status_code == 403
    assert "Access-Control-Allow-Origin" not in ask("https://evil.example").headers
    preflight = Client().options(f"/widget/{lea.key}/messages", headers={"Origin": SHOP})
    assert preflight.status_code == 204
    assert "X-Heed-Visitor" in preflight["Access-Control-Allow-Headers"]


def test_a_disconnected_account_has_no_chat(lea: Visitor, account: Account) -> None:
    account.locked_credentials = b""
    account.save()
    assert Client().get(f"/widget/{lea.key}.js").status_code == 404
    assert lea.write("Halo?").status_code == 404


# ------------------------------------------------------------------------------ who it is


def test_a_known_customer_is_the_same_on_every_device(account: Account, ana: User) -> None:
    phone, laptop = Visitor(account, known("c1042")), Visitor(account, known("c1042"))
    phone.write("Pišem s telefona")
    take_in()
    assert laptop.texts() == ["Pišem s telefona"]
    identity = Identity.objects.get()
    assert (identity.external_id, identity.name, identity.handle) == (
        "c1042",
        "Lea Marn",
        "lea.marn@example.com",
    )


@pytest.mark.parametrize(
    "user",
    [
        {**known("c1042"), "signature": ""},
        {**known("c1042"), "signature": known("c1043")["signature"]},
        {**known("c1042"), "id": "c1043"},
        {"id": "c1042"},
    ],
)
def test_whom_the_site_does_not_vouch_for(account: Account, user: dict[str, str]) -> None:
    refused = Visitor(account, user).greeted
    assert (refused.status_code, refused.json()) == (403, {"error": "signature"})


def test_a_nameless_visitor_is_called_after_the_first_page(lea: Visitor) -> None:
    lea.write("Kje je?", page=f"{SHOP}/boots", title="Triglav boot")
    lea.write("Halo?", page=f"{SHOP}/cart", title="Cart")
    take_in()
    assert Identity.objects.get().name == "Visitor · Triglav boot"


def test_only_a_page_of_ones_own_is_shown_to_agents(lea: Visitor) -> None:
    lea.write("Tukaj", page=f"{SHOP}/boots")
    lea.write("In tukaj", page="https://evil.example/shop.example")
    take_in()
    links = [each.permalink for each in Message.objects.order_by("id")]
    assert sorted(links) == ["", f"{SHOP}/boots"]


@pytest.mark.parametrize("user", ["~abc", "?abc", "", "a b"])
def test_ids_that_are_heeds_own(account: Account, user: str) -> None:
    assert Visitor(account, known(user)).greeted.status_code == 422


def test_a_new_secret_ends_what_the_old_one_vouched_for(account: Account) -> None:
    lea = Visitor(account, known("c1042"))
    account.credentials = {"secret": "another-secret-of-the-acme-shop"}
    account.save()
    found = Client().get(f"/widget/{lea.key}/messages", headers={"X-Heed-Visitor": lea.token})
    assert found.status_code == 401


# -------------------------------------------------------------------------- limits


def test_too_much_at_once(lea: Visitor) -> None:
    statuses = [lea.write(f"spam {number}").status_code for number in range(40)]
    assert statuses[0] == 201
    assert statuses[-1] == 429
    assert Delivery.objects.count() == statuses.count(201) < 40


def test_one_visitors_flood_does_not_hold_up_another(lea: Visitor, account: Account) -> None:
    for number in range(40):
        lea.write(f"spam {number}")
    assert Visitor(account).write("Halo?").status_code == 201


@pytest.mark.parametrize(
    "facts",
    [
        {"id": "short", "text": "x"},
        {"id": "client-0001", "text": ""},
        {"id": "client-0001", "text": "   "},
        {"id": "client-0001", "text": 7},
        {"id": "client-0001", "text": "x" * 8001},
        {"id": "client-0001", "text": "x", "files": [1]},
        {"id": "client-0001", "text": "x", "files": ["1"]},
        {"id": "client-0001", "text": "x", "files": {"a": 1}},
        {"id": "../../etc", "text": "x"},
        {"text": "x"},
    ],
)
def test_bad_input_is_refused(lea: Visitor, facts: dict[str, Any]) -> None:
    assert lea.post("messages", facts).status_code == 422
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff"])
def test_no_json_is_refused(lea: Visitor, body: bytes) -> None:
    url = f"/widget/{lea.key}/messages"
    headers = {"X-Heed-Visitor": lea.token}
    found = lea.http.post(url, body, content_type="application/json", headers=headers)
    assert (found.status_code, found.json()) == (400, {"error": "json"})


def test_nothing_is_made_before_the_first_message(account: Account) -> None:
    Visitor(account).read()
    assert not Row.objects.exists()
    assert not Identity.objects.exists()


def test_no_cookie_is_ever_set(lea: Visitor, conversation: Ticket) -> None:
    sent = Message.objects.get(direction="out")
    lea.http.get(f"/widget/{lea.key}.js")
    lea.post("receipts", {"state": "seen", "message": sent.pk})
    lea.upload(PNG)
    lea.read()
    assert not lea.http.cookies


@pytest.mark.parametrize(
    "path", ["messages", "visitors", "receipts", "email", "uploads", "live", "returns", "typing"]
)
def test_other_methods_and_other_keys(lea: Visitor, path: str) -> None:
    assert Client().delete(f"/widget/{lea.key}/{path}").status_code == 405
    assert Client().post(f"/widget/nobodys/{path}").status_code == 404


def test_the_golden_signature_of_a_user(account: Account) -> None:
    """As `docs/connect-site.md` shows it."""
    golden = "11e1a8a45bcfa24a97b8837953c8772854dd3e26bb83049fdce9c24326ad4f8d"
    assert vouched(account, "c1042", golden)
    assert vouched(account, "c1042", golden.upper())
    for user, signature in (
        ("c1043", golden),
        ("c1042", golden[:-1]),
        ("c1042", ""),
        ("c1042", "sha256=" + golden),
    ):
        assert not vouched(account, user, signature)
