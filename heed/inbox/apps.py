from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "heed.inbox"
    label = "inbox"
