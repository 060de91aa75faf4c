"""Where transcripts come from: Harvard Dataverse, an archive, a folder → a folder on this machine.

In: ``doi:…`` for :func:`fetch`, or the path of a folder or archive for :func:`open_source`. Out: the path of a folder that
holds the files, archives unpacked. What is downloaded is pinned by sha256 in a lock file. Open ``fetching.py`` first.
"""

from dataset_script.download.fetching import fetch
from dataset_script.download.source import open_source

__all__ = ["fetch", "open_source"]
