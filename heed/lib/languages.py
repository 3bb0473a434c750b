"""The languages that people write in, each by its own name."""

from __future__ import annotations

WRITTEN: dict[str, str] = {
    "en": "English",
    "sl": "Slovenščina",
    "ar": "العربية",
    "mn": "Монгол",
    "de": "Deutsch",
    "fr": "Français",
    "it": "Italiano",
    "es": "Español",
    "hr": "Hrvatski",
    "sr": "Srpski",
    "tr": "Türkçe",
    "ru": "Русский",
    "zh": "中文",
    "ja": "日本語",
}
SPOKEN = ("en", "sl", "ar", "mn")
"""Those that Heed speaks itself: its pages, and a day and a time in words."""
