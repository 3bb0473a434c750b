"""WhatsApp: one business number of Meta's Cloud API and its private chats.

Webhooks are signed over escaped ASCII JSON. A message is taken with an id; what became of it,
a closed window included, comes afterwards as a status.
"""

from heed.sandbox.networks.whatsapp.api import WhatsApp

simulator = WhatsApp

__all__ = ["WhatsApp", "simulator"]
