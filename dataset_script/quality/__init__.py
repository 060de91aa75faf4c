"""Quality of transcripts: what a turn or a file suffers from, what is repaired, what gates a file, whether it is relevant.

In: the rows of one transcript with their roles. Out: repaired texts, flags per turn, measures and gates per file, features of the
relevance rule. Thresholds and rates are those of CORPUS.md §§ 1 and 3. Open ``defects.py`` first.
"""
