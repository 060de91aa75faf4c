"""A pull request in the submitter's own name. The board has no right to write: the login's token does it, and is kept nowhere."""

import os
from dataclasses import dataclass
from importlib.util import find_spec

from submissions.hub_ledger import HubLedger, Opened
from submissions.request_file import parse_request

LEDGER_VARIABLE = "DEESCALWILD_LEDGER"


@dataclass(frozen=True)
class SignIn:
    """The ledger on the Hub that pull requests go to. ``endpoint``: of the Hub; its own unless given."""

    ledger: str
    endpoint: str | None = None

    def open_request(self, text: str, token: str) -> Opened:
        """Open the pull request that adds a request file.

        Args:
            text: the file; read again, whoever sent it.
            token: of the submitter's login, with the scope ``write-discussions``.

        Raises:
            RequestError: the file is wrong.
            LedgerError: the ledger has it already.
            HubUnreachable: the Hub does not answer, or refuses.
        """
        from huggingface_hub import HfApi

        request = parse_request(text.encode())
        return HubLedger(HfApi(endpoint=self.endpoint, token=token), self.ledger).open_request(request)


def sign_in() -> SignIn | None:
    """How people sign in here; ``None`` where the Space has no OAuth, no ledger to write to, or not the packages for it."""
    ledger = os.environ.get(LEDGER_VARIABLE)
    if not ledger or not os.environ.get("OAUTH_CLIENT_ID"):
        return None
    return SignIn(ledger) if find_spec("authlib") and find_spec("itsdangerous") else None
