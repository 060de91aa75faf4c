"""What is wrong with a folder of transcripts, in the figures of CORPUS.md, before a build and after it.

In: a folder of transcripts, or a built dataset. Out: an :class:`Audit` of sections with one measure a line, shown as text, JSON or an
HTML page with plots. Open ``measures.py`` for what is counted in a file, ``summary.py`` for what is made of it.
"""
