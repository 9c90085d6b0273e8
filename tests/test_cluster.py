"""Several machines, as far as one shows them: a real Ray cluster of two workers with a CPU each."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from doc_pages import ROOT, fences
from openai import OpenAI
from readings import by_windows
from serving import until

from beacon_qa.cli import main
from beacon_qa.cluster.connecting import Crew, connected, crew
from beacon_qa.cluster.job import Job
from beacon_qa.cluster.lease import Lease, leasing
from beacon_qa.cluster.library import BookReader, read_text
from beacon_qa.cluster.replicas import replicas
from beacon_qa.errors import ClusterError
from beacon_qa.reader import Reader
from beacon_qa.server.limits import Limits
from beacon_qa.shelf import Shelf
from beacon_qa.wanted import Outcome, Wanted

pytestmark = [
    # One cluster is enough, when tests run in several processes.
    pytest.mark.xdist_group("cluster"),
    # Of Ray's own use of pandas and asyncio.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

BOOKS = ("ahab", "bildad", "coffin", "dagoo")
TWO = Crew(workers=2, cpus=1, gpus=0)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with connected(cpus=2) as ray:
        yield ray


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder of four books of some hundred windows, and a picture."""
    folder = tmp_path / "books"
    (folder / "deeper").mkdir(parents=True)
    for number, name in enumerate(BOOKS):
        lines = [f"{name} saw whale {n * 7 + number} on day {n}." for n in range(400)]
        (folder / ("deeper" if number % 2 else ".") / f"{name}.txt").write_text("\n\n".join(lines))
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    return folder


def memories(shelf: Shelf) -> dict[str, bytes]:
    """The memory files of a shelf, by title."""
    return {book.title: shelf.memory_path(book.id).read_bytes() for book in shelf.books()}


class Killer(threading.Thread):
    """Kills, once, a worker in the middle of a book; `killed` is that book's title."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf
        self.killed = ""

    def run(self) -> None:
        self.killed = until(self._kill)

    def _kill(self) -> str:
        for book in self.shelf.books():
            if book.state != "reading" or not self.shelf.partial_path(book.id).exists():
                continue
            lock = str(self.shelf.root / "locks" / f"{book.id}.lock")
            for process in psutil.Process().children(recursive=True):
                try:
                    if lock in [file.path for file in process.open_files()]:
                        process.kill()
                        process.wait(60)
                        return "" if self.shelf.get(book.id).state == "ready" else book.title
                except psutil.Error:
                    continue
        return ""


def test_a_library_is_read_whole_though_a_worker_is_killed_midway(
    ray: Any,
    library: Path,
    slow_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (line,) = (
        line
        for _, block in fences((ROOT / "docs" / "cluster.md").read_text("utf-8"), "text")
        for line in block.splitlines()
        if line.startswith("beacon-qa read")
    )
    monkeypatch.chdir(library.parent)
    shelf = Shelf(tmp_path / "shared", shared=True)
    words = ["--model", str(slow_checkpoint), "--json", "--ratio", "8"]
    killer = Killer(shelf)
    killer.start()
    # Saved often, so that the book goes on where its worker was killed.
    shared = ["--save-every", "0.1", "--shelf", str(shelf.root)]
    code = main([*shlex.split(line)[1:], *words, *shared])
    killer.join()
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert killer.killed in BOOKS
    assert sorted(one["title"] for one in told) == list(BOOKS)
    assert all(one["read_now"] and one["state"] == "ready" for one in told)
    assert "picture.png” is a picture" in err
    assert "Of 5 files: 4 read, 1 skipped." in err
    assert list((shelf.root / "partial").iterdir()) == []

    alone = Shelf(tmp_path / "alone")
    assert main(["read", "books", *words, "--shelf", str(alone.root)]) == 0
    assert memories(alone) == memories(shelf)


def test_replicas_answer_from_one_shelf_and_keep_what_they_read(
    ray: Any, library: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "shared", shared=True)
    question: Any = {"role": "user", "content": "What was seen?"}
    with leasing(shelf) as path:
        job = replace(job_at(shelf, path, tiny_checkpoint), save_every=0.0)
        running = replicas(job, TWO, Limits(), host="127.0.0.1", port=0, keys=None)
        with running as url, OpenAI(base_url=url, api_key="none", max_retries=9) as client:
            assert len(pids("server")) == 2
            text = b"The mate saw a whale.\n\n" * 9
            file: Any = client.files.create(file=("mate.txt", text), purpose="user_data")
            until(lambda: client.files.retrieve(file.id).status == "processed")
            model = client.files.retrieve(file.id).beacon["model"]  # type: ignore[attr-defined]
            answers = {
                client.chat.completions.create(model=model, messages=[question], max_tokens=8)
                .choices[0]
                .message.content
                for _ in range(6)
            }
            assert len(answers) == 1
            whole = client.chat.completions.create(
                model=model, messages=[question], max_tokens=8, stream=True
            )
            assert "".join(c.choices[0].delta.content or "" for c in whole) in answers
            client.files.create(file=library / "ahab.txt", purpose="user_data")
            until(lambda: any(book.state == "reading" for book in shelf.books()))
            until(lambda: any((shelf.root / "partial").iterdir()))
            path.unlink()  # as when the command is over
    (long,) = [book for book in shelf.books() if book.title == "ahab"]
    assert long.state == "waiting" or long.tokens == long.total_tokens
    assert not pids("server")


def pids(name: str) -> list[int]:
    """The processes of this cluster's workers of a name."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any(word.startswith("ray::") and name in word for word in process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def job_at(shelf: Shelf, lease: Path, model: Path) -> Job:
    return Job(shelf=str(shelf.root), lease=str(lease), model=str(model), device="cpu", ratio=8)


def read(reader: BookReader, file: Path) -> Outcome:
    """What a worker tells of one file."""
    wanted = json.dumps(Wanted(file.name, str(file)).__dict__)
    row = reader({"wanted": wanted})
    assert not row["refusal"]
    return Outcome(**json.loads(row["outcome"]))


def test_a_text_that_was_stopped_midway_is_gone_on_with(library: Path, reader: Reader) -> None:
    wanted = Wanted("ahab", str(library / "ahab.txt"))
    looks = iter([False] * 9)
    assert read_text(by_windows(reader), wanted, lambda: next(looks, True)).kind == "stopped"
    (book,) = reader.shelf.books()
    assert (book.state, 0 < book.windows < book.total_windows) == ("waiting", True)
    assert read_text(reader, wanted, lambda: False).kind == "read"
    assert read_text(reader, wanted, lambda: False).kind == "known"


def test_a_worker_begins_nothing_once_its_lease_is_over(
    library: Path, shelf: Shelf, tiny_checkpoint: Path
) -> None:
    with leasing(shelf) as path:
        worker = BookReader(job_at(shelf, path, tiny_checkpoint), retries=0)
        assert read(worker, library / "ahab.txt").kind == "read"
    until(Lease(path).over)
    until(lambda: read(worker, library / "coffin.txt").kind == "stopped")
    assert read(worker, library / "deeper" / "dagoo.txt").kind == "stopped"
    assert "dagoo" not in [book.title for book in shelf.books()]
    lease = Lease(path)
    assert lease.over()
    with pytest.raises(ClusterError, match="storage that all machines share"):
        lease.check()


def test_a_text_that_ends_its_workers_is_given_up(
    library: Path, shelf: Shelf, tiny_checkpoint: Path
) -> None:
    with leasing(shelf) as path:
        worker = BookReader(job_at(shelf, path, tiny_checkpoint), retries=1)
        for _ in range(2):  # two workers began it, and are gone
            Lease(path).begun("ahab.txt")
        told = read(worker, library / "ahab.txt")
        assert told.kind == "failed"
        assert told.reason.startswith("ahab.txt was not read, though tried 2 times: its worker")
        assert read(worker, library / "coffin.txt").kind == "read"


def test_a_worker_before_another_folder_refuses_to_work(
    shelf: Shelf, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    with leasing(shelf) as path:
        elsewhere = tmp_path / "elsewhere" / "locks" / path.name
        row = BookReader(job_at(shelf, elsewhere, tiny_checkpoint), 0)({"wanted": '{"name": ""}'})
    assert "name a shelf on storage that all machines share" in row["refusal"]
    path.touch()  # the file alone, whose lock is not seen
    with pytest.raises(ClusterError, match="do not reach the machine"):
        Lease(path).check()


@pytest.mark.parametrize(
    ("nodes", "workers", "spread", "each"),
    [
        ([{"CPU": 2}], 2, False, Crew(2, 1, 0)),
        ([{"CPU": 16}], None, False, Crew(4, 4, 0)),
        ([{"CPU": 6}, {"CPU": 4}], 2, False, Crew(2, 4, 0)),
        ([{"CPU": 8, "GPU": 2}, {"CPU": 8, "GPU": 1}], None, False, Crew(3, 1, 1)),
        ([{"CPU": 8, "GPU": 2}, {"CPU": 8, "GPU": 1}], 2, False, Crew(2, 1, 1)),
        ([{"CPU": 8, "GPU": 4}, {"CPU": 8, "GPU": 4}], 2, True, Crew(2, 1, 4)),
    ],
)
def test_a_cluster_is_divided_among_a_fixed_number_of_workers(
    nodes: list[dict[str, float]], workers: int | None, spread: bool, each: Crew
) -> None:
    assert crew([{"Resources": node} for node in nodes], workers, spread=spread) == each


def test_more_workers_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(ClusterError, match="2 GPUs, and 3 workers were asked for"):
        crew([{"Resources": {"CPU": 9, "GPU": 2}}], 3)


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ClusterError, match=f"no Ray cluster at 127.0.0.1:{port}"):
        connected(f"127.0.0.1:{port}").__enter__()


def test_without_ray_a_sentence_says_what_to_install(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["read", str(library), "--engine", "ray", "--shelf", str(tmp_path / "shelf")]
    assert main(words) == 2
    assert "pip install 'beacon-qa[ray]'" in capsys.readouterr().err
