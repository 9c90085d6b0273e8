"""Fine-tuning on chats: answers alone are learnt, rows stay in step, bad lines are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.cli import main
from beacon_qa.errors import TrainingError
from beacon_qa.prompts import Prompts
from beacon_qa.training.chats import TEXT_SHARE, Chats, mixed, read_chats

TEXT = "The mate counted seven barrels on the second day of the voyage. " * 4
ASKED = {"document": TEXT, "question": "What was counted?", "answer": "Seven barrels."}
TALK = {
    "document": TEXT,
    "messages": [
        {"role": "user", "content": "What was counted?"},
        {"role": "assistant", "content": "Seven barrels."},
        {"role": "user", "content": "By whom?"},
        {"role": "assistant", "content": "By the mate."},
    ],
}


@pytest.fixture(scope="module")
def prompts(tiny_checkpoint: Path) -> Prompts:
    return Prompts(load_tokenizer(tiny_checkpoint))


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "chats.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    )
    return path


def read(path: Path, prompts: Prompts, rows: int = 1, tokens: int = 2000) -> Chats:
    return read_chats(path, prompts, rows=rows, window=32, tokens=tokens, seed=3)


@pytest.mark.parametrize(
    ("line", "learnt"),
    [
        (ASKED, ["Seven barrels."]),
        (TALK, ["Seven barrels.", "By the mate."]),
        (
            {"messages": [{"role": "system", "content": TEXT}, *TALK["messages"][:2]]},
            ["Seven barrels."],
        ),
        (
            {"messages": [{"role": "user", "content": TEXT}, TALK["messages"][1]]},
            ["Seven barrels."],
        ),
    ],
    ids=["question", "conversation", "system", "user"],
)
def test_answers_alone_are_learnt_to_their_end(
    line: Any, learnt: list[str], tmp_path: Path, prompts: Prompts
) -> None:
    ids, weights = (part[0] for part in read(written(tmp_path, line), prompts).batch(0)[:2])
    end = prompts.layout.turn[0]
    assert end in prompts.layout.stop_ids
    wanted = [token for text in learnt for token in (*prompts.answer(text), end)]
    assert ids[weights == 1].tolist() == wanted
    assert set(weights.tolist()) == {0.0, 1.0}
    assert "seven barrels on the second day" in prompts.text(ids[weights == 0])


def test_a_chat_is_laid_out_as_it_is_when_asked(tmp_path: Path, prompts: Prompts) -> None:
    ids = read(written(tmp_path, TALK), prompts).batch(0).ids[0].tolist()
    asked = [
        *prompts.layout.opening,
        *prompts.document(TEXT).ids,
        *prompts.question("What was counted?"),
        *prompts.answer("Seven barrels."),
        *prompts.question("By whom?", first=False),
    ]
    assert ids[: len(asked)] == asked


def test_rows_of_a_batch_have_the_same_windows_and_are_padded_without_weight(
    tmp_path: Path, prompts: Prompts
) -> None:
    lines = [{**ASKED, "document": "Whales swim in the sea. " * n} for n in range(6, 60)]
    chats = read(written(tmp_path, *lines), prompts, rows=4)
    sizes = set()
    for step in range(20):
        ids, weights = chats.batch(step)[:2]
        assert np.array_equal(ids, chats.batch(step).ids)
        ends = [int(np.flatnonzero(row)[-1]) + 1 for row in weights]
        assert len({-(-end // 32) for end in ends}) == 1
        assert max(ends) == ids.shape[1]
        sizes.add(ids.shape[1])
    assert len(sizes) > 5


def test_chats_that_fill_no_window_or_are_too_long_are_left_out(
    tmp_path: Path, prompts: Prompts
) -> None:
    short = {**ASKED, "document": "Whales."}
    chats = read(
        written(tmp_path, short, ASKED, {**ASKED, "document": TEXT * 20}), prompts, tokens=200
    )
    assert sum(map(len, chats.groups)) == 1
    with pytest.raises(TrainingError, match="None of the 1 chats"):
        read(written(tmp_path, short), prompts)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2: "),
        ("[1]", "line 2: a line is one JSON object"),
        ({"question": "Who?", "answer": "Ahab."}, "line 2: give .document., .question. and"),
        ({"messages": "Who?"}, "line 2: .messages. is a list"),
        (
            {"messages": [{"role": "judge", "content": "x"}]},
            "line 2: A message has the role 'judge'",
        ),
        ({"messages": TALK["messages"][:1]}, "line 2: there is no answer"),
    ],
)
def test_a_line_that_is_no_chat_is_told(
    line: Any, told: str, tmp_path: Path, prompts: Prompts
) -> None:
    with pytest.raises(TrainingError, match=told):
        read(written(tmp_path, ASKED, line), prompts)


def test_running_texts_come_in_for_their_share(tmp_path: Path, prompts: Prompts) -> None:
    chats = read(written(tmp_path, ASKED), prompts)
    empty = np.zeros((1, 1))
    made = mixed(chats.batch, lambda step: (empty, empty), 5)  # type: ignore[arg-type, return-value]
    drawn = made(0)
    texts = [next(drawn)[0] is empty for _ in range(600)]
    assert abs(sum(texts) / 600 - TEXT_SHARE) < 0.05
    later = made(40)
    assert [next(later)[0] is empty for _ in range(30)] == texts[40:70]


def test_the_command_fine_tunes_on_chats_and_texts(
    tiny_checkpoint: Path, text_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chats = written(tmp_path, ASKED, TALK)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "whale.txt").write_text(text_file.read_text())
    out = tmp_path / "out"
    words = ["--base", str(tiny_checkpoint), "--chats", str(chats), "--out", str(out)]
    words += ["--tokens", "256", "--rows", "2", "--device", "cpu", "--recompute"]
    assert main(["train", *words, "--steps", "3"]) == 0
    assert main(["train", *words, "--steps", "6", "--texts", str(folder)]) == 0
    assert "6 of 6 steps done" in capsys.readouterr().out
    plan = json.loads((out / "training" / "plan.json").read_text())
    assert (plan["learning_rate"], plan["recompute"]) == (1e-5, True)
    changed = load_model(out, device="cpu").state_dict()
    before = load_model(tiny_checkpoint, device="cpu").state_dict()
    names = {name for name, tensor in changed.items() if not tensor.equal(before[name])}
    assert names
    assert all("beacon" in name for name in names)
    assert main(["train", *words[:2], "--out", str(out)]) == 2
    assert "There is nothing to learn from" in capsys.readouterr().err
