from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "heed.sandbox"
    label = "sandbox"
