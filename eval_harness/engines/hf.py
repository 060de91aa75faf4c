"""Engine ``hf``: transformers on this machine, by lm-eval's HFLM with our prefix reuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval_harness.engines import EngineName, Opened, Work, local_device
from submissions import schema


@dataclass(frozen=True)
class HF:
    """``device``: cpu, cuda, cuda:1, mps; the fastest unless given."""

    device: str | None = None

    name = EngineName.hf

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`."""
        from eval_harness import latency
        from eval_harness.generation import ResumableHFLM
        from eval_harness.journal import Journal

        assert folder is not None
        journal = Journal(work.journal)
        lm = ResumableHFLM(
            pretrained=str(folder),
            dtype=model.precision,
            device=self.device or default_device(),
            batch_size=work.batch_size,
            trust_remote_code=False,
            use_safetensors=True,
            enable_thinking=False,
            journal=journal,
            fingerprint=f"{model.id}@{model.revision}/{model.precision}/b{work.batch_size}",
            progress=work.progress,
        )
        template = lm.tokenizer.chat_template
        yield Opened(
            lm,
            local_device(str(lm.device)),
            forget=journal.remove,
            template=template,
            has_template=bool(template),
            latency=lambda prompts: latency.measure(lm, prompts),
        )


def default_device() -> str:
    """``cuda``, ``mps`` or ``cpu``: the fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
