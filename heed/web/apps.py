from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "heed.web"
    label = "web"

    def ready(self) -> None:
        from heed.web import sign_in_audit

        sign_in_audit.listen()
