"""Marks and intervals against cases worked out by hand."""

from __future__ import annotations

import pytest

from beacon_qa.evaluation.intervals import Estimate, Share, mean_of, ratio_of
from beacon_qa.evaluation.marking import best, exact, f1, named, rouge_l, silent
from beacon_qa.evaluation.tables import percent, perplexity, table, written


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
def test_an_answer_names_a_value_as_words_of_their_own(
    answer: str, value: str, right: bool
) -> None:
    assert named(answer, value) is right


@pytest.mark.parametrize(
    ("answer", "wanted", "is_exact", "overlap"),
    [
        ("The tower of Pisa.", "tower of Pisa", True, 1.0),
        ("a red tower", "tower", False, 2 / 3),  # 1 of 2 words right, all wanted found
        ("the cat sat on the mat", "a cat on a mat", False, 6 / 7),  # 3 of 4 and 3 of 3
        ("cat cat cat", "cat dog", False, 0.4),  # a word counts as often as it is wanted
        ("don't", "dont", True, 1.0),
        ("nothing", "tower", False, 0.0),
        ("", "tower", False, 0.0),
        ("the", "a", True, 1.0),
    ],
)
def test_exact_match_and_f1_are_squads(
    answer: str, wanted: str, is_exact: bool, overlap: float
) -> None:
    assert exact(answer, wanted) is is_exact
    assert f1(answer, wanted) == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("answer", "wanted", "expected"),
    [
        # The example of Lin (2004): "police the gunman" is the longest common subsequence.
        ("police kill the gunman", "police killed the gunman", 3 / 4),
        ("the gunman kill police", "police killed the gunman", 2 / 4),
        ("The dog!", "the dog", 1.0),
        ("a b c d e f", "b d f", 2 * 3 / 9),
        ("f d b", "b d f", 1 / 3),
        ("", "b", 0.0),
    ],
)
def test_rouge_l_is_the_longest_common_subsequence(
    answer: str, wanted: str, expected: float
) -> None:
    assert rouge_l(answer, wanted) == pytest.approx(expected)


def test_the_best_of_several_wanted_answers_counts() -> None:
    assert best(f1, "in Rome", ("Paris", "Rome", "in the city of Rome")) == pytest.approx(2 / 3)
    assert best(exact, "Rome", ("Paris", "Rome")) == 1
    assert best(exact, "Rome", ()) == 0


def test_an_answer_that_says_nothing_is_told_from_one_that_does() -> None:
    for quiet in ("", "The text does not say.", "It is not mentioned in the passage."):
        assert silent(quiet)
    for told in ("It was not Rome.", "He did not go.", "The saying is old."):
        assert not silent(told)


def test_shares_carry_wilsons_interval() -> None:
    low, high = Share(5, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.2366, 0.7634)
    assert Share(0, 20).interval[0] == 0.0
    assert round(Share(0, 20).interval[1], 4) == 0.1611
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_mean_carries_an_interval_about_as_wide_as_normal_theory_gives() -> None:
    values = [float(n % 10) for n in range(200)]
    found = mean_of(values)
    assert found.value == pytest.approx(4.5)
    assert found.interval is not None
    # 1.96 times the standard deviation (2.872) over the root of 200.
    assert found.interval[0] == pytest.approx(4.5 - 0.398, abs=0.05)
    assert found.interval[1] == pytest.approx(4.5 + 0.398, abs=0.05)
    assert mean_of(values) == found
    assert mean_of([3.0]) == Estimate(3.0, None, 1)


def test_a_ratio_keeps_what_belongs_to_one_item_together() -> None:
    under = [1.0, 5.0, 2.0, 9.0]
    paired = ratio_of([2 * value for value in under], under)
    assert paired is not None
    assert paired.interval == pytest.approx((2.0, 2.0))
    mixed = ratio_of([18.0, 4.0, 10.0, 2.0], under)
    assert mixed is not None
    assert mixed.value == paired.value
    assert mixed.interval is not None
    assert mixed.interval[1] - mixed.interval[0] > 1
    assert ratio_of([1.0], [0.0]) is None


def test_figures_are_written_with_their_intervals() -> None:
    assert percent(Share(8, 10)) == "80% (8/10) [49, 94]"
    assert percent(None) == ""
    assert written(Estimate(0.5, (0.25, 0.75), 9), ".2f") == "0.50 [0.25, 0.75]"
    assert written(None) == ""
    assert perplexity(0.0) == "0.000 (1.0)"
    assert table(["a", "b"], [["1", "x|y"]]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"
