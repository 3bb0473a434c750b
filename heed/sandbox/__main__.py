"""`python -m heed.sandbox`: the networks and the demo company, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
from pathlib import Path

from django.apps import apps
from django.conf import settings


def main() -> int:
    options = _options()
    logging.basicConfig(level=logging.ERROR if options.quiet else logging.INFO, format="sandbox: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    _prepare_words()

    from heed.sandbox.company import Company
    from heed.sandbox.frame import Sandbox

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    handed = [socket.socket(fileno=int(each)) for each in filter(None, options.sockets.split(","))]
    with Sandbox(options.port, handed=handed, outlets=True) as sandbox:
        logging.info("play a customer at %s", sandbox.url)
        if options.heed:
            Company(sandbox, options.heed, options.token, ended).start()
        ended.wait()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="heed.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0 takes a free port")
    parser.add_argument("--sockets", default="", help=argparse.SUPPRESS)  # from whoever minds it
    parser.add_argument("--heed", default="", help="address of the Heed that the demo company uses")
    parser.add_argument(
        "--token", default=os.environ.get("HEED_API_TOKEN", ""), help="its API token; else HEED_API_TOKEN"
    )
    parser.add_argument("--quiet", action="store_true", help="say only what goes wrong")
    return parser.parse_args()


def _prepare_words() -> None:
    """The page needs Django's templates and translations, and nothing else of it: `django.setup` would load
    its forms and database, too."""
    if not settings.configured:
        settings.configure(
            USE_I18N=True,
            USE_TZ=True,
            LANGUAGE_CODE="en",
            LOCALE_PATHS=[Path(__file__).parent.parent / "locale"],
        )
        apps.populate(settings.INSTALLED_APPS)


if __name__ == "__main__":
    raise SystemExit(main())
