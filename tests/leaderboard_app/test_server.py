"""The running board over HTTP: the first table before Gradio is there, its API, what it refuses, and what it never says."""

import json
import re
import threading
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard_app import api
from leaderboard_app.app import PAGES
from leaderboard_app.gate import MAX_BODY
from leaderboard_app.limits import EVERYBODY, RateLimit
from leaderboard_app.server import Server, build_gradio
from leaderboard_app.site import Site
from submissions.schema import METRICS
from tests.rich_ledger import write_rich_ledger

TOKEN = "hf_CanaryCanaryCanaryCanaryCanaryCan"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_rich_ledger(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def server(results):
    """One board for all, started with a token in its environment; with gate and limits as in life."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", TOKEN)
        running = Server(Site.over(results), "127.0.0.1", 0).start()
        yield running
        running.close()


@pytest.fixture(scope="module")
def client(server):
    return Client(server.address, verbose=False)


@pytest.fixture(scope="module")
def site(results):
    return Site.over(results)


def ask(address, body=None, **headers):
    """(status, text, headers) of a request, refused or not."""
    request = Request(address, data=body, headers=headers)
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
    except HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace"), error.headers


# --- the first table, before Gradio is imported ---


@pytest.fixture
def starting(results):
    """A board whose Gradio app is only built when ``go`` is set."""
    go = threading.Event()

    def build(site):
        assert go.wait(120)
        return build_gradio(site)

    running = Server(Site.over(results), "127.0.0.1", 0, build)
    running.begin()
    yield running, go
    go.set()
    running.door.ready.wait(120)
    running.close()


def test_table_filters_and_files_are_there_before_gradio_and_stay_the_same_after_it(starting):
    server, go = starting
    status, page, _ = ask(f"{server.address}/?q=acme")
    assert status == 200 and "acme/<wbr>pico-0.5b" in page and "The other pages open in a few seconds" in page
    assert "gradio_config" not in page
    wanted = ("view?size=phone&sort=-rouge_l", "export.csv?q=acme", "export.json?scope=all")
    before = [ask(f"{server.address}/{path}")[:2] for path in wanted]
    assert [status for status, _ in before] == [200, 200, 200]
    assert ask(f"{server.address}/ready")[0] == 503
    for path, body in (("latency", None), ("gradio_api/call/ranking", b'{"data": []}')):
        status, page, headers = ask(f"{server.address}/{path}", body)
        assert status == 503 and headers["Retry-After"] and "opens in a few seconds" in page
    go.set()
    assert server.door.ready.wait(120)
    assert ask(f"{server.address}/ready")[0] == 200 and "gradio_config" in ask(server.address)[1]
    assert [ask(f"{server.address}/{path}")[:2] for path in wanted] == before


def test_a_board_whose_pages_cannot_be_built_ends_with_the_reason(results):
    def build(_):
        raise RuntimeError("gradio is not what it was")

    with pytest.raises(RuntimeError, match="not what it was"):
        Server(Site.over(results), "127.0.0.1", 0, build).start()


def test_a_taken_port_is_said(server, results):
    with pytest.raises(OSError, match="in use"):
        Server(Site.over(results), "127.0.0.1", int(server.address.rsplit(":", 1)[1]))


@pytest.mark.parametrize("route", [route or "" for _, route, _ in PAGES])
def test_every_page_answers(server, route):
    assert ask(f"{server.address}/{route}")[0] == 200


# --- its API ---


def test_the_api_is_typed_and_documented(server):
    found = json.loads(ask(f"{server.address}/gradio_api/info")[1])["named_endpoints"]
    assert set(found) == {"/ranking", "/model", "/compare", "/queue"}
    types = {own["parameter_name"]: own["python_type"]["type"] for own in found["/ranking"]["parameters"]}
    assert types == {"query": "str", "offset": "int", "limit": "int"}
    assert all(own["description"] for own in found.values())


def test_ranking_is_the_table_of_the_address_and_pages_through_it(client):
    whole = client.predict(query="", api_name="/ranking")
    assert whole["total"] == len(whole["rows"]) == 13 and whole["source"]["board"].startswith("v1.0.0-test-")
    assert [row["rank"] for row in whole["rows"]] == sorted(row["rank"] for row in whole["rows"])
    part = client.predict(query="", offset=3, limit=2, api_name="/ranking")
    assert part["rows"] == whole["rows"][3:5] and part["total"] == 13
    phones = client.predict(query="size=phone&kind=base", api_name="/ranking")
    assert [row["model"] for row in phones["rows"]] == ["acme/pico-0.5b"]
    by_id = {row["model"]: row for row in whole["rows"]}
    assert phones["rows"][0] == by_id["acme/pico-0.5b"]


def test_a_model_is_its_result_without_its_sums(client):
    found = client.predict("initech/mid-3b", api_name="/model")
    assert found["result"]["model"]["parameters"] == 3_090_000_000 and "per_scenario" not in found["result"]
    assert found["standing"]["rouge_l_low"] <= found["standing"]["rouge_l"] <= found["standing"]["rouge_l_high"]


def test_a_comparison_has_differences_intervals_and_tallies_against_the_first(client):
    found = client.predict(["initech/mid-3b", "initech/mid-3b-scenarios", "baseline/constant"], api_name="/compare")
    assert found["first"].startswith("initech/mid-3b@") and len(found["others"]) == 2
    own = found["others"][0]["metrics"]
    assert set(own) == set(METRICS) and own["rouge_l"]["low"] <= own["rouge_l"]["value"] <= own["rouge_l"]["high"]
    assert sum(own["rouge_l"]["scenarios"].values()) == 24


def test_the_queue_has_states_positions_and_reasons(client):
    submissions = client.predict(api_name="/queue")["submissions"]
    places = sorted(own["position"] for own in submissions if own["position"])
    assert len(places) >= 3 and places == list(range(1, len(places) + 1))
    pending = client.predict(state="pending", api_name="/queue")["submissions"]
    assert {own["state"] for own in pending} == {"pending"} and pending[0]["position"] == 1
    (failed,) = client.predict(state="failed", api_name="/queue")["submissions"]
    assert (
        failed["request"].startswith("requests/umbra__")
        and "18 GiB" in failed["reason"]
        and "OutOfMemory" in failed["log_tail"]
    )


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("/ranking", {"query": "", "offset": -1}, "whole number"),
        ("/ranking", {"query": "", "limit": 10**9}, "whole number"),
        ("/ranking", {"query": "", "limit": "<script>"}, "whole number"),
        ("/model", {"model_id": "nobody/nothing"}, "no row"),
        ("/model", {"model_id": ["x"]}, "must be text"),
        ("/model", {"model_id": "acme/pico-0.5b", "board": "v9"}, "no board"),
        ("/compare", {"model_ids": ["acme/pico-0.5b"]}, "2 to 4"),
        ("/compare", {"model_ids": ["acme/pico-0.5b"] * 50}, "2 to 4"),
        ("/compare", {"model_ids": "acme/pico-0.5b"}, "2 to 4"),
        ("/queue", {"state": "<b>"}, "must be one of"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(client, name, arguments, said):
    with pytest.raises(AppError, match=said):
        client.predict(**arguments, api_name=name)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda own: st.lists(own, max_size=5) | st.dictionaries(st.text(max_size=5), own, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(api.ENDPOINTS)), arguments=st.lists(anything, min_size=1, max_size=2))
def test_whatever_is_sent_the_answer_is_plain_json_or_a_line(site, name, arguments):
    try:
        answer = api.ENDPOINTS[name](site, *arguments)
    except ValueError as error:
        assert str(error).isprintable() and len(str(error)) < 400
    else:
        json.dumps(answer, allow_nan=False)


# --- what it refuses ---


@pytest.mark.parametrize(
    "query",
    ["q=" + "x" * 5000, "q=%00%ff", "sort=__class__", "ledger=../../etc", "weights=nan,1,1,1", "rows=all&cols="],
)
def test_any_address_is_answered(server, query):
    status, text, _ = ask(f"{server.address}/view?{query}")
    assert status in (200, 414) and "Traceback" not in text


def status_of(server, path, **headers):
    """Status of a POST of which nothing but the headers is sent."""
    connection = HTTPConnection(server.address.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", path)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return connection.getresponse().status


def test_nothing_can_be_uploaded_and_nothing_large_be_sent(server):
    assert status_of(server, "/gradio_api/upload", Content_Length="0") == 404
    assert status_of(server, "/gradio_api/queue/join", Content_Length=str(MAX_BODY + 1)) == 413
    assert status_of(server, "/gradio_api/queue/join", Transfer_Encoding="chunked") == 411


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=" + quote("../../../../etc/passwd"),
        "..%2f..%2fetc/passwd",
        "gradio_api/proxy=https://example.org",
    ],
)
def test_no_file_of_the_machine_is_served(server, path):
    status, text, _ = ask(f"{server.address}/{path}")
    assert status >= 400 and "root:" not in text


def test_a_bucket_empties_fills_again_and_others_are_not_held_up():
    now = [0.0]
    limit = RateLimit(per_second=1, burst=3, clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b", cost=3) and not limit.allows("b")
    now[0] = 2
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]


def test_who_claims_another_address_each_time_empties_the_common_bucket():
    limit = RateLimit(per_second=0, burst=2, clock=lambda: 0.0)
    allowed = [limit.allows(f"10.0.{number // 256}.{number % 256}") for number in range(100)]
    assert sum(allowed) == 2 * EVERYBODY and not any(allowed[2 * EVERYBODY :])


def test_too_many_files_at_once_are_refused_with_a_time_to_wait(server):
    answers = [ask(f"{server.address}/export.csv") for _ in range(25)]
    refused = [headers["Retry-After"] for status, _, headers in answers if status == 429]
    assert refused and all(int(seconds) > 0 for seconds in refused) and answers[0][0] == 200


# --- what it never says ---


def test_no_token_is_in_a_page_a_file_an_answer_or_a_log(server, client, capfd, caplog):
    said = [ask(f"{server.address}/{route or ''}")[1] for _, route, _ in PAGES]
    said += [
        ask(f"{server.address}/{path}")[1]
        for path in ("config", "view", "gradio_api/info", "gradio_api/startup-events", "nowhere")
    ]
    said += [json.dumps(client.predict(query="", api_name="/ranking"))]
    with pytest.raises(AppError):
        client.predict(TOKEN[:10], api_name="/model")
    said += [*capfd.readouterr(), caplog.text]
    assert not any(TOKEN in text or re.search(r"hf_[A-Za-z0-9]{20,}", text) for text in said)
