"""A trained adapter → merged safetensors, and GGUF by llama.cpp's own converter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from eval_harness.offline_assets import gguf_converter
from finetune.errors import MissingHardware, RecipeError

CONVERTER = "convert_hf_to_gguf.py"
CONVERTER_VARIABLE = "LLAMA_CPP_CONVERTER"


def merge(adapter: Path, base: str | Path, revision: str | None, out: Path, precision: str) -> Path:
    """Add an adapter to its base's weights, in ``precision``, and save the whole as safetensors.

    A base that was trained in 4 bits is loaded in full: merging into rounded weights would round the adapter too.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(
        str(base),
        revision=revision if not Path(base).is_dir() else None,
        dtype=getattr(torch, precision),
        use_safetensors=True,
    )
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    merged.save_pretrained(draft, safe_serialization=True)
    AutoTokenizer.from_pretrained(str(adapter)).save_pretrained(draft)
    if out.exists():
        shutil.rmtree(out)
    draft.rename(out)
    return out


def find_converter(given: Path | None = None) -> Path:
    """llama.cpp's converter: as given, ``$LLAMA_CPP_CONVERTER``, on the PATH, or among the offline assets.

    Raises:
        MissingHardware: it is nowhere.
    """
    named = given or os.environ.get(CONVERTER_VARIABLE)
    found = Path(named or shutil.which(CONVERTER) or gguf_converter())
    if not found.is_file():
        raise MissingHardware(
            f"GGUF needs llama.cpp's {CONVERTER}, which is not at {found}. Run `python -m eval_harness.offline_assets`, which fetches it, "
            f"or name the script of a checkout of llama.cpp with --converter or ${CONVERTER_VARIABLE}."
        )
    return found


def to_gguf(model: Path, out: Path, *, converter: Path | None = None, outtype: str = "q8_0") -> Path:
    """Convert a folder of safetensors to one GGUF file.

    Args:
        outtype: as the converter names it: ``f32``, ``f16``, ``bf16``, ``q8_0``.

    Raises:
        MissingHardware: no converter here.
        RecipeError: the converter refuses the model.
    """
    script = find_converter(converter).resolve()
    model, out = model.resolve(), out.resolve()
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    # The converter lies beside its own package; a clean path keeps ours from shadowing it.
    run = subprocess.run(
        [sys.executable, str(script), str(model), "--outfile", str(draft), "--outtype", outtype],
        capture_output=True,
        text=True,
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(script.parent)},
    )
    if run.returncode or not draft.exists():
        draft.unlink(missing_ok=True)
        last = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RecipeError(f"{script.name} refused {model}: {last[:200]}.")
    draft.replace(out)
    return out
