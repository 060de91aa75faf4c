"""Results in the forms that others read. In: a :class:`~submissions.schema.Result`. Out: plain data or bytes; ``push.py`` alone talks to the Hub.

``hub.py``: a model repository's metadata and ``.eval_results``. ``every_eval_ever.py``: that project's record.
``table.py``: the whole ledger as rows and as Parquet.
"""
