"""The method: condense a text into the keys and values of beacons, and go on from them.

Knows tensors and token ids; knows nothing of text, files or chat.
"""

from beacon_qa.beacon.checkpoint import load_model, load_tokenizer
from beacon_qa.beacon.config import BeaconConfig
from beacon_qa.beacon.memory import Memory, ModelIdentity
from beacon_qa.beacon.windows import choose_ratio

__all__ = [
    "BeaconConfig",
    "Memory",
    "ModelIdentity",
    "choose_ratio",
    "load_model",
    "load_tokenizer",
]
