from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "heed.routing"
    label = "routing"
