"""The vocabulary of the built-in model: training it, keeping it, encoding with it.

Knows byte-level BPE and the five special tokens of the chat format. Does not know where texts
come from, nor what is made of the token ids.

Every digit is a token of its own, with or without a space before it, so that a number is
copied digit by digit; a word and the space before it are one piece; a run of line ends is one
piece. Nothing is normalised: decoding gives back the text, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from beacon_qa.errors import TrainingError

PAD, END, USER, ASSISTANT, DOC = range(5)
SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|doc|>")
VOCABULARY_SIZE = 4096

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<|doc|>' + message['content'] }}"
    "{% elif message['role'] == 'user' %}{{ '<|user|>' + message['content'] }}"
    "{% elif message['role'] == 'assistant' %}"
    "{{ '<|assistant|>' + message['content'] + '<|end|>' }}"
    "{% else %}{{ raise_exception('unknown role: ' + message['role']) }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

# Alternatives in order: an English ending, a word, one digit, punctuation, line ends, spaces.
PIECES = (
    r"['’](?:s|t|re|ve|m|ll|d)(?!\p{L})"
    r"| ?\p{L}[\p{L}\p{M}]*"
    r"|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+"
    r"|\s*[\r\n]+"
    r"|\s+(?!\S)"
    r"|\s+"
)


def train_vocabulary(texts: Iterable[str], size: int = VOCABULARY_SIZE) -> Tokenizer:
    """Train a byte-level BPE of exactly `size` entries, the special tokens first.

    Raises TrainingError if the texts are too few to fill the vocabulary.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = PreTokenizers(
        [Split(Regex(PIECES), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    if tokenizer.get_vocab_size() != size:
        raise TrainingError(
            f"The texts give a vocabulary of {tokenizer.get_vocab_size()} entries where {size} "
            "were asked for; give more text or ask for fewer."
        )
    return tokenizer


def save_vocabulary(tokenizer: Tokenizer, folder: Path, max_tokens: int = 1_000_000) -> None:
    """Write tokenizer.json and tokenizer_config.json (with the chat template) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    wrapper: Any = PreTrainedTokenizerFast
    wrapper(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL_TOKENS[PAD],
        eos_token=SPECIAL_TOKENS[END],
        additional_special_tokens=list(SPECIAL_TOKENS[USER:]),
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=max_tokens,
    ).save_pretrained(str(folder), save_jinja_files=False)


def load_vocabulary(folder: Path) -> Tokenizer:
    """Open a saved vocabulary for encoding texts, in which special tokens are never parsed.

    Raises TrainingError if the folder has no tokenizer.json, or other special tokens.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise TrainingError(f"No tokenizer.json in {folder}; use the built-in vocabulary.")
    tokenizer = Tokenizer.from_file(str(path))
    for token_id, token in enumerate(SPECIAL_TOKENS):
        if tokenizer.token_to_id(token) != token_id:
            raise TrainingError(
                f"{path} has no {token} as entry {token_id}; use the built-in vocabulary."
            )
    # A document that contains "<|user|>" is text about a user, not a turn of the conversation.
    tokenizer.encode_special_tokens = True
    return tokenizer


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Encode each text as plain text: no special token is parsed and none is added."""
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [encoding.ids for encoding in encodings]
