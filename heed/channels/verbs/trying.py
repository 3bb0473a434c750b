"""What was entered for a new account, tried before there is one."""

from __future__ import annotations

from django.utils.translation import gettext as _

from heed.channels import reach
from heed.channels.base import Refusal, SessionExpired, is_needed, way_taken
from heed.channels.models import Account
from heed.channels.verbs.asking import who_it_is
from heed.channels.verbs.refusals import CannotConnect
from heed.lib.http import AnswerLost, TooLarge, Unreachable

OF_CREDENTIALS = ("sign_in_again", "not_configured", "wrong_server")
"""The problems that lie in what was entered: only who entered it can mend them."""


def demand_taken(account: Account) -> None:
    """Ask the network whose this is, with nothing pointed at us. Only where it does not take what was entered
    is that refused (`CannotConnect`): what passes by itself, what is set at the network afterwards, and an
    answer that does not come are for the worker, which asks again. The id that the network tells is kept in
    `account`, so that its key admits one of those who connect it at once."""
    try:
        found = who_it_is(account)
    except Refusal as refusal:
        if refusal.reason in OF_CREDENTIALS and not refusal.retry:
            raise _not_taken(account, refusal) from refusal
        return
    except SessionExpired as expired:  # though it is a new one
        raise _not_taken(account, Refusal("sign_in_again", detail=str(expired))) from expired
    except (Unreachable, AnswerLost, TooLarge):
        return
    account.external_id = found.external_id or account.external_id


def _not_taken(account: Account, refusal: Refusal) -> CannotConnect:
    said, field = f"{refusal.code} {refusal.detail}".strip(), _blamed(account, refusal)
    if refusal.reason == "not_configured":
        sentence = _("The network does not take what was entered: %(said)s") % {"said": said}
        return CannotConnect(sentence, field)
    why = str(reach.words_for_entered(account, refusal.reason, said).sentence)
    return CannotConnect(why if said in why else f"{why} {said}", field)


def _blamed(account: Account, refusal: Refusal) -> str:
    """The field that the refusal is about: the one it names, else the only secret that there is."""
    if refusal.field:
        return refusal.field
    fields = account.adapter.fields
    way = way_taken(fields, account.credentials)
    secrets = [field.name for field in fields if field.secret and is_needed(field, way)]
    return secrets[0] if len(secrets) == 1 and refusal.reason == "sign_in_again" else "network"
