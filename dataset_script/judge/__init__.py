"""LLM-as-a-judge over transcripts.

In: transcripts, a rubric and any OpenAI-compatible endpoint. Out: ``judgements.jsonl``, one line a judged unit (a whole
scenario, or a turn), which is at once the result, the cache and the place to resume from; and a report of cost and agreement.

Open ``run.py`` first, for the order of things. The rubrics are data (``rubrics/``, ``answers.py``); ``client.py``, ``structured.py``,
``budget.py`` and ``dialect.py`` talk to the endpoint and know nothing of transcripts; ``judgements.py`` is what the build reads.
"""
