"""What the Hub says of a model: plain facts, read without downloading weights and without running anything.

``look_up`` asks for one model at one revision. Small JSON files are read with bounds; of the weights only the headers are.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from submissions.ledger import printable
from submissions.request import Request

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

MAX_JSON_BYTES = 32 * 2**20
"""Of a file that is read whole; the tokenizer configuration of a large vocabulary has a few MiB."""
MAX_SHARDS = 100
MAX_BRANCHES = 20
CONFIGS = (
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "adapter_config.json",
)
CODE_KEYS = ("auto_map", "custom_pipelines", "trust_remote_code")
_SHARD = re.compile(r"model-\d{5}-of-(\d{5})\.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class HubUnreachable(OSError):
    """The Hub cannot be asked, or does not answer. The message says why and what to do."""

    exit_code = 2


@dataclass(frozen=True)
class ModelNotFound:
    """The Hub has no such model or revision. ``check`` is the one that fails, ``line`` says how to mend it."""

    check: Literal["model", "revision", "access"]
    line: str


@dataclass(frozen=True)
class ModelFacts:
    """One model at one commit. ``parameters`` and ``dtype`` are of the files' headers; ``n_bytes`` of all weights.

    ``custom_code``, ``broken``: a line a fault. ``unreadable``: files that the Hub lists and does not give.
    """

    id: str
    sha: str
    is_on_a_branch: bool = True
    private: bool = False
    gated: bool = False
    licence: str | None = None
    architecture: str | None = None
    quantisation: str | None = None
    weights: Literal["full", "adapter"] | None = None
    gguf_files: tuple[str, ...] = ()
    has_pickles: bool = False
    n_bytes: int = 0
    parameters: int | None = None
    dtype: str | None = None
    has_chat_template: bool = False
    base_models: tuple[str, ...] = ()
    adapter_base: str | None = None
    custom_code: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def summary(self) -> Iterator[str]:
        """Size, form and origin in words, a line each."""
        count = f"{self.parameters:,} parameters" if self.parameters else "an unknown number of parameters"
        form = "adapter" if self.weights == "adapter" else "safetensors" if self.weights else "GGUF"
        kind = ", ".join(part for part in (self.dtype, self.architecture, self.quantisation) if part)
        yield printable(f"{count}, {self.n_bytes / 1e6:,.0f} MB of {form}{f' ({kind})' if kind else ''}")
        if self.base_models:
            yield printable(f"its README names the base model {', '.join(self.base_models)}")


@dataclass(frozen=True)
class HubAnswer:
    """What the Hub says of a request's model, and of its base where the request names one."""

    model: ModelFacts | ModelNotFound
    base: ModelFacts | ModelNotFound | None = None


@dataclass(frozen=True)
class _Weights:
    parameters: int | None = None
    dtype: str | None = None
    n_bytes: int = 0
    broken: tuple[str, ...] = ()


def look_up(model: str, revision: str | None = None, *, api: "HfApi | None" = None) -> ModelFacts | ModelNotFound:
    """Ask the Hub for a model.

    Args:
        model: ORG/MODEL.
        revision: commit, branch or tag; the main branch unless given.
        api: client; one with the environment's token unless given.

    Raises:
        HubUnreachable: offline, no network, too many requests, or a failure of the Hub.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    client = api or HfApi()
    with hub_errors():
        try:
            info = client.model_info(model, revision=revision, files_metadata=True)
            return _facts(client, info, revision)
        except RevisionNotFoundError:
            return ModelNotFound(
                "revision", f"revision: {printable(revision or 'main', 60)} is no commit of {model}. Look it up there"
            )
        except GatedRepoError:
            return ModelNotFound(
                "access", f"model: {model} is gated, and the worker runs without a token. Lift the gate"
            )
        except (RepositoryNotFoundError, HFValidationError):
            return ModelNotFound(
                "model", f"model: {model} is not on the Hub, or private. Check the name, or make it public"
            )


def ask(request: Request) -> HubAnswer:
    """What the Hub says of a request.

    Raises:
        HubUnreachable: as ``look_up``.
    """
    base = look_up(request.base_model, request.base_revision) if request.base_model else None
    return HubAnswer(look_up(request.model, request.revision), base)


def user_name() -> str | None:
    """The account of the environment's token; None without one.

    Raises:
        HubUnreachable: as ``look_up``, or the token is not valid.
    """
    from huggingface_hub import HfApi, get_token

    if get_token() is None:
        return None
    with hub_errors():
        return str(HfApi().whoami()["name"])


@contextmanager
def hub_errors() -> Iterator[None]:
    """The Hub client's failures as ``HubUnreachable``, a sentence each."""
    import httpx2
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )

    try:
        yield
    except LocalTokenNotFoundError:
        raise HubUnreachable("no token for the Hub. Run `hf auth login`, or set HF_TOKEN.") from None
    except OfflineModeIsEnabled:
        raise HubUnreachable("HF_HUB_OFFLINE is set. Unset it to ask the Hub.") from None
    except HfHubHTTPError as error:
        raise HubUnreachable(_explain(error.response.status_code)) from error
    except (httpx2.TransportError, LocalEntryNotFoundError) as error:
        raise HubUnreachable(f"the Hub cannot be reached ({type(error).__name__}). Try again.") from error


def _explain(status: int) -> str:
    sentences = {
        401: "the Hub does not accept the token. Run `hf auth login`, or set HF_TOKEN to a valid one.",
        403: "the token may not do this. Use one with the right to open pull requests and to comment.",
        404: "the repository is not there, or the token may not see it.",
        412: "the repository has changed since this began. Run it again.",
        429: "the Hub asks to slow down. Try again in some minutes.",
    }
    return sentences.get(status) or f"the Hub answered {status}. Try again later."


def _facts(api: "HfApi", info: "ModelInfo", asked: str | None) -> ModelFacts:
    sizes = {each.rfilename: each.size or 0 for each in info.siblings or []}
    sha = info.sha or ""
    configs, unreadable, broken = _read_configs(api, info.id, sha, sizes)
    card = info.card_data.to_dict() if info.card_data else {}
    form = _form(sizes)
    weights = _read_weights(api, info.id, sha, sizes, form)
    if weights is None:
        unreadable.append("the header of the weights")
        weights = _Weights()
    gguf: dict[str, Any] = getattr(info, "gguf", None) or {}
    ggufs = tuple(sorted(name for name in sizes if name.endswith(".gguf") and "/" not in name))
    config, adapter = configs.get("config.json", {}), configs.get("adapter_config.json", {})
    return ModelFacts(
        id=info.id,
        sha=sha,
        is_on_a_branch=asked is None or _is_on_a_branch(api, info.id, sha),
        private=bool(info.private),
        gated=bool(info.gated),
        licence=_text(card.get("license")),
        architecture=_text(config.get("model_type")) or _text(gguf.get("architecture")),
        quantisation=_quantisation(config),
        weights=form,
        gguf_files=ggufs,
        has_pickles=any(name.endswith(_PICKLES) for name in sizes),
        n_bytes=weights.n_bytes or sum(sizes[name] for name in ggufs),
        parameters=weights.parameters or _count(gguf.get("total")),
        dtype=weights.dtype,
        has_chat_template=_has_template(sizes, configs, gguf),
        base_models=_names(card.get("base_model")),
        adapter_base=_text(adapter.get("base_model_name_or_path")),
        custom_code=tuple(_custom_code(configs)),
        broken=(*broken, *weights.broken),
        unreadable=tuple(unreadable),
    )


def _is_on_a_branch(api: "HfApi", model: str, sha: str) -> bool:
    """Whether the owner's branches or tags hold a commit. Commits of pull requests answer under the model's name too."""
    if any(commit.commit_id == sha for commit in api.list_repo_commits(model)):
        return True
    refs = api.list_repo_refs(model)
    if any(ref.target_commit == sha for ref in (*refs.branches, *refs.tags)):
        return True
    others = [ref.ref for ref in refs.branches if ref.name != "main"][:MAX_BRANCHES]
    return any(commit.commit_id == sha for ref in others for commit in api.list_repo_commits(model, revision=ref))


# -- small files --------------------------------------------------------------------------------------------------------------


def _read_configs(
    api: "HfApi", model: str, sha: str, sizes: dict[str, int]
) -> tuple[dict[str, dict[str, Any]], list[str], list[str]]:
    """The JSON files by name, those that the Hub does not give, and a line for each that is broken."""
    from huggingface_hub.errors import GatedRepoError

    found: dict[str, dict[str, Any]] = {}
    unreadable, broken = [], []
    for name in (each for each in CONFIGS if each in sizes):
        if sizes[name] > MAX_JSON_BYTES:
            broken.append(f"{name}: is larger than {MAX_JSON_BYTES // 2**20} MiB. Upload a plain one")
            continue
        try:
            content = json.loads(Path(api.hf_hub_download(model, name, revision=sha)).read_bytes())
        except GatedRepoError:
            unreadable.append(name)
        except (ValueError, RecursionError):
            broken.append(f"{name}: is not JSON. Upload it again")
        else:
            if isinstance(content, dict):
                found[name] = content
            else:
                broken.append(f"{name}: is not a JSON object. Upload it again")
    return found, unreadable, broken


def _custom_code(configs: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, config in configs.items():
        for key in CODE_KEYS:
            if config.get(key):
                yield f"{name}: has {key}, so the model needs code of its own, and we run none. Use an architecture of transformers"


def _has_template(sizes: dict[str, int], configs: dict[str, dict[str, Any]], gguf: dict[str, Any]) -> bool:
    if any(name in sizes for name in ("chat_template.jinja", "chat_template.json")):
        return True
    return bool(configs.get("tokenizer_config.json", {}).get("chat_template") or gguf.get("chat_template"))


def _quantisation(config: dict[str, Any]) -> str | None:
    """``gptq, 4 bits`` of a quantised checkpoint."""
    own = config.get("quantization_config")
    if not isinstance(own, dict):
        return None
    bits = own.get("bits") or (4 if own.get("load_in_4bit") else 8 if own.get("load_in_8bit") else None)
    return printable(f"{own.get('quant_method', 'unknown method')}{f', {bits} bits' if bits else ''}", 100)


def _text(value: Any) -> str | None:
    return printable(value) if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value <= 10**13 else None


def _names(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(printable(each, 200) for each in values if isinstance(each, str))


# -- weights ------------------------------------------------------------------------------------------------------------------


def _form(sizes: dict[str, int]) -> Literal["full", "adapter"] | None:
    if "model.safetensors" in sizes or any(_SHARD.fullmatch(name) for name in sizes):
        return "full"
    return "adapter" if {"adapter_model.safetensors", "adapter_config.json"} <= sizes.keys() else None


def _read_weights(
    api: "HfApi", model: str, sha: str, sizes: dict[str, int], form: Literal["full", "adapter"] | None
) -> _Weights | None:
    """Counts of the safetensors headers (range requests of 100 KB a file); None behind a gate."""
    from huggingface_hub.errors import GatedRepoError, NotASafetensorsRepoError, SafetensorsParsingError

    names, broken = _weight_files(sizes, form)
    counts: dict[str, int] = {}
    for name in names if not broken else ():
        try:
            header = api.parse_safetensors_file_metadata(model, name, revision=sha)
        except GatedRepoError:
            return None
        except (SafetensorsParsingError, NotASafetensorsRepoError, ValueError, KeyError, TypeError):
            broken.append(f"{name}: its header is not that of a safetensors file. Upload it again")
            continue
        if sizes[name] <= max((tensor.data_offsets[1] for tensor in header.tensors.values()), default=0):
            broken.append(f"{name}: is shorter than its header says. Upload it again")
        for dtype, count in header.parameter_count.items():
            counts[dtype] = counts.get(dtype, 0) + count
    return _Weights(
        parameters=sum(counts.values()) or None,
        dtype=max(counts, key=lambda dtype: counts[dtype]) if counts else None,
        n_bytes=sum(sizes[name] for name in names),
        broken=tuple(broken),
    )


def _weight_files(sizes: dict[str, int], form: Literal["full", "adapter"] | None) -> tuple[list[str], list[str]]:
    """The files that hold the weights, and a line where some are missing or too many."""
    if form is None:
        return [], []
    if form == "adapter":
        return ["adapter_model.safetensors"], []
    if "model.safetensors" in sizes:
        return ["model.safetensors"], []
    shards = {name: int(match[1]) for name in sorted(sizes) if (match := _SHARD.fullmatch(name))}
    if len(shards) > MAX_SHARDS:
        return [], [f"model: has {len(shards)} files of weights; we read up to {MAX_SHARDS}. Save it in larger shards"]
    missing = max(shards.values()) - len(shards)
    return list(shards), [f"model: {missing} of its weight files are missing. Upload them"] if missing else []
