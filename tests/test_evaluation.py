"""Measuring a model's memory: what is planted, how answers count, and the tables."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from transformers import Qwen2ForCausalLM

from beacon_qa.cli import main
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation.asking import ask, holds, remember
from beacon_qa.evaluation.perplexity import Lengths, Scored, score_all
from beacon_qa.evaluation.planted import Asked, Settings, Trial, ask_all, draw_trials
from beacon_qa.evaluation.prose import Prose, draw_stretch, read_prose
from beacon_qa.evaluation.report import loss_table, planted_table
from beacon_qa.evaluation.tables import Share, cells, mean_and_reach
from beacon_qa.training.names import belongs

SETTINGS = Settings(texts=3, distances=(1, 4), ratios=(2, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one text of some thousand sentences."""
    folder = tmp_path_factory.mktemp("texts")
    draw = random.Random(0)
    words = ["sea", "ship", "wind", "captain", "boat", "whale", "night", "harpoon", "sail"]
    sentences = [" ".join(draw.choices(words, k=9)).capitalize() + "." for _ in range(600)]
    (folder / "voyage.txt").write_text(" ".join(sentences))
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def prose(folder: Path, engine: Engine) -> list[Prose]:
    return read_prose(folder, engine.prompts)


@pytest.fixture
def trials(prose: list[Prose], engine: Engine) -> list[Trial]:
    return draw_trials(prose, engine.prompts, engine.window, SETTINGS)


def place_of(part: list[int], ids: list[int]) -> int:
    """Where `part` begins in `ids`."""
    return next(i for i in range(len(ids)) if ids[i : i + len(part)] == part)


def test_facts_stand_as_far_from_the_question_as_asked(trials: list[Trial], engine: Engine) -> None:
    for trial in trials:
        for told in trial.told:
            statement = engine.prompts.document(" " + told.statement).ids
            end = place_of(statement, list(trial.ids)) + len(statement)
            away = (len(trial.ids) - end) / engine.window
            assert abs(away - told.distance) < 0.75


def test_facts_stand_between_sentences(trials: list[Trial], engine: Engine) -> None:
    for trial in trials:
        text = engine.prompts.text(list(trial.ids))
        for told in trial.told:
            before, after = text.split(told.statement)
            assert before.rstrip().endswith(".")
            assert after.lstrip()[:1].isupper()


def test_the_prose_without_the_facts_does_not_tell_them(
    trials: list[Trial], engine: Engine
) -> None:
    for trial in trials:
        bare = engine.prompts.text(list(trial.bare))
        assert len(trial.bare) < len(trial.ids)
        assert not any(told.fact.value in bare for told in trial.told)


def test_values_are_those_never_trained_on(trials: list[Trial]) -> None:
    numbers = [t.fact.value for trial in trials for t in trial.told if t.fact.value.isdigit()]
    assert all(belongs(value, "test") for value in numbers)


def test_the_same_seed_draws_the_same_questions(
    prose: list[Prose], trials: list[Trial], engine: Engine
) -> None:
    assert draw_trials(prose, engine.prompts, engine.window, SETTINGS) == trials
    other = Settings(texts=3, distances=(1, 4), ratios=(2, 4), seed=1)
    assert draw_trials(prose, engine.prompts, engine.window, other) != trials


def test_every_question_is_asked_under_every_condition(trials: list[Trial], engine: Engine) -> None:
    answers = ask_all(engine, trials[:1], SETTINGS)
    counts = {(c.condition, c.ratio, c.distance): c.share.asked for c in cells(answers)}
    placed = [("memory", 2), ("memory", 4), ("full", None)]
    assert counts == {
        **{(condition, ratio, d): 1 for condition, ratio in placed for d in (1, 4)},
        ("in window", None, None): 2,
        ("not told", 2, None): 2,
        ("closed book", None, None): 2,
    }


def test_asking_leaves_memory_unchanged(engine: Engine, trials: list[Trial]) -> None:
    memory = remember(engine, trials[0].ids, 2)
    before = memory.tokens, memory.kept
    assert ask(engine, memory, "Who?") == ask(engine, memory, "Who?")
    assert (memory.tokens, memory.kept) == before


@pytest.mark.parametrize(
    ("answer", "value", "right"),
    [
        ("The number is 123.", "123", True),
        ("The number is 51234.", "123", False),
        ("It was Oak.", "oak", True),
        ("the soaked rope", "oak", False),
        ("KX-48.", "KX-48", True),
        ("", "oak", False),
    ],
)
def test_an_answer_is_right_if_it_names_the_value(answer: str, value: str, right: bool) -> None:
    assert holds(answer, value) is right


def test_shares_carry_wilsons_interval() -> None:
    low, high = Share(5, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.2366, 0.7634)
    assert Share(0, 20).interval[0] == 0.0
    assert round(Share(0, 20).interval[1], 4) == 0.1611
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_mean_carries_its_interval() -> None:
    mean, reach = mean_and_reach([1.0, 2.0, 3.0, 4.0])
    assert mean == 2.5
    assert round(reach, 4) == 1.2652


def test_a_stretch_longer_than_all_texts_is_refused(prose: list[Prose]) -> None:
    with pytest.raises(EvaluationError, match="longest text has"):
        draw_stretch(prose, 10**7, random.Random(0))


def test_losses_at_ratio_0_are_the_plain_models(
    engine: Engine, prose: list[Prose], tiny_checkpoint: Path
) -> None:
    lengths = Lengths(places=1, windows=(0, 2), ratios=(2,), seed=3)
    found = score_all(engine, prose, lengths)
    text, end = draw_stretch(prose, 3 * engine.window, random.Random(3))
    target = torch.tensor([text.ids[end - engine.window : end]])
    plain = _plain(tiny_checkpoint)
    with torch.no_grad():
        alone = float(plain(input_ids=target, labels=target).loss)
        opening = engine.prompts.layout.opening
        kept = 3 * engine.window - len(opening)
        ids = torch.tensor([[*opening, *text.ids[end - kept : end]]])
        labels = ids.clone()
        labels[:, : -engine.window + 1] = -100
        whole = float(plain(input_ids=ids, labels=labels).loss)
    assert _losses(found, 0)[0] == pytest.approx(alone, rel=1e-5)
    assert _losses(found, 0)[2] == pytest.approx(whole, rel=1e-5)
    assert _losses(found, 2)[2] != pytest.approx(whole, rel=1e-5)


def test_the_truncated_model_sees_half_a_window_or_more(
    engine: Engine, prose: list[Prose], tiny_checkpoint: Path
) -> None:
    found = score_all(engine, prose, Lengths(places=1, windows=(1,), ratios=(2,), seed=3))
    text, end = draw_stretch(prose, 2 * engine.window, random.Random(3))
    half, plain = engine.window // 2, _plain(tiny_checkpoint)
    total = 0.0
    for stop, scored in ((end - half, half - 1), (end, half)):
        ids = torch.tensor([text.ids[stop - engine.window : stop]])
        labels = ids.clone()
        labels[:, :-scored] = -100
        with torch.no_grad():
            total += float(plain(input_ids=ids, labels=labels).loss) * scored
    expected = total / (engine.window - 1)
    assert _losses(found, None)[1] == pytest.approx(expected, rel=1e-5)


def _plain(checkpoint: Path) -> Qwen2ForCausalLM:
    """The stock model of the checkpoint, which leaves the beacons' weights aside."""
    model = Qwen2ForCausalLM.from_pretrained(checkpoint, attn_implementation="eager")
    return model.eval()


def _losses(found: list[Scored], ratio: int | None) -> dict[int, float]:
    return {scored.windows: scored.loss for scored in found if scored.ratio == ratio}


def test_tables_show_every_cell() -> None:
    answers = [
        Asked("memory", 4, distance, "q", "s", "v", "a", right)
        for distance, right in ((1, True), (1, True), (8, False), (8, True))
    ]
    table = planted_table(cells([*answers, Asked("closed book", None, None, *"qsva", False)]))
    assert "| 4 | 100% (2/2) [34, 100] | 50% (1/2) [9, 91] | 75% (3/4) [30, 95] |" in table
    assert "| the question alone | 0% (0/1) [0, 79] |" in table
    scores = [Scored(p, "t", r, 1, 2.0 + p - 0.5 * (r == 4)) for p in (0, 1) for r in (None, 4)]
    assert "| 4 | -0.500 ± 0.000 |" in loss_table(scores)


def test_the_command_writes_tables_and_failures(
    tiny_checkpoint: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--model", str(tiny_checkpoint), "--texts", str(folder), "--quick"]
    out = tmp_path / "out"
    assert main([*words, "--number", "1", "--device", "cpu", "--out", str(out)]) == 0
    figures = json.loads((out / "report.json").read_text())
    assert figures["about"]["texts"] == ["voyage"]
    assert {cell["asked"] for cell in figures["planted"] if cell["condition"] == "memory"} == {1}
    failures = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert {"question", "statement", "value", "answer"} <= set(failures[0])
    assert (out / "report.md").read_text() in capsys.readouterr().out


def test_a_folder_without_texts_is_refused(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--model", str(tiny_checkpoint), "--texts", str(tmp_path)]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "No text could be read" in capsys.readouterr().err
