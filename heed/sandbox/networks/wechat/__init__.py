"""WeChat: one official account, private chats in XML, every refusal in an HTTP 200."""

from heed.sandbox.networks.wechat.api import WeChat

simulator = WeChat

__all__ = ["WeChat", "simulator"]
