"""One transcript file, in whatever state it is → its rows.

In: delimited text with the columns ``start_time,speaker_label,transcript``, the same as JSON or JSON lines, or text
lines ``[MM:SS] Speaker: text``. Out: a :class:`Transcript`, rows in file order, and one sentence for each thing that
was mended or left out. What cannot be read raises :class:`UnreadableTranscript`, a ``DataError``, with file and line.
Open ``reader.py`` first.
"""

from dataset_script.transcripts.model import CSV_COLUMNS, Row, Transcript, UnreadableTranscript, transcript_name
from dataset_script.transcripts.reader import SUFFIXES, read_bytes, read_transcript
from dataset_script.transcripts.times import parse_time

__all__ = [
    "CSV_COLUMNS",
    "SUFFIXES",
    "Row",
    "Transcript",
    "UnreadableTranscript",
    "parse_time",
    "read_bytes",
    "read_transcript",
    "transcript_name",
]
