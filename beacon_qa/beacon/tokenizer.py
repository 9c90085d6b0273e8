"""A checkpoint's own fast tokenizer, as it stands.

Knows the library's loading of tokenizers; knows nothing of models or text.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.utils import cached_file

from beacon_qa.beacon.hub import only_here
from beacon_qa.errors import ModelError


def load_tokenizer(path_or_id: str | Path, *, revision: str | None = None) -> Any:
    """Load a checkpoint's own fast tokenizer; ModelError if it has none.

    A tokenizer.json is taken as it stands: the library's classes for an architecture put their
    own tokens and rules over it. Without one the library converts what there is.
    """
    name = str(path_or_id)
    where = {"revision": revision, "local_files_only": only_here(name)}
    try:
        tokenizer = _as_it_stands(name, where)
        if tokenizer is None:
            tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False, **where)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"No tokenizer could be loaded from {name!r}: {first_line(error)}"
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(f"The tokenizer of {path_or_id} is not a fast one; convert it first.")
    return tokenizer


def _as_it_stands(name: str, where: dict[str, Any]) -> PreTrainedTokenizerBase | None:
    there = cached_file(
        name, "tokenizer.json", _raise_exceptions_for_missing_entries=False, **where
    )
    if there is None:
        return None
    return PreTrainedTokenizerFast.from_pretrained(name, trust_remote_code=False, **where)


def tokenizer_digest(name: str, revision: str | None) -> str:
    """A digest of all that a checkpoint's tokenizer does; "" for one that comes without."""
    try:
        tokenizer = load_tokenizer(name, revision=revision)
    except ModelError:
        return ""
    return sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def first_line(error: Exception) -> str:
    """What the library says of a failure, as one sentence."""
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return (line or type(error).__name__) + "."
