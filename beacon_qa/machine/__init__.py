"""What this machine can do, and what reading costs on it."""

from beacon_qa.machine.machine import Machine, look_around, window_seconds

__all__ = ["Machine", "look_around", "window_seconds"]
