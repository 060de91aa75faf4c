"""A pull request on the model's own repository that states its result there."""

from huggingface_hub import CommitOperationAdd, HfApi, ModelCard
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from huggingface_hub.repocard_data import ModelCardData, model_index_to_eval_results

from submissions.export.hub import EVAL_RESULTS_FILE, eval_results_yaml, model_index
from submissions.ledger import LedgerError
from submissions.schema import Result


class HubError(OSError):
    """The Hub refused, or cannot be reached."""

    exit_code = 2


def push(result: Result, dataset: str, *, source_url: str | None = None, token: str | None = None) -> str:
    """Open a pull request with ``.eval_results`` and the card's ``model-index``; returns its address.

    A model-index of other benchmarks in the card is kept.

    Raises:
        LedgerError: the model is not on the Hub.
        HubError: no token, no network, or no such repository.
    """
    if result.model.source != "hub":
        raise LedgerError(f"{result.model.id} was not measured from the Hub, so it has no repository to write to.")
    api = HfApi(token=token)
    try:
        operations = [
            CommitOperationAdd(EVAL_RESULTS_FILE, eval_results_yaml(result, dataset, source_url)),
            CommitOperationAdd("README.md", _card(api, result, dataset, source_url)),
        ]
        commit = api.create_commit(
            result.model.id,
            operations,
            commit_message=f"DeEscalWild results of {result.model.revision[:12]}",
            commit_description="Measured results in the card's metadata and in .eval_results. Close this if you do not want them here.",
            create_pr=True,
        )
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HubError(
            f"{result.model.id}: no pull request could be opened ({reason}). Log in with `hf auth login`."
        ) from None
    return str(commit.pr_url)


def _card(api: HfApi, result: Result, dataset: str, source_url: str | None) -> bytes:
    """The model's card with this result in its metadata."""
    try:
        path = api.hf_hub_download(result.model.id, "README.md")
        card = ModelCard.load(path, ignore_metadata_errors=True)
    except EntryNotFoundError:
        card = ModelCard.from_template(
            ModelCardData(), template_str=f"---\n{{{{ card_data }}}}\n---\n\n# {result.model.id.split('/')[1]}\n"
        )
    ours = model_index_to_eval_results(model_index(result, dataset, source_url)["model-index"])[1]
    known = {(e.dataset_type, e.metric_type, e.metric_config) for e in ours}
    kept = [e for e in card.data.eval_results or [] if (e.dataset_type, e.metric_type, e.metric_config) not in known]
    card.data.model_name = card.data.model_name or result.model.id.split("/")[1]
    card.data.eval_results = [*kept, *ours]
    return str(card).encode()
