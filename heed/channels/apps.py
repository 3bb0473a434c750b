from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "heed.channels"
    label = "channels"
