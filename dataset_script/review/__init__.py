"""People verify scenarios: decisions in an append-only file, settled into what the build applies, and the page that makes them.

In: a folder of transcripts. Out: ``decisions.jsonl``, and from it :class:`Settled` – verdicts, roles, texts, personal data – and the
conflicts that wait for adjudication. Open ``decisions.py`` first, then ``settlement.py``; ``page.py`` is the browser's side.
"""

from dataset_script.review.decisions import ReviewDecision, append, read_decisions
from dataset_script.review.settlement import Settled, SettledScenario, settle

__all__ = ["ReviewDecision", "Settled", "SettledScenario", "append", "read_decisions", "settle"]
