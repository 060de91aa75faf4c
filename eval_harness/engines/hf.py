"""Engine ``hf``: transformers on this machine, by lm-eval's HFLM with our prefix reuse; quantised on loading, or with a LoRA adapter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval_harness.engines import EngineName, MissingEngine, Opened, Work, local_device
from submissions import schema

LoadIn = Literal["8bit", "4bit"]
QUANTISED: dict[LoadIn, tuple[str, str]] = {
    "8bit": ("int8", "bitsandbytes LLM.int8, on loading"),
    "4bit": ("int4", "bitsandbytes NF4 with double quantisation, computing in bfloat16, on loading"),
}
"""What a model is loaded in → its precision and how that is said in the ledger."""


@dataclass(frozen=True)
class HF:
    """``device``: cpu, cuda, cuda:1, mps; the fastest unless given. ``adapter``: folder of a LoRA adapter, put on the model's weights."""

    device: str | None = None
    load_in: LoadIn | None = None
    adapter: Path | None = None

    name = EngineName.hf

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`; an adapter's ``folder`` is its base's.

        Raises:
            MissingEngine: quantisation on loading needs a GPU and bitsandbytes.
        """
        from eval_harness import latency
        from eval_harness.generation import ResumableHFLM
        from eval_harness.journal import Journal

        assert folder is not None
        journal = Journal(work.journal)
        lm = ResumableHFLM(
            **(self._quantised(folder) if self.load_in else self._plain(folder, model.precision)),
            batch_size=work.batch_size,
            trust_remote_code=False,
            enable_thinking=False,
            journal=journal,
            fingerprint=f"{model.id}@{model.revision}/{model.base_revision}/{model.precision}/b{work.batch_size}",
            progress=work.progress,
        )
        if self.adapter and not self.load_in:
            # Merged, the weights are an ordinary model's, and replies share their scenario's prefix as those do.
            lm._model = lm.model.merge_and_unload()
        template = lm.tokenizer.chat_template
        yield Opened(
            lm,
            local_device(str(lm.device)),
            forget=journal.remove,
            template=template,
            has_template=bool(template),
            latency=lambda prompts: latency.measure(lm, prompts),
        )

    def _plain(self, folder: Path, precision: str) -> dict[str, Any]:
        """Arguments of HFLM for weights as they are."""
        found: dict[str, Any] = {
            "pretrained": str(folder),
            "dtype": precision,
            "device": self.device or default_device(),
            "use_safetensors": True,
        }
        if self.adapter:
            found |= {"peft": str(self.adapter), "tokenizer": str(tokenizer_folder(self.adapter, folder))}
        return found

    def _quantised(self, folder: Path) -> dict[str, Any]:
        """Arguments of HFLM for weights quantised on loading: transformers 5 takes no ``load_in_4bit`` from lm-eval, so the model is made here."""
        import torch

        if not torch.cuda.is_available():
            raise MissingEngine(
                f"--load-in {self.load_in} needs a CUDA GPU, and there is none here. Leave it out, or evaluate a GGUF file "
                "with --backend llama.cpp."
            )
        try:
            import bitsandbytes  # noqa: F401
        except ModuleNotFoundError:
            raise MissingEngine(
                f"--load-in {self.load_in} needs bitsandbytes. Run `pip install bitsandbytes`."
            ) from None
        from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

        quantisation = (
            BitsAndBytesConfig(load_in_8bit=True)
            if self.load_in == "8bit"
            else BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            )
        )
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder),
            quantization_config=quantisation,
            dtype=torch.bfloat16,
            device_map={"": self.device or "cuda"},
            use_safetensors=True,
        )
        if self.adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(self.adapter))
        source = tokenizer_folder(self.adapter, folder) if self.adapter else folder
        return {"pretrained": model, "tokenizer": AutoTokenizer.from_pretrained(str(source))}


def tokenizer_folder(adapter: Path, base: Path) -> Path:
    """The adapter's own folder where it brings a tokenizer, and with it its chat template; else the base's."""
    return adapter if (adapter / "tokenizer_config.json").exists() else base


def default_device() -> str:
    """``cuda``, ``mps`` or ``cpu``: the fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
