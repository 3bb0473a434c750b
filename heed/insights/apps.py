from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "heed.insights"
    label = "insights"
