"""Quotations and numbers of an answer, checked letter by letter in the stored text."""

from beacon_qa.quotes.quotes import Quote, check_quotes

__all__ = ["Quote", "check_quotes"]
