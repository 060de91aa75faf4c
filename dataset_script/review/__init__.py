"""People verify scenarios: what they decide, what follows from it, and the page on which they do it.

In: a folder of transcripts. Out: ``decisions.jsonl``, an input of the build. Open ``decisions.py`` first (one line of that file), then
``settlement.py`` (several people's lines → what holds) and ``agreement.py``. The page: ``scenarios.py`` and ``shelf.py`` give what is
shown, ``desk.py`` where one reviewer stands, ``commands.py`` checks what comes in, ``page.py`` is the thin Gradio edge.
"""

from dataset_script.review.decisions import ReviewDecision, append, read_decisions
from dataset_script.review.settlement import Settled, SettledScenario, settle

__all__ = ["ReviewDecision", "Settled", "SettledScenario", "append", "read_decisions", "settle"]
