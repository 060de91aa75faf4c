"""Request files: what is written is read back; any bytes are a request or one-line faults."""

import json
import string
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from submissions.ledger import printable
from submissions.plain_text import fault_of
from submissions.request import MAX_REQUEST_BYTES, Request, request_path
from submissions.request_file import (
    SCHEMA_FILE,
    RequestError,
    json_schema,
    parse_request,
    read_request,
    request_bytes,
)
from tests.requests import make_request

SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_bytes()))
BAD_REQUESTS = Path(__file__).parents[1] / "data" / "bad_requests"


def faults(content: bytes | str) -> tuple[str, ...]:
    with pytest.raises(RequestError) as refused:
        parse_request(content.encode() if isinstance(content, str) else content)
    return refused.value.problems


def text_of(**changes: str | None) -> str:
    """A request file as text; a field that is None is left out."""
    lines = {
        "schema_version": "1",
        "model": "acme/civilian",
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "precision": "bfloat16",
        "kind": "base",
        "licence": "apache-2.0",
        "contact": "alice",
        "trained_on_corpus": "no",
    }
    return "".join(f"{key}: {value}\n" for key, value in {**lines, **changes}.items() if value is not None)


names = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9]|[._-](?=[A-Za-z0-9])){0,30}", fullmatch=True)
hub_names = st.builds("{}/{}".format, names, names).filter(
    lambda name: not name.endswith((".git", ".ipynb")) and not name.startswith("baseline/")
)
revisions = st.text("0123456789abcdef", min_size=40, max_size=40)
visible = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
lines = (
    st.text(visible, min_size=2, max_size=80).map(str.strip).filter(lambda text: len(text) > 1 and not fault_of(text))
)
texts = st.lists(lines, min_size=1, max_size=4).map("\n".join).filter(lambda text: not fault_of(text, "\n"))


@st.composite
def requests(draw) -> Request:
    """Any valid request."""
    weights = draw(st.sampled_from(["full", "adapter", "merged"]))
    kind = "fine-tuned" if weights != "full" else draw(st.sampled_from(["base", "fine-tuned", "api"]))
    precision = "none" if kind == "api" else draw(st.sampled_from(["float32", "bfloat16", "float16", "int8", "gguf"]))
    base = draw(hub_names) if kind == "fine-tuned" else None
    return Request(
        model=draw(hub_names.filter(lambda name: name != base)),
        revision=draw(revisions),
        precision=precision,
        protocol=draw(st.sampled_from(["deescalwild", "deescalwild_paper"])),
        kind=kind,
        weights=weights,
        base_model=base,
        base_revision=draw(revisions) if base else None,
        quantisation=draw(lines),
        gguf_file="model-Q4_K_M.gguf" if precision == "gguf" else None,
        chat_template=draw(st.none() | lines),
        licence=draw(st.sampled_from(["apache-2.0", "mit", "llama3.1", "other"])),
        contact=draw(lines),
        trained_on_corpus=draw(st.sampled_from(["no", "train", "train+validation", "test", "unknown"])),
        comment=draw(st.none() | texts),
    )


@given(requests())
def test_what_is_written_is_read_back_and_fits_the_published_schema(request):
    assert parse_request(request_bytes(request)) == request
    SCHEMA.validate(request.model_dump(mode="json", exclude_none=True))


@pytest.mark.parametrize(
    "case",
    [
        "fine_tuned_without_base",
        "adapter_without_base_revision",
        "adapter_as_base",
        "api_with_precision",
        "weights_without_precision",
        "gguf_without_file",
        "int4_without_method",
        "revision_short",
        "precision_alias",
        "unknown_field",
        "missing_contact",
        "gguf_path",
    ],
)
def test_an_editor_shows_the_fault_too(case):
    values = yaml.safe_load((BAD_REQUESTS / f"{case}.yaml").read_text().replace("corpus: no", "corpus: 'no'"))
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(values)


def test_the_published_schema_is_current():
    assert SCHEMA_FILE.read_bytes() == json_schema()


def test_a_written_request_names_its_schema_where_editors_look(tmp_path):
    request = make_request()
    path = tmp_path / request_path(request)
    first = request_bytes(request).decode().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../request.schema.json"
    assert (path.parent / first.partition("=")[2]).resolve() == tmp_path / SCHEMA_FILE.name


@given(st.binary(max_size=400))
def test_any_bytes_are_a_request_or_one_line_faults(content):
    try:
        parse_request(content)
    except RequestError as error:
        assert error.problems and all(line == printable(line, 400) for line in error.problems)


@given(
    st.text(st.sampled_from(string.printable + "&*!<>|'\"é\u202e"), max_size=60),
    st.sampled_from(list(Request.model_fields)),
)
def test_any_value_of_a_field_is_accepted_or_refused_in_one_line(value, field):
    try:
        parse_request(text_of(**{field: value}).encode())
    except RequestError as error:
        assert error.problems and all(line == printable(line, 400) for line in error.problems)


def test_all_faults_are_named_at_once():
    found = faults(text_of(revision="main", precision="fp16", contact=None, kind="fine-tuned", colour="red"))
    assert [line.split()[0] for line in found] == ["revision:", "precision:", "contact:", "'colour'", "base_model:"]


def test_of_very_many_faults_the_first_are_named():
    assert faults("".join(f"k{number}: v\n" for number in range(5000)))[-1].endswith("faults more")


def test_no_and_dates_are_text_as_in_an_editor():
    request = parse_request(text_of(trained_on_corpus="no", comment="2024-01-01").encode())
    assert (request.trained_on_corpus, request.comment) == ("no", "2024-01-01")


@pytest.mark.parametrize(
    "value", ["1e5", "12e34", "1_000", "0x1f", "12:30:45", "yes", "off", "~", "=", "<<", "2024-01-01", "# a", "- b"]
)
def test_text_that_looks_like_something_else_is_quoted(value):
    request = make_request(comment=value if len(value) > 1 else value * 2)
    assert parse_request(request_bytes(request)) == request


def test_a_file_may_be_as_large_as_the_limit_and_no_larger():
    text = text_of()
    padding = "#" * (MAX_REQUEST_BYTES - len(text) - 1) + "\n"
    assert parse_request((text + padding).encode()).model == "acme/civilian"
    assert faults(text + padding + "#") == ("is larger than 64 KiB. A request is a page of text",)


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 60_000,
        "{" * 60_000,
        "- " * 30_000,
        "? " * 30_000,
        "a: " * 20_000,
        "&a " * 20_000,
        '"' + "\\x41" * 15_000,
        "%YAML 1." + "9" * 60_000,
        "model: !!python/object/apply:os.system ['true']\n" * 1000,
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
        "".join(f"k{number}: v\n" for number in range(7000)),
    ],
    ids=lambda bomb: bomb[:12],
)
@pytest.mark.timeout(10)
def test_a_bomb_is_refused_at_once(bomb):
    assert faults(bomb[:MAX_REQUEST_BYTES])


def test_two_models_never_share_a_place():
    """``a__b/c`` and ``a/b__c`` would both lie in ``a__b__c``."""
    assert faults(text_of(model="a__b/c"))[0].startswith("model: has '__' in its organisation")
    assert request_path(make_request("a/b__c")).parent.name == "a__b__c"


class TestOnDisk:
    @pytest.fixture
    def place(self, tmp_path):
        """A ledger with one request in its place."""
        request = make_request()
        path = tmp_path / request_path(request)
        path.parent.mkdir(parents=True)
        path.write_bytes(request_bytes(request))
        return path

    def test_a_request_in_its_place_is_read(self, place, tmp_path):
        assert read_request(place, tmp_path) == make_request()

    def test_another_place_is_refused_with_the_right_one(self, place, tmp_path):
        moved = place.rename(place.with_name("mine.yaml"))
        with pytest.raises(
            RequestError, match=r"belongs at requests/acme__civilian/[0-9a-f]{12}-bfloat16-deescalwild.yaml"
        ):
            read_request(moved, tmp_path)

    def test_a_link_is_never_followed(self, place, tmp_path):
        content = place.rename(tmp_path / "elsewhere.yaml")
        place.symlink_to(content)
        with pytest.raises(RequestError, match="not a plain file"):
            read_request(place, tmp_path)


def test_the_example_that_people_copy_is_valid():
    text = (SCHEMA_FILE.parent / "requests" / "README.md").read_text()
    assert parse_request(text.split("```yaml\n")[1].split("```")[0].encode()).weights == "adapter"
