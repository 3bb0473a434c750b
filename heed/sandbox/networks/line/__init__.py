"""LINE: one official account, private chats, pushes that a key makes safe to repeat."""

from heed.sandbox.networks.line.api import LineSimulator

simulator = LineSimulator

__all__ = ["LineSimulator", "simulator"]
