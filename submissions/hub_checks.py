"""A request against what the Hub says of its model: plain facts in, outcomes out."""

from collections.abc import Iterator

from submissions.hub import HubAnswer, ModelFacts, ModelNotFound
from submissions.ledger import printable
from submissions.report import HUB_CHECKS, Outcome, outcome, skipped
from submissions.request import Request

MAX_PARAMETERS = 40_000_000_000
"""Of a model that the workers run."""


def hub_outcomes(request: Request, answer: HubAnswer) -> tuple[list[Outcome], tuple[str, ...]]:
    """The checks against what the Hub says, and notes about the model."""
    facts = answer.model
    if isinstance(facts, ModelNotFound):
        rest = tuple(name for name in HUB_CHECKS if name != facts.check)
        return [outcome(facts.check, [facts.line]), *skipped(rest, "waits for the model")], ()
    faults = {
        "model": _name_faults(request, facts),
        "revision": _revision_faults(request, facts),
        "access": _access_faults(facts),
        "code": list(facts.custom_code),
        "weights": _weights_faults(request, facts),
        "licence": _licence_faults(request, facts),
        "base": list(_base_faults(request, answer)),
        "chat_template": _template_faults(request, facts),
    }
    outcomes = [outcome(name, own) for name, own in faults.items()]
    if facts.unreadable:
        # What could not be read proves nothing, so that no gate can hide code.
        names = ", ".join(facts.unreadable)
        outcomes = [
            Outcome(each.check, "skipped", (f"{names} cannot be read",))
            if each.state == "passed" and each.check in ("code", "chat_template", "weights")
            else each
            for each in outcomes
        ]
    return outcomes, tuple(facts.summary())


def _name_faults(request: Request, facts: ModelFacts) -> list[str]:
    return [] if facts.id == request.model else [f"model: the Hub spells it {printable(facts.id)}. Write it so"]


def _revision_faults(request: Request, facts: ModelFacts) -> list[str]:
    if facts.sha != request.revision:
        return [f"revision: the Hub resolves it to {printable(facts.sha)}. Write that"]
    if not facts.is_on_a_branch:
        # A pull request's commits answer under the repository's name although its owner never took them.
        return [
            "revision: is on no branch or tag of the repository, such as a pull request that is not merged. Pick one that is"
        ]
    return []


def _access_faults(facts: ModelFacts) -> list[str]:
    faults = []
    if facts.private:
        faults.append("model: is private. Make it public: anybody must be able to repeat the run")
    if facts.gated:
        faults.append("model: is gated, and the worker runs without a token. Lift the gate for it")
    return faults


def _weights_faults(request: Request, facts: ModelFacts) -> list[str]:
    faults = list(facts.broken)
    if request.precision == "gguf":
        if request.gguf_file not in facts.gguf_files:
            there = ", ".join(facts.gguf_files[:5]) or "no .gguf file at all"
            faults.append(
                f"gguf_file: is not at the root of the repository, which holds {printable(there)}. Name one that is"
            )
    elif request.weights == "adapter" and facts.weights != "adapter":
        faults.append(
            "weights: adapter_model.safetensors and adapter_config.json are not both there. Upload them, or write full"
        )
    elif request.weights != "adapter" and facts.weights == "adapter":
        faults.append("weights: the repository holds an adapter. Write adapter")
    elif facts.weights is None:
        only = "has pickled weights only, which run code" if facts.has_pickles else "holds no weights that we read"
        faults.append(f"model: {only}. Upload safetensors: `model.save_pretrained(…, safe_serialization=True)`")
    if (facts.parameters or 0) > MAX_PARAMETERS:
        faults.append(
            f"model: has {facts.parameters:,} parameters; we run up to {MAX_PARAMETERS:,}. Submit a smaller one"
        )
    return faults


def _licence_faults(request: Request, facts: ModelFacts) -> list[str]:
    if facts.licence is None:
        return ["licence: the repository states none. Add `license:` to the YAML of its README"]
    if facts.licence != request.licence:
        return [f"licence: the repository says {printable(facts.licence, 60)}. Write that, or mend its README"]
    return []


def _base_faults(request: Request, answer: HubAnswer) -> Iterator[str]:
    base, facts = answer.base, answer.model
    assert isinstance(facts, ModelFacts)
    if isinstance(base, ModelNotFound):
        yield f"base_{base.line}"
    elif base is not None:
        if base.id != request.base_model:
            yield f"base_model: the Hub spells it {printable(base.id)}. Write it so"
        if request.base_revision not in (None, base.sha):
            yield f"base_revision: the Hub resolves it to {printable(base.sha)}. Write that"
        if request.weights == "adapter":  # only an adapter's base is loaded
            yield from (f"base_model: {line}" for line in (*base.custom_code, *_access_faults(base)))
    if facts.adapter_base is not None and facts.adapter_base != request.base_model:
        yield f"base_model: adapter_config.json says {printable(facts.adapter_base)}. Write that, or mend it there"
    if request.base_model is None and facts.base_models:
        yield f"base_model: the repository's README says {printable(', '.join(facts.base_models))}. Write that, with kind fine-tuned"


def _template_faults(request: Request, facts: ModelFacts) -> list[str]:
    if facts.has_chat_template or request.chat_template is not None or request.weights == "adapter":
        return []
    return ["chat_template: the repository has none. Upload one with the tokenizer, or write what to use"]
