"""Bluesky: the accounts' server, the view of the network, and the chat service, in one."""

from heed.sandbox.networks.bluesky.account import LIKE, REPOST
from heed.sandbox.networks.bluesky.api import Bluesky
from heed.sandbox.networks.bluesky.chats import CHAT

simulator = Bluesky

__all__ = ["CHAT", "LIKE", "REPOST", "Bluesky", "simulator"]
