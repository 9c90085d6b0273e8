"""Files become documents: text with pages, chapters, and a way back to the place in the file.

Knows formats; knows nothing of models, and never imports torch.
"""

from beacon_qa.documents.document import Document, Place, Span
from beacon_qa.documents.isolate import open_bytes, open_document
from beacon_qa.documents.offsets import OffsetMap
from beacon_qa.documents.raw import Limits

__all__ = ["Document", "Limits", "OffsetMap", "Place", "Span", "open_bytes", "open_document"]
