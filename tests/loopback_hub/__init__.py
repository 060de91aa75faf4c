"""A small Hub on loopback: models, datasets and Spaces for the real ``huggingface_hub`` client, on plain HTTP and in memory.

In: :class:`User` objects. Out: a running :class:`LoopbackHub` with ``url`` for ``HfApi(endpoint=…)`` or ``HF_ENDPOINT``, ``store`` to look
into and ``faults`` to make it fail. Open ``store.py`` first (repositories as plain data), then ``routes.py`` (one function an endpoint),
then ``server.py`` (HTTP).

It speaks: whoami, repositories (create, delete, info, list, settings), tree, paths-info, resolve with ranges, preupload, LFS
batch and upload, commits with ``parent_commit`` and ``create_pr``, refs, branches, tags, discussions and pull requests with
comments, status, title and merge, validate-yaml and auth-check, and jobs with their buckets (``jobs.py``). It refuses what the Hub refuses: writing without being a member, private and
gated repositories, a stale parent commit, a second tag of a name, a commit of an LFS object that was never uploaded.

It does not speak Xet, so the client runs with ``HF_HUB_DISABLE_XET=1``; ``client.py`` sets that and all else, for this process or another.
"""

from tests.loopback_hub.client import environment, use_hub
from tests.loopback_hub.server import LoopbackHub, loopback_hub
from tests.loopback_hub.store import File, Repo, Store, User

__all__ = ["File", "LoopbackHub", "Repo", "Store", "User", "environment", "loopback_hub", "use_hub"]
