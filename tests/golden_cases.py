"""The recorded cases of `golden/`, opened, and what it means to agree with one.

Both `test_reference.py` and `test_beacon_golden.py` are held to the same numbers by the functions
here; this room knows the files and the tolerances, and neither the reference nor the product.
"""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

GOLDEN = Path(__file__).parent / "golden"
LOGITS = 1e-4  # largest difference of a logit or log-probability in float32
LOSS = 1e-5  # relative
GRADIENT = 1e-4  # relative, of norms
MARGIN = 1e-3  # ids are compared where the best logit leads by more


@dataclass(frozen=True)
class Case:
    """One recorded run; `tensors` are described in the records' own README."""

    name: str
    kind: str
    checkpoint: Path
    overrides: dict[str, Any]
    settings: dict[str, Any]
    starts_beacons: bool
    generated_logits_steps: list[int]
    grad_norms: dict[str, float]
    tensors: dict[str, Tensor]

    @property
    def ids(self) -> Tensor:
        return self.tensors["input_ids"]

    @property
    def sizes(self) -> list[tuple[int, ...]]:
        """(sink, committed, current) after each step of the prompt."""
        return [tuple(row) for row in self.tensors["memory_sizes"].tolist()]

    @property
    def generated_sizes(self) -> list[tuple[int, ...]]:
        """The same after the call that gave each new id; the first is the prompt's."""
        return [tuple(row) for row in self.tensors["generated_memory_sizes"].tolist()]

    @property
    def steps(self) -> list[int]:
        """How many tokens each step of the prompt took."""
        ends = [0, *self.tensors["window_end"].tolist()]
        return [end - start for start, end in itertools.pairwise(ends)]

    @property
    def real(self) -> Tensor:
        """(batch, prompt tokens): what is not padding, and so has recorded numbers that matter."""
        return self.tensors.get("attention_mask", torch.ones_like(self.ids)).bool()

    def folder(self, scratch: Path) -> Path:
        """The checkpoint to load, without beacon weights where the case is about their start."""
        return without_beacons(self.checkpoint, scratch) if self.starts_beacons else self.checkpoint


def case_names(*kinds: str, level: str = "must") -> list[str]:
    """Names of the cases of these kinds, for parametrize."""
    records = [json.loads(path.read_text()) for path in sorted(GOLDEN.glob("cases/*/case.json"))]
    return [r["name"] for r in records if r["kind"] in kinds and r["level"] == level]


def open_case(name: str) -> Case:
    folder = GOLDEN / "cases" / name
    record = json.loads((folder / "case.json").read_text())
    return Case(
        name=name,
        kind=record["kind"],
        checkpoint=GOLDEN / "checkpoints" / record["checkpoint"],
        overrides=record["config_overrides"],
        settings=record["settings"],
        starts_beacons=record["drop_beacon_weights_before_loading"],
        generated_logits_steps=record.get("generated_logits_steps", []),
        grad_norms=record.get("grad_norms") or {},
        tensors=load_file(folder / "tensors.safetensors"),
    )


def without_beacons(checkpoint: Path, scratch: Path) -> Path:
    """A copy of the checkpoint in `scratch` that holds no tensor of a beacon."""
    weights = load_file(checkpoint / "model.safetensors")
    plain = {name: weight for name, weight in weights.items() if "beacon" not in name}
    save_file(plain, scratch / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(checkpoint / "config.json", scratch)
    return scratch


def difference(actual: Tensor, expected: Tensor) -> float:
    """The largest absolute difference; the shapes must be the same."""
    assert actual.shape == expected.shape
    if actual.numel() == 0:
        return 0.0
    return (actual.detach().double() - expected.double()).abs().max().item()


def assert_close(actual: Tensor, expected: Tensor, tolerance: float = LOGITS) -> None:
    assert difference(actual, expected) <= tolerance


def assert_prompt_logits(case: Case, logits: Tensor) -> None:
    """logits (batch, prompt tokens, vocabulary) are those recorded, in every form recorded."""
    recorded, real = case.tensors, case.real
    for form in {"logits_tail", "logits"} & set(recorded):
        rows = recorded[form].shape[1]
        assert_close(logits[:, -rows:][real[:, -rows:]], recorded[form][real[:, -rows:]])
    best = logits.topk(2, dim=-1)
    clear = real & (best.values[..., 0] - best.values[..., 1] > MARGIN)
    assert torch.equal(best.indices[..., 0][clear], recorded["argmax"][clear])
    told = logits.detach().double().log_softmax(-1)[:, :-1].gather(2, case.ids[:, 1:, None])[..., 0]
    assert_close(told[real[:, 1:]], recorded["next_logprob"][real[:, 1:]])


def assert_committed(case: Case, keys: Tensor, values: Tensor) -> None:
    """The last layer's committed keys, unrotated, and values: (batch, kv heads, memory, head size).

    Not recorded for every case; beacons that saw padding have nothing to agree with.
    """
    for actual, name in ((keys, "key"), (values, "value")):
        expected = case.tensors.get(f"beacon_{name}_last_layer", actual)
        assert actual.shape == expected.shape
        for row, length in enumerate(case.real.sum(dim=1).tolist()):
            padded = length < case.ids.shape[1]
            clean = length // case.overrides["beacon_ratio"][0] if padded else expected.shape[2]
            assert_close(actual[row, :, :clean], expected[row, :, :clean])


def assert_generated(case: Case, ids: Tensor, logits: Tensor) -> None:
    """ids (batch, new) are those recorded, logits (batch, new, vocabulary) where recorded."""
    assert torch.equal(ids, case.tensors["generated_ids"])
    assert_close(logits[:, case.generated_logits_steps], case.tensors["generated_logits"])


def assert_losses(case: Case, loss: Tensor, batch_loss: Tensor) -> None:
    """The mean over all labelled tokens, and that of each row."""
    for actual, name in ((loss.reshape(1), "loss"), (batch_loss, "batch_loss")):
        expected = case.tensors[name]
        assert_close(actual / expected, torch.ones_like(expected), LOSS)


def assert_gradients(case: Case, gradients: dict[str, Tensor | None]) -> None:
    """Each beacon weight has the recorded gradient; a missing one counts as zero."""
    for name, norm in case.grad_norms.items():
        actual = gradients[name]
        measured = 0.0 if actual is None else actual.double().norm().item()
        assert abs(measured - norm) <= GRADIENT * norm
    for key in [key for key in case.tensors if key.startswith("grad.")]:
        expected = case.tensors[key]
        actual = gradients[key.removeprefix("grad.")]
        given = torch.zeros_like(expected) if actual is None else actual
        assert difference(given, expected) <= GRADIENT * expected.norm().item()
