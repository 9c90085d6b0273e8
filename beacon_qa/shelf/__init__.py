"""The library on disk: books, conversations, their files, and a book carried elsewhere."""

from beacon_qa.shelf.shelf import Shelf, default_folder

__all__ = ["Shelf", "default_folder"]
