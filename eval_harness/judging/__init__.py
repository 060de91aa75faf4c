"""A language model judges stored predictions: how real they sound, and what they give an officer to practise on.

In: a result with its predictions (or predictions alone), the built dataset, any OpenAI-compatible endpoint. Out: a judgement beside
the result (``submissions/judgement.py``) and every verdict behind it.

Open ``run.py`` first, for the order of things. The rubrics are data (``rubrics/*.yaml``): words, points and the JSON schema of the answer.
``sampling.py`` picks items and positions, ``exchange.py`` writes what the judge is shown, ``figures.py`` and ``agreement.py`` count. The
endpoint, its budget and the journal are those of ``dataset_script/judge``.

**Side by side, scored apart.** Model and person are shown together, blind, in balanced order, and each gets a score of its own. Together,
because a score alone says little: judges differ in what they give, so every figure stands beside what the real replies get from the same judge on
the same items, and position bias can be measured. Apart, because a forced choice would only say which is better, never whether the model is
good enough. The price is contrast: a reply is judged in the company of another, so scores under other pairings are other scores.
"""
