"""Networks to play with: they speak HTTP as the real ones do and know nothing of Heed's inside."""

from heed.sandbox.frame import Sandbox

__all__ = ["Sandbox"]
