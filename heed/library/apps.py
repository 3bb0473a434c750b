from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "heed.library"
    label = "library"
