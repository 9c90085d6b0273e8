"""One forward pass at a time, handed on in the order it was asked for."""

from __future__ import annotations

import threading

import pytest
import torch

from beacon_qa.lane import Lane


class Busy(torch.nn.Module):
    """Counts how many threads are inside it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.most = 0
        self.guard = threading.Lock()

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        with self.guard:
            self.inside += 1
            self.most = max(self.most, self.inside)
        for _ in range(20):
            value = value @ value
        with self.guard:
            self.inside -= 1
        if value.isnan().any():
            raise ValueError("not a number")
        return value


def run(model: Busy) -> None:
    def work() -> None:
        for _ in range(10):
            model(torch.eye(64))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_passes_of_an_attached_model_never_overlap() -> None:
    model = Busy()
    Lane().attach(model)
    run(model)
    assert model.most == 1


def test_a_pass_that_fails_gives_the_lane_back() -> None:
    model, lane = Busy(), Lane()
    lane.attach(model)
    with pytest.raises(ValueError, match="not a number"):
        model(torch.full((4, 4), float("nan")))
    assert torch.equal(model(torch.eye(4)), torch.eye(4))


def test_turns_are_handed_on_in_order() -> None:
    lane, order = Lane(), []
    started: list[threading.Thread] = []

    def take(number: int) -> None:
        with lane.turn():
            order.append(number)

    with lane.turn():
        for number in range(5):
            thread = threading.Thread(target=take, args=(number,))
            thread.start()
            started.append(thread)
            while len(lane._waiting) <= number:
                pass
    for thread in started:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
