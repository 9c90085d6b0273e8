"""Evidence: attention on a memory's entries becomes passages of the text."""

from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
import torch
from small_documents import make_document

from beacon_qa.beacon import BeaconConfig
from beacon_qa.beacon.entries import entry_spans
from beacon_qa.beacon.watch import Watch
from beacon_qa.beacon.windows import Clock
from beacon_qa.evidence import Evidence, Ground
from beacon_qa.plaintext import EncodedText

DOCUMENT = make_document(600)
WINDOW, OPENING = 16, 3


def words(text: str) -> EncodedText:
    """One token a word, with the white space before it."""
    starts = [0, *(place for place in range(1, len(text) - 1) if text[place].isspace())]
    return EncodedText(list(range(len(starts))), array("q", starts), len(text))


ENCODED = words(DOCUMENT.text)


def ground(read: int | None = None) -> Ground:
    return Ground(DOCUMENT, ENCODED, OPENING, read or OPENING + len(ENCODED), WINDOW)


def clock(tokens: int, ratio: int, *, sink: int = 0) -> Clock:
    config = BeaconConfig(WINDOW, (ratio,), "step-random", ("q",), sink, "eos", 4096)
    full, rest = divmod(tokens, WINDOW)
    return Clock(
        config, (ratio,), tokens=tokens, in_window=rest, ratio=ratio, closed=[ratio] * full
    )


def token_of(sentence: int) -> int:
    """The token, counted with the opening, in the middle of a numbered sentence."""
    return OPENING + ENCODED.tokens_before(DOCUMENT.text.index(f"Sentence {sentence} ")) + 3


def scores(spans: list[tuple[int, int]], peaks: dict[int, float]) -> list[float]:
    """A little attention everywhere, and more on the entries over the tokens in `peaks`."""
    return [
        0.01 + sum(height for token, height in peaks.items() if first <= token < end)
        for first, end in spans
    ]


@pytest.mark.parametrize("ratio", [0, 1, 2, 4, 8, 16])
@pytest.mark.parametrize("tokens", [0, 5, 16, 160, 171])
def test_every_token_stands_behind_the_entries_of_its_group(ratio: int, tokens: int) -> None:
    covered = [0] * tokens
    for first, end in entry_spans(clock(tokens, ratio)):
        assert end - first in (1, ratio or 1)
        for token in range(first, end):
            covered[token] += 1
    full = tokens // WINDOW * WINDOW
    assert set(covered[:full]) <= {1}
    assert all(count >= 1 for count in covered)


def test_sinks_stand_for_the_first_tokens_once_a_window_is_full() -> None:
    assert entry_spans(clock(16, 8, sink=2)) == [(0, 1), (1, 2), (0, 8), (8, 16)]
    assert entry_spans(clock(3, 8, sink=2)) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("ratio", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("sentence", [0, 7, 250, 599])
def test_a_peak_of_attention_leads_to_its_sentence(ratio: int, sentence: int) -> None:
    place = ground()
    spans = entry_spans(clock(place.end, ratio))
    found = place.evidence(scores(spans, {token_of(sentence): 1.0}), spans)
    best = found.passages[0]
    assert f"Sentence {sentence} tells" in DOCUMENT.text[best.start : best.end]
    assert best.page == str(sentence // 10 + 1)
    assert best.chapter == ("Loomings", "The Chase", "Epilogue")[sentence // 200]


def test_passages_come_best_first_and_never_overlap() -> None:
    place = ground()
    spans = entry_spans(clock(place.end, 4))
    peaks = {token_of(10): 1.0, token_of(300): 3.0, token_of(500): 2.0, token_of(501): 0.2}
    passages = place.evidence(scores(spans, peaks), spans).passages
    assert [p.page for p in passages[:3]] == ["31", "51", "2"]
    assert list(passages) == sorted(passages, key=lambda p: -p.score)
    ordered = sorted(passages, key=lambda p: p.start)
    assert all(a.end <= b.start for a, b in pairwise(ordered))


def test_passages_take_whole_sentences_and_no_more_tokens_than_allowed() -> None:
    place = ground()
    spans = entry_spans(clock(place.end, 8))
    found = place.evidence(scores(spans, {token_of(42): 1.0}), spans)
    told = DOCUMENT.text[found.passages[0].start : found.passages[0].end]
    assert told.startswith("Sentence 4")
    assert "Sentence 42 tells of whale 294." in told
    assert told.endswith(".")
    short = place.evidence(scores(spans, {token_of(42): 1.0}), spans, longest=6).passages[0]
    assert 0 < len(place.ids(short)) <= 6


def test_evidence_never_points_past_what_was_read() -> None:
    place = ground(read=token_of(100))
    # A conversation went on in the same memory: its entries stand for tokens past the text.
    spans = entry_spans(clock(token_of(300), 4))
    peaks = {token_of(200): 50.0, token_of(60): 1.0}
    found = place.evidence(scores(spans, peaks), spans)
    limit = DOCUMENT.text.index("Sentence 101 ")
    assert "Sentence 60 " in DOCUMENT.text[found.passages[0].start : found.passages[0].end]
    assert all(passage.end <= limit for passage in found.passages)


def test_shares_by_window_add_up_and_peak_where_attention_fell() -> None:
    place = ground()
    spans = entry_spans(clock(place.end, 4))
    windows = place.evidence(scores(spans, {token_of(77): 1.0}), spans).windows
    assert len(windows) == -(-place.end // WINDOW)
    assert sum(windows) == pytest.approx(1)
    assert windows.index(max(windows)) == token_of(77) // WINDOW


def test_even_attention_is_no_evidence() -> None:
    place = ground()
    spans = entry_spans(clock(place.end, 4))
    even = place.evidence([float(end - first) for first, end in spans], spans)
    sharp = place.evidence(scores(spans, {token_of(77): 1.0}), spans)
    assert even.contrast < 2 < sharp.contrast
    assert place.evidence([0.0] * len(spans), spans) == Evidence()


def test_a_watch_adds_up_what_softmax_over_the_entries_gives() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(1, 4, 5, 8), torch.randn(1, 2, 30, 8)
    watch = Watch([(1, 0), (1, 3)], 20)
    watch.see(0, query, key, None, None)
    watch.see(1, query, key, None, None)
    wanted = torch.zeros(20)
    for head, group in ((0, 0), (3, 1)):
        for token in range(5):
            wanted += torch.softmax(key[0, group, :20] @ query[0, head, token] / 8**0.5, 0)
    assert torch.allclose(watch.scores, wanted, atol=1e-6)
    assert watch.tokens == 5


def test_a_watch_sees_the_same_whether_or_not_keys_are_shared() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(1, 4, 1, 8), torch.randn(1, 2, 30, 8)
    whole, split = Watch([(0, 1)], 25), Watch([(0, 1)], 25)
    whole.see(0, query, key, None, None)
    split.see(0, query, key[:, :, 18:], (key[:, :, :18], key[:, :, :18]), None)
    assert torch.allclose(whole.scores, split.scores, atol=1e-6)
    split.settle(18)
    split.see(0, query, key[:, :, 18:], (key[:, :, :18], key[:, :, :18]), None)
    assert torch.equal(split.scores[18:], whole.scores[18:])


def test_of_tokens_that_come_one_by_one_every_other_is_looked_at() -> None:
    watch = Watch([(0, 0)], 4)
    watch.counted = [(10, 20)]
    assert [bool(watch.rows(start, [0])) for start in (9, 10, 11, 12, 19, 20)] == [
        False, True, False, True, False, False,
    ]  # fmt: skip
    assert watch.rows(8, [0, 1, 3, 4, 5, 6]) == (3, 4, 5, 6)


@pytest.mark.parametrize("sentence", [0, 3, 11])
@pytest.mark.parametrize("longest", [4, 16, 40])
def test_a_passage_is_made_wider_by_whole_sentences(sentence: int, longest: int) -> None:
    here = ground()
    spans = entry_spans(clock(here.end, 4))
    [found] = here.evidence(
        scores(spans, {token_of(sentence): 5}), spans, most=1, longest=12
    ).passages
    wider = here.wider(found, longest)
    assert (wider.start <= found.start, wider.end >= found.end) == (True, True)
    assert len(here.ids(wider)) <= max(longest, len(here.ids(found)))
    text = DOCUMENT.text
    assert text[wider.start : wider.end].strip() == text[wider.start : wider.end]
    assert wider.start in (0, found.start) or text[: wider.start].rstrip()[-1] in ".!?"
    if longest == 40:
        assert len(here.ids(wider)) > len(here.ids(found))


def test_nothing_past_the_place_read_to_makes_a_passage_wider() -> None:
    read = token_of(6)
    here = ground(read)
    spans = entry_spans(clock(read, 4))
    [found] = here.evidence(scores(spans, {token_of(5): 5}), spans, most=1, longest=8).passages
    assert here.wider(found, 60).end <= ENCODED.span(0, read - OPENING)[1]
    assert ground().wider(found, 60).end > ENCODED.span(0, read - OPENING)[1]
