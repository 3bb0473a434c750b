"""`python -m heed COMMAND`: how every process of Heed starts.

`run` minds all the others on one machine. Each of the others also runs alone, on as many
machines as one likes, when `HEED_DATABASE_URL` names a common database.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE = 8  # seconds a process gets to end by itself once whoever minds it is gone


def main() -> int:
    """Run one command; the exit code is 0 after an orderly end."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heed.settings")
    if sys.argv[1:2] == ["sandbox"]:  # its options are its own
        return _sandbox(sys.argv[2:])
    options = _parser().parse_args()
    os.environ["PGAPPNAME"] = f"heed {options.command}"  # so the database calls all our connections
    if options.command == "run":
        from heed.supervisor import run

        return run(options.data, options.port, options.bind, empty=options.empty)
    if options.data:
        os.environ["HEED_DATA"] = str(options.data.expanduser().resolve())
    _end_when_left_alone()
    if options.command in ("web", "door"):
        _serve(options.command, options.bind, options.port or 8000, options.sockets)
    elif options.command in ("intake", "worker"):
        _work(options.command)
    elif options.command == "audit":
        return _audit(options.head)
    else:
        _set_up(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heed",
        description="Heed, a desk for customer service on social networks.",
        epilog="What else can be set comes from the environment: docs/operate.md lists it.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {
        name: commands.add_parser(name, help=purpose, description=purpose)
        for name, purpose in COMMANDS.items()
    }
    made["run"].prog = "bin/run"
    for name, command in made.items():
        command.add_argument(
            "--data", type=Path, metavar="DIR", help="where everything is kept (./data of Heed)"
        )
        if name in ("run", "web", "door"):
            command.add_argument("--port", type=int, help="8000, or with `run` the next free one")
            address = os.environ.get("HEED_BIND", "127.0.0.1")
            command.add_argument("--bind", default=address, metavar="ADDRESS", help="listen here (127.0.0.1)")
        if name in ("web", "door"):  # whoever minds it hands on what listens already
            command.add_argument("--sockets", type=int, help=argparse.SUPPRESS)
    made["run"].add_argument("--empty", action="store_true", help="no sandbox networks and no demo company")
    made["audit"].add_argument("what", choices=["verify"], help="walk the whole chain")
    made["audit"].add_argument(
        "--head", default="", metavar="DIGEST", help="a digest noted down earlier that must be part of it"
    )
    made["setup"].add_argument("--demo", action="store_true", help="the people of the demo company too")
    return parser


COMMANDS = {
    "run": "Start everything on this machine and mind it.",
    "setup": "Bring tables, translations and static files up to date and make the owner.",
    "migrate": "Bring the tables up to date.",
    "web": "Serve the pages, the API and the door.",
    "door": "Serve the door alone: take deliveries in.",
    "intake": "Turn deliveries into tickets.",
    "worker": "Send answers, fetch files, poll networks.",
    "audit": "Verify that nothing in the audit was changed or removed.",
    "sandbox": "Pretend to be the networks (options of its own).",
}


def _serve(which: str, bind: str, port: int, handed: int | None) -> None:
    from heed import asgi
    from heed.lib.collector import calm_collector
    from heed.server import server

    calm_collector()
    _hold_many_open()
    application = asgi.app if which == "web" else asgi.door
    sockets = None if handed is None else [socket.socket(fileno=handed)]
    server(application, bind, port, asgi.begin, asgi.let_go, asgi.close).run(sockets)


def _hold_many_open() -> None:
    """Every open page holds a connection: take as many as the system lets us have."""
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _work(which: str) -> None:
    import django

    django.setup()
    from heed.lib.collector import calm_collector

    stop = threading.Event()
    if which == "intake":
        from heed.inbox.intake import run_intake

        calm_collector()
        _on_signals(_let_go)
        with contextlib.suppress(_Stop):
            run_intake(stop)
    else:
        from heed.inbox.worker import run_worker

        calm_collector()
        _on_signals(lambda *_: stop.set())
        run_worker(stop)


class _Stop(BaseException):
    """Somebody asked us to stop."""


def _let_go(*_: object) -> None:
    """Drop what is under way: the transaction rolls back, and the next start does it again."""
    _on_signals(signal.SIG_IGN)
    raise _Stop


def _on_signals(handler: Callable[..., None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _set_up(options: argparse.Namespace) -> None:
    from heed import setup

    setup.migrate()
    if options.command == "setup":
        setup.collect_static()
        setup.welcome(demo=options.demo)


def _audit(head: str) -> int:
    """Say whether the chain is whole: 0 when it is, 1 with the first broken row when it is not."""
    import django

    django.setup()
    from django.db.utils import OperationalError

    from heed.accounts.audit import verify

    try:
        verdict = verify(head)
    except OperationalError as trouble:
        sys.exit(f"Heed cannot reach its database. Is it running, and is HEED_DATABASE_URL right?\n{trouble}")
    waiting = f" {verdict.waiting} rows wait to be sealed." if verdict.waiting else ""
    if verdict.broken is not None:
        whole = f"{verdict.rows} rows before it are whole."
        print(f"Broken at row {verdict.broken}: {verdict.why}. {whole}{waiting}")
        return 1
    print(f"{verdict.rows} rows, all whole.{waiting} The last digest is {verdict.head or 'none yet'}.")
    return 0


def _sandbox(words: list[str]) -> int:
    _end_when_left_alone()
    sys.argv = ["heed.sandbox", *words]
    try:
        runpy.run_module("heed.sandbox", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _end_when_left_alone() -> None:
    """End this process when the one that minds it is gone: its end of our standard input closes."""
    if os.environ.get("MINDED_BY_HEED") != "1":
        return

    def watch() -> None:
        while os.read(0, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE)
        os._exit(1)

    threading.Thread(target=watch, name="left-alone", daemon=True).start()


def _leave(code: int) -> None:
    """End at once: all work is done, and tearing down a large interpreter takes longer than stopping did."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
