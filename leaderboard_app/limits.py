"""How often a caller may ask for what costs: a token bucket a client, bounded in number, and one for all together.

Behind a proxy a client's address is what a header says, and a caller may say anything there: the common bucket holds then.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_CLIENTS = 10_000
EVERYBODY = 20
"""How many busy clients at once the common bucket is made for."""


@dataclass
class _Bucket:
    tokens: float
    filled_at: float

    def refill(self, now: float, per_second: float, burst: float) -> None:
        self.tokens = min(burst, self.tokens + (now - self.filled_at) * per_second)
        self.filled_at = now


class RateLimit:
    """``burst`` tokens a client, refilled at ``per_second``; ``EVERYBODY`` times that for all. The longest silent are forgotten first."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._all = _Bucket(burst * EVERYBODY, clock())
        self._clients: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, client: str, cost: float = 1.0) -> bool:
        """Take ``cost`` tokens from a client's bucket and from the common one, if both hold them."""
        now = self._clock()
        with self._lock:
            own = self._clients.pop(client, None) or _Bucket(self.burst, now)
            self._clients[client] = own
            if len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
            own.refill(now, self.per_second, self.burst)
            self._all.refill(now, self.per_second * EVERYBODY, self.burst * EVERYBODY)
            allowed = min(own.tokens, self._all.tokens) >= cost
            if allowed:
                own.tokens -= cost
                self._all.tokens -= cost
        return allowed
