"""Viber: one bot, private chats, every refusal in an HTTP 200."""

from heed.sandbox.networks.viber.api import Viber
from heed.sandbox.networks.viber.chats import Entry

simulator = Viber

__all__ = ["Entry", "Viber", "simulator"]
