from heed.inbox.tests.conftest import account, ana, ivo, maja, rubber

__all__ = ["account", "ana", "ivo", "maja", "rubber"]
