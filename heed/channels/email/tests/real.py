"""A real Postfix and a real Dovecot on loopback, in a folder that is thrown away; the rest of the world is
one SMTP server of the sandbox."""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from heed.channels.base import AccountRecord
from heed.lib import clock
from heed.sandbox.networks.email.mailroom import Mailroom, Said
from heed.sandbox.networks.email.servers import MailServer
from heed.sandbox.networks.email.smtp import SmtpSession

PASSWORD = "app-password-of-a-mailbox"
LARGEST = 300_000
PATIENCE = 30
_PACKAGES = ("postfix", "dovecot-imapd")
_PROGRAMS = ("postfix", "dovecot")

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/postfix.log
myhostname = mail.acme.example
mydestination =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = acme.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
recipient_delimiter = +
message_size_limit = {largest}
relayhost = [127.0.0.1]:{world}
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access, permit_mynetworks, reject
smtp_tls_security_level = none
"""
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
"""


class CannotInstall(Exception):
    """A server is missing; the text says what to type."""


class RealMail:
    """Both servers, started and ended by `with`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="heed-mail-"))
        self.room = Mailroom(lambda *_: True, self._world_takes, self._world_receives, clock.now, 10**7)
        self.room.asks_for_password = False
        self.world = MailServer(SmtpSession, self.room)
        self.smtp, self.imap = _free_port(), _free_port()
        self.arrived: list[tuple[str, bytes]] = []
        self.senders: list[tuple[str, str]] = []
        """Of each mail the sender and the receiver that its envelope named."""
        self._postfix: subprocess.Popen[bytes] | None = None
        self._dovecot: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RealMail:
        _see_installed()
        self.folder.chmod(0o755)
        self.world.start()
        self._configure()
        self.start_dovecot()
        self._postfix = self._started("postfix", "-c", str(self.folder / "postfix"), "start-fg")
        _wait_for(self.smtp)
        return self

    def __exit__(self, *_: object) -> None:
        if self._postfix is not None:
            subprocess.run(
                ["postfix", "-c", str(self.folder / "postfix"), "stop"], capture_output=True, check=False
            )
            self._postfix.wait(PATIENCE)
        self.stop_dovecot()
        self.world.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_dovecot(self) -> None:
        self._dovecot = self._started("dovecot", "-F", "-c", str(self.folder / "dovecot.conf"))
        _wait_for(self.imap)

    def stop_dovecot(self) -> None:
        if self._dovecot is not None:
            self._dovecot.terminate()
            self._dovecot.wait(PATIENCE)
            self._dovecot = None

    def account(self) -> AccountRecord:
        return AccountRecord(
            external_id="help@acme.example",
            name="Acme",
            credentials={
                "address": "help@acme.example",
                "name": "Acme",
                "password": PASSWORD,
                "imap_host": "imap://127.0.0.1",
                "imap_port": str(self.imap),
                "smtp_host": "smtp://127.0.0.1",
                "smtp_port": str(self.smtp),
            },
            base_url="https://mail.invalid",
        )

    def customer_writes(self, mail: EmailMessage, to: str = "help@acme.example") -> None:
        """Hand a mail to Postfix, as the customer's own server would."""
        with smtplib.SMTP("127.0.0.1", self.smtp, local_hostname="mail.example", timeout=PATIENCE) as server:
            server.send_message(mail, to_addrs=[to])

    def file_with(self, words: bytes) -> Path:
        """The mail with these words in it, once it lies in the mailbox."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for file in (self.folder / "mail" / "help@acme.example").glob("[cn]??/*"):
                if words in file.read_bytes():
                    return file
            time.sleep(0.05)
        raise TimeoutError(words)

    def _configure(self) -> None:
        facts = {
            "folder": self.folder,
            "largest": LARGEST,
            "world": self.world.port,
            "password": PASSWORD,
        }
        settings = self.folder / "postfix"
        for name in ("postfix", "spool", "data", "mail", "run", "state"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", pwd.getpwnam("postfix").pw_uid, 0)
        os.chown(self.folder / "mail", 65534, 65534)
        (settings / "main.cf").write_text(_MAIN.format(**facts))
        (settings / "master.cf").write_text(_SERVICES.format(port=self.smtp).lstrip())
        (self.folder / "mailboxes").write_text("help@acme.example help@acme.example/\n")
        (self.folder / "access").write_text(
            "grey@mail.example 451 4.7.1 Greylisted, try again in 300 seconds\n"
        )
        (self.folder / "dovecot.conf").write_text(_DOVECOT.format(port=self.imap, **facts))

    def _started(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / "started.log").open("ab") as log:
            return subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _world_receives(self, address: str) -> Said:
        if address.startswith("gone@"):
            return 550, "5.1.1 No such user here"
        return 250, "2.1.5 Ok"

    def _world_takes(self, sender: str, receivers: list[str], content: bytes) -> Said:
        self.senders += [(sender, receiver) for receiver in receivers]
        self.arrived += [(receiver, content) for receiver in receivers]
        return 250, "2.0.0 Ok"


def _see_installed() -> None:
    if all(map(shutil.which, _PROGRAMS)) and os.geteuid() == 0:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotInstall(f"As root, with these installed: apt-get install {' '.join(_PACKAGES)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *_PACKAGES]):
        done = subprocess.run(["apt-get", *command], capture_output=True, env=quiet, check=False)
        if done.returncode:
            raise CannotInstall(done.stdout.decode(errors="replace")[-1500:])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
