"""What all workers of one job share: which model, which shelf, how to read.

A value that is sent to other machines: paths in it are the same on all of them. Knows how a worker
gets its reader from it; knows nothing of Ray.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beacon_qa.cluster.lease import Lease
from beacon_qa.evidence.looking import LookBack
from beacon_qa.ratios import Ratio
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf


@dataclass(frozen=True)
class Job:
    """A model to load, a shelf to work on, and the lease that says until when."""

    shelf: str
    lease: str
    model: str | None = None
    bits: int | None = None
    device: str | None = None
    ratio: Ratio = "auto"
    quota: int | None = None
    save_every: float = 30.0
    look_back: LookBack = "auto"
    password: str | None = field(default=None, repr=False)

    def begin(self) -> tuple[Reader, Lease]:
        """The reader of a worker, and its lease; raises ClusterError, ModelError, ShelfError."""
        lease = Lease(Path(self.lease))
        lease.check()  # before a shelf is made where none was meant to be
        reader = Reader.load(
            self.model,
            bits=self.bits,
            device=self.device,
            ratio=self.ratio,
            shelf=Shelf(Path(self.shelf), quota=self.quota, shared=True),
            save_every=self.save_every,
            look_back=self.look_back,
        )
        return reader, lease
