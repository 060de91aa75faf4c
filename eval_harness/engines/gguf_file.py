"""What a GGUF file says of itself, read without loading the weights."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from eval_harness.errors import EvaluationError


@dataclass(frozen=True)
class Header:
    """``quantisation`` as llama.cpp names it, such as ``Q4_K_M``; what the file does not say is None."""

    sha256: str
    architecture: str | None
    quantisation: str
    parameters: int
    context_tokens: int | None
    chat_template: str | None


@lru_cache(maxsize=4)
def read_header(file: Path) -> Header:
    """Read a file's metadata and digest.

    Raises:
        EvaluationError: it is no GGUF file, or one of several.
    """
    import gguf

    try:
        reader = gguf.GGUFReader(file)
    except (ValueError, OSError, IndexError, KeyError) as error:
        raise EvaluationError(f"{file} is no GGUF file that can be read ({error}).") from None

    def value(name: str) -> Any:
        field = reader.fields.get(name)
        return field.contents() if field else None

    if (value("split.count") or 1) > 1:
        raise EvaluationError(f"{file} is one of several parts. Join them with llama.cpp's `gguf-split --merge`.")
    architecture, file_type = value("general.architecture"), value("general.file_type")
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return Header(
        sha256,
        architecture,
        gguf.LlamaFileType(file_type).name.removeprefix("MOSTLY_").removeprefix("ALL_")
        if file_type is not None
        else "unknown",
        sum(prod(int(size) for size in tensor.shape) for tensor in reader.tensors),
        value(f"{architecture}.context_length"),
        value("tokenizer.chat_template"),
    )
