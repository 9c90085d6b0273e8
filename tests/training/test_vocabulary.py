"""The vocabulary a model is taught with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from beacon_qa.errors import TrainingError
from beacon_qa.training.vocabulary import (
    SPECIAL_TOKENS,
    encode_texts,
    train_vocabulary,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " Two  spaces,\ttabs\r\nand lines\n\n\n of   it ",
        "“Don’t,” said Mr. O'Neil — naïve café, 日本語, \U0001d4b3, \u00a0\u200b.",
        "She wrote <|user|> and <|end|> in the book.",
    ],
)
def test_text_comes_back_as_it_was(tokenizer: Tokenizer, text: str) -> None:
    ids = encode_texts(tokenizer, [text])[0]
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_every_digit_is_one_token_wherever_it_stands(tokenizer: Tokenizer) -> None:
    for text in ("48213", "is 48213.", "KX-48213", "a48213b", "\n48213"):
        tokens = [tokenizer.decode([token]) for token in encode_texts(tokenizer, [text])[0]]
        assert [token for token in tokens if token.isdigit()] == list("48213")
        assert not [token for token in tokens if len(token) > 1 and re.search(r"\d", token)]


def test_special_tokens_in_a_document_are_not_parsed(tokenizer: Tokenizer) -> None:
    ids = encode_texts(tokenizer, ["".join(SPECIAL_TOKENS)])[0]
    assert min(ids) >= len(SPECIAL_TOKENS)


def test_the_saved_vocabulary_opens_with_its_chat_format(vocabulary: Path) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(vocabulary)
    assert len(tokenizer) == 700
    assert (tokenizer.pad_token, tokenizer.eos_token) == ("<|pad|>", "<|end|>")
    messages = [
        {"role": "system", "content": "A text."},
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "Anna."},
        {"role": "user", "content": "When?"},
    ]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == (
        "<|doc|>A text.<|user|>Who?<|assistant|>Anna.<|end|><|user|>When?<|assistant|>"
    )


def test_too_few_texts_for_a_vocabulary_are_refused() -> None:
    with pytest.raises(TrainingError, match="more text"):
        train_vocabulary(["a b c"], size=4096)
