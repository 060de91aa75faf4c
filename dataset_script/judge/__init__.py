"""LLM-as-a-judge over transcripts.

In: transcripts, a rubric and any OpenAI-compatible endpoint. Out: ``judgements.jsonl``, one line a judged unit (a whole
scenario, or a turn), which is at once the result, the cache and the place to resume from; and a report of cost and agreement.

Open ``run.py`` first, for the order of things. The rubrics are data (``rubrics/``, ``answers.py``); ``client.py``, ``structured.py``,
``pool.py``, ``budget.py`` and ``dialect.py`` talk to the endpoint, ``journal.py`` keeps answers, ``untrusted.py`` fences in what is judged: they
know nothing of transcripts, and `deescalwild judge` uses them as they are. ``judgements.py`` is what the build reads.
"""
