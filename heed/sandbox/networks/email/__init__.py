"""E-mail: the company's mailbox on two servers, and the customers' mail programs."""

from heed.sandbox.networks.email.mailbox import ADDRESS, Email

simulator = Email

__all__ = ["ADDRESS", "Email", "simulator"]
