"""One suite for every network: what it declares, how it reads, how it sends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    Action,
    Broken,
    CannotTell,
    Choice,
    Choices,
    Malformed,
    MessageEdited,
    MessageReceived,
    Network,
    NotThere,
    NotUnderstood,
    ReactionChanged,
    Receipt,
    Refusal,
    Sent,
    Visibility,
)
from heed.channels.tests.contract import (
    CUSTOMER,
    NETWORKS,
    Desk,
    fullest,
    longest,
    longest_of,
    sample_of,
    target_of,
    writings,
)
from heed.lib.http import AnswerLost, Unreachable
from heed.lib.text import Unit
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, simulators
from heed.sandbox.tests.receiver import Receiver

QUESTION = "Kje je moj paket št. 88140?"
PLAYED = simulators()
NEEDS: dict[str, Callable[[Network], bool]] = {
    "desk": lambda network: network.name in PLAYED,
    "called": lambda network: not network.polls,
    "told_of_receipts": lambda network: "delivered" in network.capabilities.receipts,
    "liking": lambda network: "like" in network.capabilities.on_theirs,
    "hiding": lambda network: "hide" in network.capabilities.on_theirs,
    "deleting": lambda network: "delete" in network.capabilities.on_ours,
    "replying_privately": lambda network: network.capabilities.private_reply,
    "choosing": lambda network: bool(network.capabilities.private and network.capabilities.private.choices),
    "told_of_edits": lambda network: "edit" in PLAYED[network.name].offers,
}
"""What a network must have for a test that asks for this fixture."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test for the networks that have what it needs, and for each of their ways to write."""
    needs = [NEEDS[name] for name in NEEDS if name in metafunc.fixturenames]
    fitting = [network for network in NETWORKS.values() if all(need(network) for need in needs)]
    if "visibility" not in metafunc.fixturenames:
        metafunc.parametrize("network", fitting, ids=[network.name for network in fitting])
        return
    ways = [(network, visibility) for network in fitting for visibility, _ in writings(network)]
    ids = [f"{network.name}-{visibility}" for network, visibility in ways]
    metafunc.parametrize(("network", "visibility"), ways, ids=ids)


# ---------------------------------------------------------------------- what it declares


class TestDeclared:
    def test_name_and_look(self, network: Network) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", network.name)
        assert network.label.strip()
        assert 1 <= len(network.short) <= 2
        assert re.fullmatch(r"#[0-9a-f]{6}", network.colour)

    def test_its_usual_address_is_that_of_the_payloads(self, network: Network) -> None:
        """Simulators live elsewhere, so nothing else would notice a wrong one. A network whose accounts
        have servers of their own has samples at an `.example`."""
        address = sample_of(network).ACCOUNT.base_url
        assert network.base_url == address or address.endswith(".example")

    def test_addresses(self, network: Network) -> None:
        assert network.base_url.startswith("https://")
        assert not network.base_url.endswith("/")
        assert all(host and "/" not in host for host in network.media_hosts)
        assert network.polls or 1024 <= network.body_limit <= 64 * 1024 * 1024

    def test_credentials(self, network: Network) -> None:
        names = [field.name for field in network.fields]
        assert names
        assert len(set(names)) == len(names)
        assert network.shared_secret in ("", *names)
        with override("en"):
            assert all(str(field.label).strip() for field in network.fields)

    def test_ways_to_write(self, network: Network) -> None:
        assert writings(network)
        for _, writing in writings(network):
            assert writing.limits
            assert all(limit.most > 0 and limit.unit in get_args(Unit) for limit in writing.limits)
            assert writing.window is None or writing.window > 0

    def test_files(self, network: Network) -> None:
        for files in (writing.files for _, writing in writings(network) if writing.files):
            assert files.count > 0
            assert files.types
            assert all("/" in each for each in files.types)
            assert all(most > 0 for most in files.most_bytes.values())

    def test_choices(self, network: Network) -> None:
        for visibility, writing in writings(network):
            assert visibility == "private" or not writing.choices
            for form in writing.choices:
                limits = [form.title, form.detail, form.opener, form.text]
                assert form.most > 0
                assert all(each.most > 0 and each.unit in get_args(Unit) for each in limits if each)
            sizes = [form.most for form in writing.choices]
            assert sizes == sorted(sizes)

    def test_actions_and_receipts(self, network: Network) -> None:
        can = network.capabilities
        assert can.on_theirs | can.on_ours | can.on_private <= set(get_args(Action))
        assert can.receipts <= {"delivered", "seen"}
        assert not can.private_reply or (can.public and can.private)
        assert can.private_reply or can.private_reply_within is None

    def test_the_sandbox_fills_in_its_form(self, network: Network, desk: Desk) -> None:
        fields = {field.name: field for field in network.fields}
        required = {name for name, field in fields.items() if field.required}
        for account in desk.simulator.accounts():
            assert required <= account.credentials.keys() <= fields.keys()


# ----------------------------------------------------------------------------- the door


class TestDoor:
    def test_what_is_signed_rightly_is_kept(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            admission = network.admit(hook, account)
            assert (admission.status, admission.keep) == (200, True)

    def test_there_are_samples(self, network: Network) -> None:
        assert network.polls or len(sample_of(network).signed_samples()) >= 2

    def test_one_changed_byte_is_refused(self, network: Network) -> None:
        if not getattr(sample_of(network), "COVERS_THE_BODY", True):
            return  # a shared secret proves the sender; there is nothing about the body to break
        for hook, account in sample_of(network).signed_samples():
            changed = replace(hook, body=hook.body.replace(b'"', b"'", 1))
            assert network.admit(changed, account).status == 403
            assert network.admit(replace(hook, body=hook.body + b" "), account).status == 403

    def test_no_signature_is_refused(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            admission = network.admit(replace(hook, headers={}, query={}), account)
            assert (admission.status, admission.keep) == (403, False)

    def test_another_account_s_key_is_refused(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            others = {name: f"{value}x" for name, value in account.credentials.items()}
            assert network.admit(hook, replace(account, credentials=others)).status == 403

    def test_an_account_without_credentials_keeps_nothing(self, network: Network) -> None:
        for hook, account in sample_of(network).signed_samples():
            assert not network.admit(hook, replace(account, credentials={})).keep


# ------------------------------------------------------------------------------ reading


class TestReading:
    def test_bodies_are_read_whole(self, network: Network) -> None:
        sample = sample_of(network)
        assert sample.bodies()
        for body in sample.bodies():
            assert not [each for each in network.read(body, sample.ACCOUNT) if isinstance(each, Broken)]

    def test_the_same_body_gives_the_same_news(self, network: Network) -> None:
        sample = sample_of(network)
        for body in sample.bodies():
            assert network.read(body, sample.ACCOUNT) == network.read(body, sample.ACCOUNT)

    def test_an_unknown_kind_is_not_understood(self, network: Network) -> None:
        sample = sample_of(network)
        news = network.read(sample.UNKNOWN, sample.ACCOUNT)
        assert [each for each in news if isinstance(each, NotUnderstood)]
        assert not [each for each in news if isinstance(each, Broken)]

    def test_a_poison_item_leaves_its_neighbours(self, network: Network) -> None:
        sample = sample_of(network)
        body = sample.poisoned()
        if body is None:
            return
        news = network.read(body, sample.ACCOUNT)
        assert [each for each in news if isinstance(each, Broken)]
        assert [each for each in news if not isinstance(each, Broken)]

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"nonsense", b"\xff\xfe\x00", b"null", b"7", b"[]", b"[" * 5000]
    )
    def test_garbage_is_malformed_or_nothing(self, network: Network, body: bytes) -> None:
        try:
            assert network.read(body, sample_of(network).ACCOUNT) == []
        except Malformed:
            return

    def test_a_damaged_body_never_makes_reading_fail(self, network: Network) -> None:
        sample = sample_of(network)

        @given(
            st.sampled_from(sample.bodies()).flatmap(
                lambda body: (
                    _cut(body) | (_with_a_value_changed(body) if _is_json(body) else _scratched(body))
                )
            )
        )
        def read(damaged: bytes) -> None:
            with suppress(Malformed):
                network.read(damaged, sample.ACCOUNT)

        read()

    def test_ids_survive_a_number_above_2_53(self, network: Network) -> None:
        sample = sample_of(network)
        for body in sample.bodies():
            for each in network.read(body, sample.ACCOUNT):
                assert "e+" not in str(getattr(each, "external_id", ""))


def _cut(body: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(body)).map(lambda end: body[:end])


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _scratched(body: bytes) -> st.SearchStrategy[bytes]:
    """The body with a few of its bytes replaced: for networks that speak no JSON."""
    return st.builds(
        lambda at, put: body[:at] + put + body[at + len(put) :],
        st.integers(0, len(body)),
        st.binary(max_size=8),
    )


def _with_a_value_changed(body: bytes) -> st.SearchStrategy[bytes]:
    """The body with one of its values replaced by another kind of value."""
    parsed = json.loads(body)
    strange = st.sampled_from([None, 7, -1, 1e300, 10**40, "", "x", [], {}, [None], {"a": None}, True])
    return st.builds(
        lambda path, value: json.dumps(_replaced(parsed, path, value)).encode(),
        st.sampled_from(list(_paths(parsed))),
        strange,
    )


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*here, key))


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


# --------------------------------------------------------------- against the simulator


@pytest.fixture
def desk(network: Network) -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


@pytest.fixture
def connected(desk: Desk) -> Desk:
    desk.connect()
    return desk


@pytest.fixture
def called(connected: Desk) -> Desk:
    """A desk that the network calls."""
    return connected


@pytest.fixture
def told_of_receipts(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def liking(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def hiding(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def deleting(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def choosing(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def replying_privately(connected: Desk) -> Desk:
    return connected


@pytest.fixture
def told_of_edits(connected: Desk) -> Desk:
    return connected


def asked(desk: Desk, visibility: Visibility) -> MessageReceived:
    return desk.customer_writes(visibility, QUESTION)


class TestConnecting:
    def test_the_account_is_who_it_says(self, network: Network, desk: Desk) -> None:
        checked = desk.run(network.check)
        assert checked.external_id == desk.simulator.accounts()[0].external_id

    def test_wrong_credentials(self, network: Network, desk: Desk) -> None:
        wrong = dict.fromkeys(desk.record.credentials, "wrong")
        desk.record = replace(desk.record, credentials=wrong)
        with pytest.raises(Refusal) as caught:
            desk.run(network.check)
        assert caught.value.reason == "sign_in_again"

    def test_nobody_there(self, network: Network, desk: Desk) -> None:
        desk.close_the_network()
        with pytest.raises(Unreachable):
            desk.run(network.check)


class TestAnswering:
    def test_a_customer_writes(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        message = asked(connected, visibility)
        assert message.visibility == visibility
        assert message.external_id
        assert message.author is not None
        assert message.author.external_id
        assert bool(message.post) == (visibility == "public")

    def test_the_customer_sees_the_answer_once(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        sent = connected.send(connected.answer_to(asked(connected, visibility), "Паргел нөгөөдөр ирнэ 👟"))
        assert isinstance(sent, Sent)
        assert sent.external_id
        assert connected.times_seen("Паргел нөгөөдөр ирнэ 👟") == 1

    def test_the_longest_text_is_taken(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        text = longest(dict(writings(network))[visibility])
        connected.send(connected.answer_to(asked(connected, visibility), text))
        assert connected.times_seen(text) == 1

    def test_asked_to_slow_down(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.sandbox.fault(network.name, Fault("*", status=429, headers={"Retry-After": "7"}))
        with pytest.raises(Refusal) as caught:
            connected.send(answer)
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 7)
        assert connected.times_seen("Trenutek.") == 0

    def test_a_dead_token(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.simulator.do("revoke")
        with pytest.raises(Refusal) as caught:
            connected.send(answer)
        assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)

    def test_cut_after_it_was_taken(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(Fault("*", drop="after")))
        found = connected.run(lambda record: network.find(record, answer))
        assert not isinstance(found, NotThere)
        assert not isinstance(found, Sent) or found.external_id
        assert connected.times_seen("Poslali smo novega.") == 1

    def test_cut_before_it_was_taken(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(Fault("*", drop="before")))
        found = connected.run(lambda record: network.find(record, answer))
        if getattr(sample_of(network), "FINDS_BY_SENDING_AGAIN", False):
            assert isinstance(found, Sent)  # under a key that makes the network take it once
            assert connected.times_seen("Poslali smo novega.") == 1
            return
        assert isinstance(found, NotThere | CannotTell)
        assert connected.times_seen("Poslali smo novega.") == 0

    def test_an_error_without_an_explanation_leaves_it_open(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        oops = Fault("*", status=500, body=b"<html>oops</html>")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(oops))

    def test_nobody_there(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.close_the_network()
        with pytest.raises(Unreachable):
            connected.send(answer)

    def test_a_late_duplicate_changes_nothing(
        self, network: Network, called: Desk, visibility: Visibility
    ) -> None:
        called.sandbox.fault(network.name, Fault("hook", hook="duplicate", times=-1))
        message = asked(called, visibility)
        again = [each for each in called.gather() if isinstance(each, MessageReceived)]
        same = [each for each in again if each.external_id == message.external_id]
        assert len(same) == 2
        assert same[0] == same[1]


class TestActing:
    def test_a_like_and_taking_it_back(self, network: Network, liking: Desk) -> None:
        message = asked(liking, "public")
        person = message.author.external_id if message.author else ""
        liked = liking.act("like", target_of(message), person)
        assert liking.line(QUESTION).liked
        liking.act("unlike", liked, person)
        assert not liking.line(QUESTION).liked
        told = [each.author.external_id for each in liking.gather() if isinstance(each, ReactionChanged)]
        assert set(told) <= {liking.record.external_id}  # by that Heed keeps what it does itself

    def test_hiding_and_showing_again(self, network: Network, hiding: Desk) -> None:
        message = asked(hiding, "public")
        person = message.author.external_id if message.author else ""
        hidden = hiding.act("hide", target_of(message), person)
        assert hiding.line(QUESTION).hidden
        hiding.act("unhide", hidden, person)
        assert not hiding.line(QUESTION).hidden

    def test_our_own_words_can_be_deleted(self, network: Network, deleting: Desk) -> None:
        message = asked(deleting, "public")
        sent = deleting.send(deleting.answer_to(message, "Napačna številka."))
        assert deleting.times_seen("Napačna številka.") == 1
        ours = replace(target_of(message), external_id=sent.external_id, refs=sent.refs, ours=True)
        deleting.act("delete", ours, "")
        assert deleting.times_seen("Napačna številka.") == 0

    def test_a_choice_that_is_tapped_comes_as_their_message(self, network: Network, choosing: Desk) -> None:
        message = asked(choosing, "private")
        offered = Choices((Choice("Pošljite novega"), Choice("Vrnite denar")))
        answer = replace(choosing.answer_to(message, "Kaj naj naredimo?"), choices=offered)
        sent = choosing.send(answer)
        assert sent.external_id
        (line,) = [each for each in choosing.simulator.scene(CUSTOMER).lines() if each.choices]
        assert (line.text, line.choices) == ("Kaj naj naredimo?", ["Pošljite novega", "Vrnite denar"])
        choosing.simulator.do("choose", person=CUSTOMER, id=line.id, choice="Vrnite denar")
        tapped = choosing.message("Vrnite denar")
        assert (tapped.visibility, tapped.text) == ("private", "Vrnite denar")
        assert tapped.author == message.author
        assert tapped.opens_window

    def test_each_form_of_choices_takes_what_it_says_and_no_more(
        self, network: Network, choosing: Desk
    ) -> None:
        message = asked(choosing, "private")
        assert network.capabilities.private is not None
        for form in network.capabilities.private.choices:
            answer = choosing.answer_to(message, longest_of(form.text) if form.text else "Kaj izberete?")
            choosing.send(replace(answer, choices=fullest(form)))
            line = [each for each in choosing.simulator.scene(CUSTOMER).lines() if each.choices][-1]
            assert line.choices == [each.title for each in fullest(form).items]
        widest = fullest(network.capabilities.private.choices[-1])
        first, *rest = widest.items
        for broken in (
            Choices((*widest.items, Choice("Še ena")), widest.opener),
            Choices((Choice(f"{first.title}ž"), *rest), widest.opener),
        ):
            with pytest.raises(Refusal) as caught:
                choosing.send(replace(choosing.answer_to(message, "Kaj izberete?"), choices=broken))
            assert not caught.value.retry

    def test_a_private_reply_reaches_the_commenter_once(
        self, network: Network, replying_privately: Desk
    ) -> None:
        desk = replying_privately
        message = asked(desk, "public")
        sent = desk.send(desk.answer_to(message, "Pišite nam številko naročila.", "private"))
        assert sent.external_id
        chats = desk.simulator.scene(CUSTOMER).chats
        told = [line.text for chat in chats for line in chat.lines if line.ours]
        assert told == ["Pišite nam številko naročila."]
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "In še nekaj.", "private"))
        # Some networks give one and the same refusal for a second reply and a late one.
        assert caught.value.reason in ("not_privately", "outside_window")
        assert not caught.value.retry


class TestAfterwards:
    def test_receipts_come_by_the_id_that_sending_gave(
        self, network: Network, told_of_receipts: Desk
    ) -> None:
        desk = told_of_receipts
        message = asked(desk, "private")
        sent = desk.send(desk.answer_to(message, "Na poti je."))
        assert message.author is not None
        receipts = [each for each in desk.gather() if isinstance(each, Receipt)]
        assert [
            each
            for each in receipts
            if each.state == "delivered"
            and (sent.external_id in each.external_ids or each.person == message.author.external_id)
        ]

    def test_an_edit_is_news_of_the_same_message(self, network: Network, told_of_edits: Desk) -> None:
        desk = told_of_edits
        message = asked(desk, "public" if network.capabilities.public else "private")
        desk.simulator.do("edit", person=CUSTOMER, id=message.external_id, text="Kje je paket 88141?")
        edits = [each for each in desk.gather() if isinstance(each, MessageEdited)]
        assert [(each.external_id, each.text) for each in edits] == [
            (message.external_id, "Kje je paket 88141?")
        ]
