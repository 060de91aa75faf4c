"""Request files: bytes → ``Request`` or every fault in one line each, and back.

A request is one flat mapping, so it is read from the parser's events: there are no anchors, tags, merges or nested parts that could be
built, and nothing is ever constructed but text, whole numbers, truth values and nothing. Plain values follow YAML 1.2, as editors read it:
``no`` and dates are text, only ``true`` and ``false`` are truth values.
"""

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from submissions.ledger import LedgerError, printable
from submissions.plain_text import first_foreign, first_invisible, name_of
from submissions.request import MAX_REQUEST_BYTES, Request, contradictions, request_path

SCHEMA_FILE = Path(__file__).with_name("request.schema.json")
MAX_FAULTS = 20
"""Lines that an author gets at once."""
_SCHEMA_COMMENT = "# yaml-language-server: $schema=../../request.schema.json\n"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class RequestError(LedgerError):
    """A request file is wrong. ``problems``: each fault in one printable line that says how to mend it."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(printable(problem, 400) for problem in problems)
        super().__init__("; ".join(self.problems))


def parse_request(content: bytes) -> Request:
    """Read a request.

    Raises:
        RequestError: all that is wrong with it.
    """
    return request_of(_flat_mapping(_text(content)))


def request_of(values: dict[str, Any]) -> Request:
    """A request from its fields.

    Raises:
        RequestError: all that is wrong with them.
    """
    try:
        return Request.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # Rules between fields are checked by the model only once each field is right; the author wants all at once.
        fields = [_sentence(fault) for fault in faults[:MAX_FAULTS] if fault["loc"]]
        wrong = {fault["loc"][0] for fault in faults if fault["loc"]}
        between = [line for line in contradictions(values) if line.partition(":")[0] not in wrong]
        more = [f"and {len(faults) - MAX_FAULTS} faults more"] if len(faults) > MAX_FAULTS else []
        raise RequestError(*fields, *between, *more) from None


def faults_of_field(field: str, value: object) -> list[str]:
    """What is wrong with one field, before the others are known."""
    try:
        Request.model_validate({field: value})
    except ValidationError as error:
        return [_sentence(fault) for fault in error.errors(include_url=False) if fault["loc"] == (field,)]
    return []


def read_request(path: Path, ledger: Path) -> Request:
    """Read one request below a ledger's folder and check that it lies where its content says.

    Raises:
        RequestError: unreadable, wrong, or in another's place.
    """
    if path.is_symlink() or not path.is_file():
        raise RequestError("is not a plain file")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_REQUEST_BYTES + 1)
    except OSError as error:
        raise RequestError(f"cannot be read ({error.strerror})") from None
    request = parse_request(content)
    if PurePosixPath(path.relative_to(ledger).as_posix()) != (expected := request_path(request)):
        raise RequestError(f"its content belongs at {expected}. Move it there")
    return request


def request_bytes(request: Request) -> bytes:
    """A request as YAML that ``parse_request`` reads back, with the line that tells editors its schema."""
    values = request.model_dump(exclude_none=True)
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return (_SCHEMA_COMMENT + text).encode()


def json_schema() -> bytes:
    """The JSON Schema of a request, as published in ``request.schema.json``."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Request.model_json_schema()}
    return (json.dumps(schema, indent=1) + "\n").encode()


# -- bytes → plain values -----------------------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    if len(content) > MAX_REQUEST_BYTES:
        raise RequestError(f"is larger than {MAX_REQUEST_BYTES // 2**10} KiB. A request is a page of text")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RequestError(f"line {line}: is not UTF-8. Save it as UTF-8 text") from None
    if not text.strip():
        raise RequestError("is empty. `deescalwild submit ORG/MODEL` writes one")
    if char := first_invisible(text, allowed="\n\r\t"):
        line = text.count("\n", 0, text.index(char)) + 1
        raise RequestError(f"line {line}: holds {name_of(char)}. Remove it")
    return text


def _flat_mapping(text: str) -> dict[str, Any]:
    """Key → plain value.

    Raises:
        RequestError: anything other than one mapping of plain values.
    """
    try:
        return _read_events(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RequestError(f"line {line}: is not YAML: {error.problem or error.context}") from None
    except RequestError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError):
        raise RequestError("is not YAML: a character, an escape or a number is out of range") from None


def _read_events(events: Iterator[yaml.Event]) -> dict[str, Any]:
    _skip(events, yaml.StreamStartEvent)
    _skip(events, yaml.DocumentStartEvent)
    start = next(events)
    if not isinstance(start, yaml.MappingStartEvent):
        raise RequestError("is not a list of `field: value` lines. `deescalwild submit ORG/MODEL` writes one")
    _refuse_decoration(start)
    values: dict[str, Any] = {}
    repeated = []
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _scalar(key).value
        value = _value(_scalar(next(events), name), name)
        if name in values:
            repeated.append(f"{name}: stands here twice, again in line {key.start_mark.line + 1}. Keep one")
        values[name] = value
    _skip(events, yaml.DocumentEndEvent)
    if not isinstance(extra := next(events), yaml.StreamEndEvent):
        raise RequestError(f"line {extra.start_mark.line + 1}: begins a second document. Keep one")
    if repeated:
        raise RequestError(*repeated)
    return values


def _skip(events: Iterator[yaml.Event], kind: type[yaml.Event]) -> None:
    if not isinstance(next(events), kind):
        raise RequestError("is empty. `deescalwild submit ORG/MODEL` writes one")


def _refuse_decoration(event: yaml.Event) -> None:
    line = event.start_mark.line + 1
    if getattr(event, "anchor", None) is not None:
        raise RequestError(f"line {line}: anchors (&) and aliases (*) are not read. Write the value itself")
    if getattr(event, "tag", None) is not None:
        raise RequestError(f"line {line}: tags (!) are not read. Write the value without it")


def _scalar(event: yaml.Event, key: str | None = None) -> yaml.ScalarEvent:
    """The event, if it is a plain value."""
    _refuse_decoration(event)
    if isinstance(event, yaml.ScalarEvent):
        return event
    where = f"line {event.start_mark.line + 1}" if key is None else key
    raise RequestError(f"{where}: is a list or a mapping. A request holds one value a field")


def _value(event: yaml.ScalarEvent, key: str) -> str | int | float | bool | None:
    text: str = event.value
    if not event.implicit[0]:  # quoted or a block: always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan")) if _FLOAT.fullmatch(text) else text


# -- faults → sentences -------------------------------------------------------------------------------------------------------

_HOW = {
    "model": "Write ORG/MODEL as the Hub spells it",
    "base_model": "Write ORG/MODEL as the Hub spells it",
    "revision": "Write the full commit, 40 lower-case hex digits; `deescalwild submit` looks it up",
    "base_revision": "Write the full commit, 40 lower-case hex digits; `deescalwild submit` looks it up",
    "gguf_file": "Write the name of a .gguf file at the root of the repository",
    "licence": "Write the Hub's id of it in lower case, such as apache-2.0, or other",
    "contact": "Write a Hub user name or an address that may be public",
}


def _sentence(fault: ErrorDetails) -> str:
    """A fault that pydantic found in one field, as ``field: what is wrong. How to mend it``."""
    field, value, kind = str(fault["loc"][0]), fault["input"], fault["type"]
    how = _HOW.get(field, Request.model_fields[field].description if field in Request.model_fields else None)
    how = f". {how}" if how else ""
    if kind == "missing":
        return f"{field}: is missing{how}"
    if kind == "extra_forbidden":
        return _unknown_field(field)
    if kind == "literal_error":
        return f"{field}: is {_shown(value)}. Write {fault['ctx']['expected']}"
    if kind == "value_error":
        return f"{field}: {fault['ctx']['error']!s}"
    if isinstance(value, bool | int | float):
        return f"{field}: is {_shown(value)}, which YAML reads as no text. Put it in quotes if it is right{how}"
    if value is None:
        return f"{field}: is empty{how}"
    if kind == "string_too_long":
        return f"{field}: is longer than {fault['ctx']['max_length']} characters. Shorten it"
    if kind == "string_too_short":
        return f"{field}: is too short{how}"
    odd = first_foreign(value)
    return f"{field}: is {_shown(value)}{f', with {name_of(odd)}' if odd else ', which does not fit'}{how}"


def _unknown_field(field: str) -> str:
    odd = first_foreign(field)
    near = difflib.get_close_matches(field.casefold(), Request.model_fields, n=1, cutoff=0.7)
    hint = f" Did you mean {near[0]}?" if near else f" The fields are {', '.join(Request.model_fields)}."
    return f"{_shown(field)} is no field of a request{f' (it has {name_of(odd)})' if odd else ''}.{hint}"


def _shown(value: object) -> str:
    return printable(str(value).lower() if isinstance(value, bool) else repr(value), 60)


# -- values → YAML ------------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or 1.2 would take for anything but text; texts of several lines become blocks."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"(?:{_FLOAT.pattern})$"), list("-+.0123456789"))
