from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "heed.widget"
    label = "widget"
