"""Where an answer rests, and reading those passages again."""

from beacon_qa.evidence.evidence import Curve, Evidence, Ground, Passage

__all__ = ["Curve", "Evidence", "Ground", "Passage"]
