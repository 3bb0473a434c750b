from importlib import import_module

from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "heed.inbox"
    label = "inbox"

    def ready(self) -> None:
        """Every process that writes events knows which of them somebody waits for, and the clock what it
        has to do."""
        import_module("heed.wiring")
        import_module("heed.schedule")
