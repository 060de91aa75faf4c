"""Bytes of a file → text with ``\\n`` line ends, and what had to be mended on the way.

UTF-8 is read as it is; UTF-16 and UTF-32 by their byte order mark; lines that are not UTF-8 as Windows-1252, the
encoding of old office programs. NUL bytes are removed. Mojibake (UTF-8 that was once read as Windows-1252) is undone
where that is certain.
"""

import codecs
import re

from dataset_script.transcripts.model import Malformed, Note

_BYTE_ORDER_MARKS = (  # the marks of UTF-32 begin with those of UTF-16, so they come first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_MAX_NUL_SHARE = 0.2
"""Plain text in UTF-16 has a NUL in every second byte; a damaged file has a few."""
_MAX_ENCODING_ROUNDS = 3
"""Text can have been through the wrong decoder several times."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _windows_1252(byte: int) -> str:
    """The character that programs show for a byte: Windows-1252, with its five holes read as Latin-1."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


_BYTE_OF = {_windows_1252(byte): byte for byte in range(0x80, 0x100)}
_TAIL = "[" + re.escape("".join(_windows_1252(byte) for byte in range(0x80, 0xC0))) + "]"
# Only sequences that no one writes on purpose: "Ã©", "Â£", "â€™", "ðŸ˜€". Others, such as the end of «CAFÉ», are real text.
_MOJIBAKE = re.compile(f"[ÂÃ]{_TAIL}|â{_TAIL}{{2}}|ðŸ{_TAIL}{{2}}")


def decode(data: bytes) -> tuple[str, list[Note]]:
    """Text of a file and notes on lines that were mended.

    Raises:
        Malformed: the bytes are no text in any of the encodings.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding is None and data.count(0) > _MAX_NUL_SHARE * len(data):
        raise Malformed("is UTF-16 without its byte order mark, or no text at all. Save the file as UTF-8")
    if encoding:
        try:
            data = data.decode(encoding).encode()
        except UnicodeDecodeError as error:
            raise Malformed(f"byte {error.start} is not {encoding.upper()}. Save the file as UTF-8") from None
    lines: list[str] = []
    notes: list[Note] = []
    for number, raw in enumerate(_split_lines(data.removeprefix(codecs.BOM_UTF8)), start=1):
        line, mended = _decode_line(raw, number)
        lines.append(line)
        notes.extend(Note(number, what) for what in mended)
    return "\n".join(lines), notes


def _split_lines(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _decode_line(raw: bytes, number: int) -> tuple[str, list[str]]:
    if raw.isascii() and b"\0" not in raw:
        return raw.decode("ascii"), []
    mended = []
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
        mended.append("NUL bytes removed")
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        line = _decode_windows_1252(raw, number)
        mended.append("not UTF-8, read as Windows-1252")
    if _BYTE_ORDER_MARK in line:  # files that were put together
        line = line.replace(_BYTE_ORDER_MARK, "")
        mended.append("byte order mark inside the file removed")
    repaired = repair_mojibake(line)
    if repaired != line:
        mended.append("letters that had been decoded wrongly (mojibake) restored")
    return repaired, mended


def _windows_1252_of(error: UnicodeError) -> tuple[str, int]:
    """Of a line of UTF-8, the bytes that are none."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252"), error.end


codecs.register_error("windows-1252", _windows_1252_of)


def _decode_windows_1252(raw: bytes, number: int) -> str:
    """A line as Windows-1252; where that has no such byte, as UTF-8 with a spoilt place (the end of “…” has such a byte)."""
    try:
        line = raw.decode("cp1252")
    except UnicodeDecodeError:
        try:
            line = raw.decode("utf-8", "windows-1252")
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise Malformed(
                f"byte 0x{byte:02x} is neither UTF-8 nor Windows-1252. Save the file as UTF-8", number
            ) from None
    if _CONTROL.search(line):
        raise Malformed("holds bytes that are no text. Save the file as UTF-8", number)
    return line


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 read as Windows-1252, for sequences whose way back is sure; other text stays as it is."""
    for _ in range(_MAX_ENCODING_ROUNDS):
        repaired = _MOJIBAKE.sub(lambda match: _way_back(match[0]), text)
        if repaired == text:
            break
        text = repaired
    return text


def _way_back(characters: str) -> str:
    try:
        original = bytes(_BYTE_OF[character] for character in characters).decode()
    except UnicodeDecodeError:
        return characters
    return original if original.isprintable() or original == "\N{NO-BREAK SPACE}" else characters
