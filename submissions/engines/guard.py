"""``python -m submissions.engines.guard COMMAND …``: the command, which dies with the worker that started it.

On Linux the kernel sends it SIGKILL when its parent ends, however that ends. Elsewhere it lives on until its own end; it writes
into a folder of its own, so it can harm nothing.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process to its parent and become the command."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(2)  # the worker died before the kernel knew
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
