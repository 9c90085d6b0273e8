"""Measuring losses: held-out prose, what is read before it, and the report."""

from __future__ import annotations

import builtins
import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen2ForCausalLM

from beacon_qa.cli import main
from beacon_qa.engine import Engine
from beacon_qa.errors import EvaluationError
from beacon_qa.evaluation import gap, perplexity
from beacon_qa.evaluation.intervals import Estimate
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.plots import HeatMaps, Lines
from beacon_qa.evaluation.prose import Prose, draw_stretch, encoded_prose, held_out
from beacon_qa.evaluation.report import write_report
from beacon_qa.evaluation.scoring import FULL, STREAMING, TRUNCATED, Lengths, Scored, score_all
from beacon_qa.evaluation.streaming import sliding_loss

ONE = Lengths(places=1, windows=(0, 2), scored=2, ratios=(2, 4), seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one text of some thousand sentences."""
    folder = tmp_path_factory.mktemp("texts")
    draw = random.Random(0)
    words = ["sea", "ship", "wind", "captain", "boat", "whale", "night", "harpoon", "sail"]
    sentences = [" ".join(draw.choices(words, k=9)).capitalize() + "." for _ in range(600)]
    (folder / "voyage.txt").write_text(" ".join(sentences))
    (folder / "LICENSE.md").write_text("The voyage is in the public domain.")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def prose(folder: Path, engine: Engine) -> list[Prose]:
    return [encoded_prose(document, engine.prompts) for document in held_out(folder)]


@pytest.fixture
def plain(tiny_checkpoint: Path) -> Any:
    """The stock model of the checkpoint, which leaves the beacons' weights aside."""
    return Qwen2ForCausalLM.from_pretrained(tiny_checkpoint, attn_implementation="eager").eval()


def target(prose: list[Prose], engine: Engine, lengths: Lengths) -> tuple[Prose, int, int]:
    """The text that is scored at the first place, and where the scored tokens begin and end."""
    tokens = (max(lengths.windows) + lengths.scored) * engine.window
    text, end = draw_stretch(prose, tokens, random.Random(f"{lengths.seed}/0"))
    return text, end - lengths.scored * engine.window, end


def plain_loss(model: Any, ids: list[int], counted: int) -> float:
    inputs = torch.tensor([ids])
    labels = inputs.clone()
    labels[:, : len(ids) - counted] = -100
    with torch.no_grad():
        return float(model(input_ids=inputs, labels=labels).loss)


def test_a_stretch_longer_than_all_texts_is_refused(prose: list[Prose]) -> None:
    with pytest.raises(EvaluationError, match="longest text has"):
        draw_stretch(prose, 10**7, random.Random(0))


def test_full_attention_is_the_plain_model(engine: Engine, prose: list[Prose], plain: Any) -> None:
    found = {(one.way, one.windows): one.loss for one in score_all(engine, prose, ONE)}
    text, first, end = target(prose, engine, ONE)
    counted = end - first - 1
    alone = plain_loss(plain, list(text.ids[first:end]), counted)
    opening = engine.prompts.layout.opening
    before = text.ids[first - 2 * engine.window + len(opening) : first]
    whole = plain_loss(plain, [*opening, *before, *text.ids[first:end]], counted)
    assert found[FULL, 0] == pytest.approx(alone, rel=1e-5)
    assert found[FULL, 2] == pytest.approx(whole, rel=1e-5)
    for way in ("2", "4", "mixed"):
        assert found[way, 2] != pytest.approx(whole, rel=1e-5)
    assert len({found[way, 2] for way in ("2", "4", "mixed")}) == 3


def test_the_truncated_model_sees_half_a_window_or_more(
    engine: Engine, prose: list[Prose], plain: Any
) -> None:
    found = {one.way: one.loss for one in score_all(engine, prose, ONE)}
    text, first, end = target(prose, engine, ONE)
    half, total = engine.window // 2, 0.0
    for start in range(first, end, half):
        counted = half - (start == first)
        part = list(text.ids[start - half : start + half])
        total += plain_loss(plain, part, counted) * counted
    assert found[TRUNCATED] == pytest.approx(total / (end - first - 1), rel=1e-5)


def test_the_sliding_window_is_measured_on_the_same_tokens(
    engine: Engine, prose: list[Prose]
) -> None:
    found = {one.way: one.loss for one in score_all(engine, prose, ONE)}
    text, first, end = target(prose, engine, ONE)
    ids = list(text.ids[first - 2 * engine.window : end])
    expected = sliding_loss(engine.model, ids, end - first - 1, window=engine.window)
    assert found[STREAMING] == expected


def test_the_same_seed_scores_the_same_places_and_another_does_not(
    engine: Engine, prose: list[Prose]
) -> None:
    lengths = [Lengths(2, (1,), 1, (2,), False, False, seed) for seed in (0, 0, 1)]
    first, again, other = (score_all(engine, prose, one) for one in lengths)
    assert first == again
    assert [one.loss for one in first] != [one.loss for one in other]


def test_a_note_beside_the_texts_is_not_held_out_prose(folder: Path) -> None:
    assert [document.title for document in held_out(folder)] == ["voyage"]
    (folder / "longer.txt").write_text("Another voyage went on and on. " * 40)
    assert [document.title for document in held_out(folder)] == ["longer", "voyage"]
    (folder / "longer.txt").unlink()


def test_texts_that_are_too_short_for_the_longest_lengths_are_asked_for_less(
    engine: Engine, folder: Path
) -> None:
    wanted = Wanted(engine, (2,), texts=folder)
    longest = len(wanted.documents[0].text) // (5 * engine.window)
    assert wanted.within((1, longest - 1, longest + 1)) == (1, longest - 1)
    assert wanted.within((1, longest - 1), spare=8) == (1,)
    assert wanted.within((longest + 1, longest + 2)) == (longest + 1,)


def test_fewer_texts_are_read_where_they_are_long_unless_a_number_is_given(engine: Engine) -> None:
    assert [Wanted(engine, (2,)).count_at(n, 5, 1) for n in (8, 32, 100)] == [5, 5, 2]
    assert Wanted(engine, (2,), quick=True).count_at(100, 5, 1) == 1
    assert Wanted(engine, (2,), number=3).count_at(100, 5, 1) == 3


def scored(way: str, windows: int | None, *losses: float) -> list[Scored]:
    return [Scored(place, "t", way, windows, loss) for place, loss in enumerate(losses)]


def test_differences_are_taken_at_the_same_places() -> None:
    lengths = Lengths(places=2, windows=(1, 4), ratios=(8,), mixed=False)
    scores = [
        *scored(TRUNCATED, None, 3.0, 5.0),
        *scored(STREAMING, None, 2.9, 4.9),
        *scored("8", 1, 2.75, 4.75),
        *scored("8", 4, 2.5, 4.5),
    ]
    outcome = perplexity.told(scores, lengths, 128)
    for difference in ("-0.250 [-0.250, -0.250]", "-0.500 [-0.500", "-0.400 [-0.400"):
        assert difference in outcome.text
        assert difference in outcome.headlines[0]


def test_the_gap_closed_is_the_part_of_the_full_text_s_help() -> None:
    losses = perplexity.by_cell(
        [*scored(FULL, 0, 5.0, 6.0), *scored(FULL, 4, 4.0, 4.0), *scored("8", 4, 4.25, 4.5)]
    )
    # Help in full: 1 and 2; with beacons: 0.75 and 1.5.
    closed = gap.closed_gap(losses, "8", 4)
    assert closed is not None
    assert closed.value == pytest.approx(2.25 / 3)
    assert closed.interval == pytest.approx((0.75, 0.75))
    full = gap.closed_gap(losses, FULL, 4)
    assert full is not None
    assert full.value == 1
    useless = perplexity.by_cell([*scored(FULL, 0, 5.0), *scored(FULL, 4, 5.0)])
    assert gap.closed_gap(useless, FULL, 4) is None


PLOTS = {
    "lines": Lines(
        "t", "x", "y", ["1", "2"], {"a": [Estimate(1.0, (0.5, 2.0), 3), None]}, {"b": 1}
    ),
    "maps": HeatMaps("x", "y", ["1", "2"], ["0%"], {"a": [[0.5, None]], "b": [[1.0, 0.0]]}),
}


def test_a_report_has_a_page_figures_failures_and_plots(tmp_path: Path) -> None:
    outcome = Outcome("x", "Title", "text", {"n": 1}, ["Headline."], [{"q": "é"}], PLOTS)
    page = write_report(tmp_path, {"model": "m", "seed": 0}, [outcome]).read_text("utf-8")
    for part in ("- model: m", "- Headline.", "## Title", "text", "![Title](lines.png)"):
        assert part in page
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["x"] == {"n": 1}
    assert (tmp_path / "failures.jsonl").read_text("utf-8") == '{"measure": "x", "q": "é"}\n'
    for name in PLOTS:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_report_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    page = write_report(tmp_path, {}, [Outcome("x", "T", "text", {}, plots=PLOTS)])
    assert "pip install 'beacon-qa[plots]'" in page.read_text("utf-8")
    assert not list(tmp_path.glob("*.png"))


def test_the_command_measures_what_is_named(
    tiny_checkpoint: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--model", str(tiny_checkpoint), "--device", "cpu", "--texts", str(folder)]
    more = ["--only", "gap", "needle", "--quick", "--number", "1", "--out", str(out)]
    assert main(["evaluate", *words, *more]) == 0
    assert (out / "report.md").read_text("utf-8") in capsys.readouterr().out
    figures = json.loads((out / "report.json").read_text("utf-8"))
    assert figures["about"]["texts"] == ["voyage"]
    assert "could not be used in 4 bits" in (out / "report.md").read_text("utf-8")
    asked = {c["right"]["items"] for c in figures["needle"]["cells"] if c["way"] == "memory"}
    assert asked == {1}
    failures = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert {"measure", "question", "wanted", "answer", "ratio"} <= set(failures[0])


def test_what_one_measurement_refuses_does_not_end_the_others(
    tiny_checkpoint: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n")
    words = ["--model", str(tiny_checkpoint), "--device", "cpu", "--texts", str(folder)]
    more = ["--only", "topics", "short", "--records", str(bad), "--quick", "--number", "1"]
    assert main(["evaluate", *words, *more, "--out", str(tmp_path / "out")]) == 0
    page = capsys.readouterr().out
    assert "Not measured: " in page
    assert "bit for bit with beacons attached: 1 of 1" in page


def test_a_base_in_four_bits_is_compared_at_the_same_places(tmp_path: Path) -> None:
    engine = Engine.load(device="cpu")
    outcome = gap.measure(Wanted(engine, (8,), number=2))
    four = {cell["way"]: cell["loss"]["value"] for cell in outcome.figures["4 bits"]}
    whole = {cell["way"]: cell["loss"]["value"] for cell in outcome.figures["as loaded"]}
    assert four.keys() == whole.keys() == {FULL, "8"}
    # Rounding weights costs little beside what a place differs from another.
    assert all(0 < abs(four[way] - whole[way]) < 0.3 for way in four)
    assert "gap closed, 4 bits" in outcome.text


def test_what_cannot_be_measured_is_refused(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--model", str(tiny_checkpoint), "--out", str(tmp_path / "out")]
    for more, told in (
        (["--only", "perplexity", "--texts", str(tmp_path)], "No text could be read"),
        (["--only", "qa"], "--questions FILE"),
        (["--only", "topics"], "--records FILE"),
        (["--only", "gap", "--number", "0"], "--number is 0"),
    ):
        assert main([*words, *more]) == 2
        assert told in capsys.readouterr().err
