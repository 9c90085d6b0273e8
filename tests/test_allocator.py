"""Freed memory is kept for the next pass, by the programs and not by the package."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from beacon_qa.allocator import keep_freed_memory

_READ = """
from beacon_qa.allocator import keep_freed_memory
assert {kept}
from collections import deque
from beacon_qa.beacon import condense
from beacon_qa.engine import Engine

def faults():
    return int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[7])

model = Engine.load(device="cpu").model
for _ in range(3):
    before = faults()
    deque(condense(model, range(10, 2058), memory=model.new_memory(8)), maxlen=0)
print(faults() - before)
"""
"""Counts the pages that the system hands out anew for the third of three equal readings."""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own setting")


def pages(kept: str, **environment: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", _READ.format(kept=kept)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout)


def test_a_reading_finds_the_memory_that_the_last_one_freed() -> None:
    assert pages("keep_freed_memory()") < pages("keep_freed_memory") / 5


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_what_a_user_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert not keep_freed_memory()
