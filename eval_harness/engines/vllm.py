"""Engine ``vllm``: lm-eval's VLLM with automatic prefix caching, on the GPUs of this machine or, by Ray, of several."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_harness.engines import EngineName, MissingEngine, Opened, Work
from eval_harness.engines.hf import tokenizer_folder
from submissions import schema


@dataclass(frozen=True)
class Vllm:
    """How vLLM spreads a model. ``adapter``: folder of a LoRA adapter, of rank ``adapter_rank``.

    ``tensor_parallel``: GPUs that share one copy of the weights. ``data_parallel``: copies, each a Ray actor. ``max_model_len``: tokens of
    prompt and reply; the model's own unless given.
    """

    tensor_parallel: int = 1
    data_parallel: int = 1
    max_model_len: int | None = None
    adapter: Path | None = None
    adapter_rank: int = 16

    name = EngineName.vllm

    def arguments(self, precision: str, folder: Path) -> dict[str, Any]:
        """Of lm-eval's VLLM; what it does not know itself it hands to vLLM."""
        found: dict[str, Any] = {
            "pretrained": str(folder),  # a snapshot: its revision is pinned
            "dtype": precision,
            "trust_remote_code": False,
            "load_format": "safetensors",
            "enable_prefix_caching": True,
            # vLLM's own defaults of decoding: those of the model's repository would sample.
            "generation_config": "vllm",
            "tensor_parallel_size": self.tensor_parallel,
            "data_parallel_size": self.data_parallel,
            "max_model_len": self.max_model_len,
            "batch_size": "auto",
            "enable_thinking": False,
            "seed": 0,
        }
        if self.adapter:
            found |= {
                "lora_local_path": str(self.adapter),
                "max_lora_rank": max(8, 1 << (self.adapter_rank - 1).bit_length()),  # vLLM takes powers of two
                "tokenizer": str(tokenizer_folder(self.adapter, folder)),
            }
        return found

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`; an adapter's ``folder`` is its base's.

        Raises:
            MissingEngine: vllm is not installed.
        """
        try:
            from eval_harness.engines.vllm_lm import ResumableVLLM
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "vllm":
                raise
            raise MissingEngine(
                "--backend vllm needs vLLM. Run `pip install vllm` on a machine with a supported GPU, or take --backend hf."
            ) from None
        from importlib.metadata import version

        from eval_harness.journal import Journal

        assert folder is not None
        journal = Journal(work.journal)
        lm = ResumableVLLM(
            **self.arguments(model.precision, folder),
            journal=journal,
            fingerprint=f"{model.id}@{model.revision}/{model.base_revision}/{model.precision}/vllm",
            progress=work.progress,
        )
        template = lm.tokenizer.chat_template
        yield Opened(
            lm,
            f"cuda: {_gpu()}, {self.tensor_parallel} × {self.data_parallel}",
            forget=journal.remove,
            versions=lambda: {"vllm": version("vllm")},
            template=template,
            has_template=bool(template),
        )


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
