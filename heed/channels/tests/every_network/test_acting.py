"""What can be done besides answering: likes, reactions, quotes, hiding, deleting, choices, private reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import Choice, Choices, Network, ReactionChanged, Refusal
from heed.channels.tests.contract import CUSTOMER, QUESTION, Desk, asked, fullest, longest_of, target_of


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

    def test_a_reaction_and_taking_it_back(self, network: Network, reacting: Desk) -> None:
        message = asked(reacting, "private")
        person = message.author.external_id if message.author else ""
        emoji = "👍" if "*" in network.capabilities.reactions else network.capabilities.reactions[0]
        reacted = reacting.act("react", target_of(message), person, emoji)
        assert reacting.line(QUESTION).liked
        reacting.act("unreact", reacted, person)
        assert not reacting.line(QUESTION).liked

    def test_a_quote_is_a_post_of_its_own(self, network: Network, quoting: Desk) -> None:
        answer = quoting.answer_to(asked(quoting, "public"), "Hvala za lepe besede.")
        sent = quoting.send(replace(answer, quote=True, chosen=True))
        posts = {each.id: each.text for each in quoting.simulator.scene(CUSTOMER).posts if each.ours}
        assert posts[sent.external_id] == answer.text

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
