"""What the network tells of a message later."""

from __future__ import annotations

from heed.channels.base import MessageEdited, Network, Receipt
from heed.channels.tests.contract import CUSTOMER, Desk, asked


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
