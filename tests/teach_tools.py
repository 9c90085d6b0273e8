"""Make fixtures/tool-model: a tiny model that answers the prompts of LangChain's suite.

It is taught the replies by heart. What the suite then tests is the way from messages through the
template and the model to calls of tools, and back; not what a model of this size understands.
Run `python -m tests.teach_tools` where the prompts have changed: a new langchain-tests, another
template, or another wording of ours.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from beacon_qa.answer import Coverage, Usage
from beacon_qa.beacon import load_model
from beacon_qa.chat.dialogue import Message, dialogue
from beacon_qa.chat.tools import ToolKit
from beacon_qa.engine import Engine

HERE = Path(__file__).parent
TOKENIZER = HERE / "fixtures" / "qwen2.5"
FOLDER = HERE / "fixtures" / "tool-model"
WINDOW = 4096

HELLO = "Hello there, it is a fine day."
JOKE = '{"setup": "Why did the cat sit?", "punchline": "To purr."}'
ARGUMENTS = {
    "magic_function": '{"input": 3}',
    "magic_function_no_args": "{}",
    "greeting_generator": '{"answer_style": "Pirate"}',
    "get_weather": '{"location": "San Francisco, CA"}',
    "my_adder_tool": '{"a": 3, "b": 4}',
    "color_picker": '{"fav_color": "purple"}',
}
NAMES = ("你好啊集团", "こんにちは株式会社")


def reply(messages: Sequence[Message], kit: ToolKit | None) -> str:
    """What the model is taught to say."""
    last = messages[-1]
    if kit is None or last.role == "tool":
        return HELLO
    name = kit.choice if kit.choice in kit.names else kit.names[0]
    customer = next((who for who in NAMES if who in last.text), "")
    arguments = ARGUMENTS.get(name, JOKE)
    if name == "unicode_customer":
        arguments = f'{{"customer_name": "{customer}", "description": "A company"}}'
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


class Told:
    """A reply in the place of an answer, while prompts are recorded."""

    finish = "stop"
    usage = Usage(1, 1, 0)
    coverage = Coverage(0, 0, 0, 0, 0, 0)

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[str]:
        return iter(self.text.split(" ")[:1] + [f" {word}" for word in self.text.split(" ")[1:]])

    def cancel(self, *, wait: bool = True) -> None:
        """Nothing is at work."""


class Recorder:
    """Runs the suite on replies given by `reply`, and keeps all prompts."""

    def __init__(self) -> None:
        self.lessons: dict[tuple[int, ...], list[int]] = {}

    @pytest.fixture(autouse=True)
    def _record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("beacon_qa.langchain.call.answer_messages", self.answer)

    def answer(self, engine: Engine, messages: Sequence[Message], **options: Any) -> Told:
        kit = options["tools"]
        said = reply(messages, kit)
        rest = said.removeprefix(kit.opening if kit else "")
        talk = dialogue(engine.prompts, messages, kit=kit)
        answer = engine.prompts.template(f"{rest}<|im_end|>")
        if engine.name == FOLDER.name:
            self.lessons[(*talk.history, *talk.question)] = answer
        return Told(rest)


def record() -> dict[tuple[int, ...], list[int]]:
    """Prompts of the suite and the replies to them, as ids."""
    recorder = Recorder()
    suite = str(HERE / "langchain_models" / "test_langchain_conformance.py")
    options = ["-q", "-n0", "-k", "TestToolAnswers", "-p", "no:cacheprovider", "-W", "ignore"]
    if pytest.main([suite, *options, *sys.argv[1:]], plugins=[recorder]):
        raise SystemExit("The suite does not pass on the replies themselves.")
    return recorder.lessons


def new_model() -> Qwen2ForCausalLM:
    """A model that knows nothing."""
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    torch.manual_seed(5)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32768,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    return Qwen2ForCausalLM(config)


def loss_of(model: Any, prompt: Sequence[int], answer: list[int]) -> Tensor:
    """The mean loss on the tokens of an answer."""
    ids = torch.tensor([[*prompt, *answer]])
    logits = model(ids, logits_to_keep=len(answer) + 1).logits[0, :-1]
    return nn.functional.cross_entropy(logits, torch.tensor(answer))


def teach(model: Any, lessons: dict[tuple[int, ...], list[int]], *, rounds: int = 400) -> None:
    """Go over all lessons until every token is the likeliest by far."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=rounds)
    for number in range(rounds):
        worst = 0.0
        for prompt, answer in lessons.items():
            loss = loss_of(model, prompt, answer)
            (loss / len(lessons)).backward()
            worst = max(worst, float(loss.detach()))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if number % 20 == 0:
            sys.stdout.write(f"{number}: worst loss {worst:.4f}\n")
        if worst < 0.003:
            break


def save(model: Any, folder: Path) -> None:
    """Write a checkpoint with beacons, its tokenizer beside it."""
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        ready = load_model(
            plain, device="cpu", start_beacons=True, beacon_window=WINDOW, beacon_ratio=[2, 4, 8]
        )
    folder.mkdir(exist_ok=True)
    ready.save_pretrained(folder)
    for path in TOKENIZER.glob("*.json"):
        shutil.copy(path, folder)


def main() -> None:
    """Record, teach, save."""
    if not (FOLDER / "model.safetensors").exists():
        save(new_model(), FOLDER)
    lessons = record()
    sys.stdout.write(f"{len(lessons)} lessons, {sum(map(len, lessons))} tokens\n")
    model = new_model()
    teach(model, lessons)
    save(model, FOLDER)


if __name__ == "__main__":
    main()
