"""Reading in the background: what was handed in, who waits, and the work."""

from beacon_qa.desk.desk import Desk

__all__ = ["Desk"]
