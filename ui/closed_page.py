"""Gradio's page, closed to addresses.

Knows one thing: where a program sends an address in place of a file, gradio would fetch it. Books
are handed in, not fetched.
"""

from __future__ import annotations

from typing import Any

import gradio as gr


class ClosedPage(gr.Blocks):
    """gr.Blocks that fetches nothing it is told the address of."""

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any
    ) -> Any:
        """Refuse addresses among the inputs of an event; the rest is treated as usual."""
        if _has_address(inputs):
            raise gr.Error(
                "Books are not fetched from addresses; save the file and hand it in.",
                title="Not possible",
                print_exception=False,
            )
        return await super().preprocess_data(block_fn, inputs, *more, **named)


def _has_address(value: Any) -> bool:
    """Whether a file in a value, as a browser sends it, is not a path on this machine."""
    if isinstance(value, dict):
        path = value.get("path")
        return (isinstance(path, str) and "://" in path) or any(map(_has_address, value.values()))
    return isinstance(value, list) and any(map(_has_address, value))
