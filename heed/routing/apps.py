from importlib import import_module

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "heed.routing"
    label = "routing"

    def ready(self) -> None:
        """Every process that may defer these jobs knows them."""
        import_module("heed.routing.clockwork")
