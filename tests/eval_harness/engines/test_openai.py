"""Engine ``openai``: against a real llama.cpp server, and against an endpoint that fails in every way on demand."""

import itertools
import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest

from dataset_script.errors import DataError
from dataset_script.judge.client import EndpointUnavailable
from eval_harness.engines import EngineName, Work
from eval_harness.engines.choose import Options, choose
from eval_harness.engines.llama_cpp import serve
from eval_harness.engines.openai import OpenAI
from eval_harness.engines.served import THOUGHTS, ignores_limit
from eval_harness.errors import EvaluationError
from eval_harness.replies import cut_at_stops
from eval_harness.run import Settings, evaluate
from submissions.ledger import items_path, read_result, unpack_items
from tests import llama_server, loopback_openai
from tests.loopback_openai import refuses, says

SOON = {"retry-after": "0.01"}


def engine(server, **changes):
    usual = {"api_key_variable": "none", "concurrency": 1, "max_retries": 2, "timeout_s": 5.0}
    return OpenAI(server.base_url, "stub", **{**usual, **changes})


def replies(own, requests, journal):
    """Replies and usage of one run."""
    with own.open(None, None, Work(journal)) as opened:
        return opened.lm.generate_until(requests), opened.usage(), opened.lm


def said_to(body):
    """A reply that depends on the question alone."""
    return says(f"You said {body['messages'][-1]['content'][:20]!r}.")


def test_smollm2_behind_a_real_server(requests, tmp_path):
    short = [
        replace(request, arguments=(request.args[0], {**request.args[1], "max_gen_toks": 12}))
        for request in requests[:4]
    ]
    with llama_server.llama_server() as url:
        own, usage, lm = replies(OpenAI(url, llama_server.MODEL, "none"), short, tmp_path / "j")
    assert all(own) and not any("\n" in reply for reply in own)
    assert usage.n_requests == 4 and 0 < usage.completion_tokens <= 4 * 12
    assert usage.cached_prompt_tokens > usage.prompt_tokens / 3, "the server reads a scenario's history once"
    assert {answer.model for answer in lm.given.values()} == {llama_server.MODEL}


def test_an_evaluation_of_a_served_model_end_to_end(tiny_gguf, tiny_data, tmp_path):
    settings = Settings(data=tiny_data, results=tmp_path / "results", limit=1, command="deescalwild evaluate …")
    with serve(tiny_gguf, threads=1) as url:
        options = Options(
            EngineName.openai, base_url=url, model_name="model", api_key_env="none", price_in=1.0, price_out=2.0
        )
        path = evaluate(choose("acme/served", options, {}), settings)
    result = read_result(path, settings.results)
    rows = unpack_items(items_path(path).read_bytes())
    assert (result.model.source, result.model.kind, result.model.precision) == ("api", "api", "none")
    assert result.environment.engine == "openai" and "machine unknown" in result.environment.device
    assert result.environment.packages["reported-model"] == "model"
    assert result.latency is None
    usage = result.usage
    assert usage.n_requests == len(rows) == result.benchmark.n_items_as_released
    assert usage.cost_usd == pytest.approx((usage.prompt_tokens + 2 * usage.completion_tokens) / 1e6, abs=1e-5)


def test_the_request_is_the_protocols(requests, tmp_path):
    with loopback_openai.serving(says("Yes.")) as server:
        replies(engine(server, fields={"reasoning_effort": "none"}), requests, tmp_path / "j")
    bodies = server.requests
    assert [body["messages"] for body in bodies] == [json.loads(request.args[0].prompt) for request in requests]
    assert all(body["messages"][0]["role"] == "system" and body["messages"][-1]["role"] == "user" for body in bodies)
    assert {(body["temperature"], body["max_tokens"], tuple(body["stop"])) for body in bodies} == {(0.0, 128, ("\n",))}
    assert all(body["reasoning_effort"] == "none" for body in bodies)
    assert len({body["seed"] for body in bodies}) == len(bodies) and all(body["seed"] < 2**31 for body in bodies)


def test_a_workers_questions_follow_one_scenario(requests, tmp_path):
    with loopback_openai.serving(says("Yes.")) as server:
        replies(engine(server), requests, tmp_path / "j")
    systems = [body["messages"][0]["content"] for body in server.requests]
    assert sum(a != b for a, b in itertools.pairwise(systems)) == len(set(systems)) - 1 == 1


def test_replies_come_in_the_order_of_the_items_whatever_the_concurrency(requests, tmp_path):
    with loopback_openai.serving(said_to) as server:
        one, *_ = replies(engine(server), requests, tmp_path / "one")
        many, *_ = replies(engine(server, concurrency=4), requests, tmp_path / "many")
    assert one == many and len(set(one)) > 3


@pytest.mark.parametrize(
    "hiccup",
    [
        refuses(429, "slow down", headers=SOON),
        refuses(500, "oops", headers=SOON),
        refuses(503, "busy", headers=SOON),
        replace(says("Yes."), cut=True),
        replace(says("Yes."), delay_s=2.0),
        loopback_openai.Step(),
    ],
    ids=["429", "500", "503", "body cut off", "time-out", "no JSON"],
)
def test_a_hiccup_costs_a_request_and_nothing_else(hiccup, requests, tmp_path):
    with loopback_openai.serving(says("Yes."), hiccup, says("No.")) as server:
        own, usage, _ = replies(engine(server, timeout_s=1.0), requests[:3], tmp_path / "j")
    assert own == ["Yes.", "No.", "No."]
    assert usage.n_requests == len(server.requests) == 4
    assert usage.prompt_tokens == 300


def test_an_endpoint_that_does_not_come_back_ends_the_run_and_a_rerun_goes_on(requests, tmp_path):
    with loopback_openai.serving(says("Yes."), refuses(500, "oops", headers=SOON)) as server:
        with pytest.raises(EndpointUnavailable, match=r"5 requests in a row failed.*oops.*run the same command again"):
            replies(engine(server, max_retries=0), requests, tmp_path / "j")
        asked = len(server.requests)
        server.script = [says("No.")]
        own, usage, _ = replies(engine(server), requests, tmp_path / "j")
    assert own == ["Yes.", *["No."] * (len(requests) - 1)]
    assert asked == 6 and len(server.requests) - asked == len(requests) - 1
    assert usage.n_requests == len(requests)


def test_a_limit_on_the_cost_holds_over_reruns(requests, tmp_path):
    prices = {"price_in": 1000.0, "price_out": 1000.0}  # 0.11 for each answer of 110 tokens
    limited = {**prices, "max_cost": 2.5}
    with loopback_openai.serving(says("Yes.")) as server:
        for _ in range(2):
            with pytest.raises(EvaluationError, match="Raise --max-cost"):
                replies(engine(server, **limited), requests, tmp_path / "j")
        n_kept = len((tmp_path / "j").read_text().splitlines())
        assert n_kept == len(server.requests) and 0 < 0.11 * n_kept <= 2.5
        _, usage, _ = replies(engine(server, **prices), requests, tmp_path / "j")
    assert len(server.requests) == len(requests)
    assert usage.cost_usd == pytest.approx(0.11 * len(requests))


def test_a_limit_on_the_cost_needs_prices():
    options = Options(EngineName.openai, base_url="http://127.0.0.1:9/v1", max_cost=1.0)
    with pytest.raises(DataError, match="--price-in and --price-out"):
        choose("acme/served", options, {})


def test_a_history_too_long_for_the_server_is_cut_at_whole_turns_and_counted(requests, tmp_path):
    longest = max(requests, key=lambda request: len(request.args[0].prompt))
    whole = json.loads(longest.args[0].prompt)

    def picky(body):
        if len(body["messages"]) > len(whole) - 3:
            return refuses(400, "the request exceeds the available context size, try increasing it")
        return says("Yes.", prompt_tokens=50)

    with loopback_openai.serving(picky) as server:
        own, _, lm = replies(engine(server), [longest], tmp_path / "j")
    sent = server.requests[-1]["messages"]
    assert own == ["Yes."]
    assert sent[0] == whole[0] and sent[1:] == whole[-len(sent) + 1 :] and sent[1]["role"] == "user"
    assert lm.dropped_tokens[longest.doc["item_id"]] > 0


def test_a_template_without_system_role_gets_the_scenario_in_the_first_turn(requests, tmp_path):
    def picky(body):
        has_system = body["messages"][0]["role"] == "system"
        return refuses(400, "System role not supported") if has_system else says("Yes.")

    with loopback_openai.serving(picky) as server:
        replies(engine(server), requests[:3], tmp_path / "j")
    asked = server.requests[1]["messages"]
    system, first, *_ = json.loads(requests[0].args[0].prompt)
    assert asked[0] == {"role": "user", "content": f"{system['content']}\n\n{first['content']}"}
    assert len(server.requests) == 4, "the refusal is remembered"


def test_an_endpoint_that_ignores_stop_strings_gives_what_the_others_give(requests, tmp_path):
    with loopback_openai.serving(says("No, sir.\nOfficer: Step out.", completion_tokens=400)) as server:
        own, *_ = replies(engine(server), requests[:1], tmp_path / "j")
    assert own == ["No, sir."]


def test_an_endpoint_that_ignores_the_limit_of_tokens_is_refused(requests, tmp_path):
    with (
        loopback_openai.serving(says("word " * 400, completion_tokens=400)) as server,
        pytest.raises(EvaluationError, match="wrote 400 tokens where 128 were allowed"),
    ):
        replies(engine(server), requests[:1], tmp_path / "j")


@pytest.mark.parametrize(
    ("text", "reply", "tokens", "ignores"),
    [
        ("a b", "a b", 128, False),
        ("a b", "a b", 129, True),
        ("a\n" + "b" * 99, "a", 500, False),
        ("a" * 90 + "\n" + "b" * 10, "a" * 90, 500, True),
        ("a b", "a b", None, False),
        ("", "", 400, False),
    ],
)
def test_what_is_longer_than_allowed(text, reply, tokens, ignores):
    assert cut_at_stops(text, ["\n"]) == reply
    assert ignores_limit(text, reply, tokens, 128) is ignores


def test_an_endpoint_without_temperature_is_refused(requests, tmp_path):
    refusal = refuses(400, "Unsupported value: 'temperature' does not support 0", parameter="temperature")
    with (
        loopback_openai.serving(refusal, says("Yes.")) as server,
        pytest.raises(EvaluationError, match="deescalwild score --temperature"),
    ):
        replies(engine(server), requests[:1], tmp_path / "j")


@pytest.mark.parametrize("field", ["seed", "stop"])
def test_a_field_that_the_endpoint_refuses_is_left_out(field, requests, tmp_path):
    def picky(body):
        return (
            refuses(400, f"Unsupported parameter: '{field}'", parameter=field) if field in body else says("Yes.\nNo.")
        )

    with loopback_openai.serving(picky) as server:
        own, *_ = replies(engine(server), requests[:2], tmp_path / "j")
    assert own == ["Yes.", "Yes."] and len(server.requests) == 3


def test_thoughts_sent_apart_are_counted_and_never_scored(requests, tmp_path):
    step = says("Yes.", completion_tokens=500)
    step.body["choices"][0]["message"]["reasoning_content"] = "The officer asks …"
    with loopback_openai.serving(step) as server:
        own, *_ = replies(engine(server), requests[:1], tmp_path / "j")
    assert own == [f"{THOUGHTS}Yes."]


def test_a_refusal_to_answer_is_an_empty_reply(requests, tmp_path):
    step = says("", finish_reason="content_filter")
    with loopback_openai.serving(step) as server:
        own, *_ = replies(engine(server), requests[:1], tmp_path / "j")
    assert own == [""]


def test_an_endpoint_that_does_not_count_has_no_usage(requests, tmp_path):
    step = says("Yes.")
    del step.body["usage"]
    with loopback_openai.serving(step) as server:
        _, usage, _ = replies(engine(server), requests[:1], tmp_path / "j")
    assert usage is None


def test_the_key_is_sent_and_nowhere_written(requests, tmp_path, monkeypatch):
    monkeypatch.setenv("VENDOR_KEY", "sk-secret")
    with (
        loopback_openai.serving(refuses(401, "bad key sk-secret")) as server,
        pytest.raises(EndpointUnavailable, match=r"bad key \*\*\*") as error,
    ):
        replies(engine(server, api_key_variable="VENDOR_KEY"), requests, tmp_path / "j")
    assert "sk-secret" not in str(error.value) and not (tmp_path / "j").exists()


def test_a_missing_key_is_said_before_anything_is_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("VENDOR_KEY", raising=False)
    own = OpenAI("https://example.org/v1", "stub", "VENDOR_KEY")
    with pytest.raises(EndpointUnavailable, match="VENDOR_KEY is not set"), own.open(None, None, Work(tmp_path / "j")):
        pass


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("acme/served", {"base_url": None}, "needs --base-url"),
        ("gpt-4.1", {}, "--name ORG/NAME"),
        ("acme/served", {"extra_body": "[1]"}, "no JSON object"),
        ("acme/served", {"device": "cuda"}, "--device goes with --backend hf"),
        ("acme/served", {"backend": EngineName.hf}, "--base-url goes with --backend openai"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(name, changes, reason):
    options = Options(**{"backend": EngineName.openai, "base_url": "http://127.0.0.1:9/v1", **changes})
    with pytest.raises(EvaluationError, match=reason):
        choose(name, options, {})


def test_kill_9_and_a_rerun_give_what_an_uninterrupted_run_gives(requests, tmp_path):
    def slow(body):
        return replace(said_to(body), delay_s=0.05)

    with loopback_openai.serving(slow) as server:
        own = engine(server, concurrency=2, price_in=1.0, price_out=2.0)
        run = multiprocessing.get_context("fork").Process(target=replies, args=(own, requests, tmp_path / "killed"))
        run.start()
        while len(server.requests) < 5:
            assert run.is_alive()
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
        run.join()
        kept, asked = len((tmp_path / "killed").read_text().splitlines()), len(server.requests)
        with (tmp_path / "killed").open("ab") as file:
            file.write(b'{"key":"torn')
        resumed = replies(own, requests, tmp_path / "killed")[:2]
        assert kept >= 3 and len(server.requests) - asked == len(requests) - kept
        assert resumed == replies(own, requests, tmp_path / "whole")[:2]
    assert sorted((tmp_path / "killed").read_text().splitlines()) == sorted(
        (tmp_path / "whole").read_text().splitlines()
    )
