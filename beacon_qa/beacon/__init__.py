"""The method: condense a text into the keys and values of beacons, and go on from them.

Knows tensors and token ids; knows nothing of text, files or chat.
"""

from beacon_qa.beacon.checkpoint import load_model
from beacon_qa.beacon.choosing import Sampling
from beacon_qa.beacon.condense import Progress, condense
from beacon_qa.beacon.config import BeaconConfig
from beacon_qa.beacon.generate import decode
from beacon_qa.beacon.identity import ModelIdentity
from beacon_qa.beacon.memory import Memory
from beacon_qa.beacon.memory_file import open_memory, read_header, save_memory
from beacon_qa.beacon.tokenizer import load_tokenizer
from beacon_qa.beacon.windows import choose_ratio

__all__ = [
    "BeaconConfig",
    "Memory",
    "ModelIdentity",
    "Progress",
    "Sampling",
    "choose_ratio",
    "condense",
    "decode",
    "load_model",
    "load_tokenizer",
    "open_memory",
    "read_header",
    "save_memory",
]
