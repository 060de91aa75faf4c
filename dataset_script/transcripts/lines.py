"""Text lines ``[MM:SS] Speaker: text`` → rows."""

import re

from dataset_script.transcripts.model import Cells, Malformed, Note, RawRows

_TIME = re.compile(r"\[([0-9:.,]+)\]")


def read_lines(text: str) -> RawRows:
    """Rows of a text file; a line of another form is left out with a note.

    Raises:
        Malformed: empty, or more lines of another form than rows: a licence or a note, not a transcript.
    """
    rows: list[Cells] = []
    notes: list[Note] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = _TIME.match(line.strip())
        speaker, colon, spoken = line.strip()[match.end() :].partition(":") if match else ("", "", "")
        if match and colon:
            rows.append(Cells(number, match[1], speaker, spoken))
        else:
            notes.append(Note(number, "not of the form '[MM:SS] Speaker: text'; line left out"))
    if not rows and not notes:
        raise Malformed("the file is empty")
    if len(notes) > len(rows):
        raise Malformed(
            f"{len(notes)} of {len(notes) + len(rows)} lines are not of the form '[MM:SS] Speaker: text'", notes[0].line
        )
    return RawRows(rows, notes)
