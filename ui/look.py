"""The looks: our colours, gradio's theme in them, and the fonts of the reader's own system.

Knows names of colours and sizes; fetches nothing, so that the page looks the same offline.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

FAVICON = Path(__file__).with_name("favicon.svg")
"""The picture of the page's tab."""

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

_PALETTE = {
    "paper": ("#f7f6f2", "#141817"),
    "card": ("#ffffff", "#1c2120"),
    "card-quiet": ("#fbfaf7", "#191e1d"),
    "ink": ("#1d2422", "#e8ebe9"),
    "ink-soft": ("#5b6663", "#a3aeab"),
    "line": ("#e2dfd6", "#2f3735"),
    "accent": ("#0b6e66", "#5cc8ba"),
    "accent-ink": ("#ffffff", "#06201d"),
    "accent-strong": ("#085851", "#7bd8cc"),
    "accent-wash": ("#e3f1ee", "#1a322f"),
    "good": ("#2c6e3f", "#7ccb92"),
    "warn": ("#8a5a00", "#e4b45c"),
    "warn-wash": ("#fdf3dd", "#332a17"),
    "bad": ("#a3312a", "#f0958d"),
    "bad-wash": ("#fbeae7", "#3a2220"),
    "mark": ("#ffe9a3", "#6b571b"),
    "focus": ("#0b6e66", "#8fe3d7"),
}
"""Our colours, each by day and by night; style files take them as `var(--paper)`."""

_COLOURS = {
    "body_background_fill": "paper",
    "body_text_color": "ink",
    "body_text_color_subdued": "ink-soft",
    "background_fill_primary": "paper",
    "background_fill_secondary": "card-quiet",
    "block_background_fill": "card",
    "block_border_color": "line",
    "block_label_background_fill": "card",
    "block_label_text_color": "ink-soft",
    "block_title_text_color": "ink",
    "block_info_text_color": "ink-soft",
    "panel_background_fill": "card",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "color_accent": "accent",
    "color_accent_soft": "accent-wash",
    "link_text_color": "accent",
    "link_text_color_hover": "accent",
    "link_text_color_visited": "accent",
    "input_background_fill": "card",
    "input_background_fill_focus": "card",
    "input_border_color": "line",
    "input_border_color_focus": "accent",
    "input_placeholder_color": "ink-soft",
    "button_primary_background_fill": "accent",
    "button_primary_border_color": "accent",
    "button_primary_background_fill_hover": "accent-strong",
    "button_primary_text_color": "accent-ink",
    "button_secondary_background_fill": "card",
    "button_secondary_background_fill_hover": "accent-wash",
    "button_secondary_border_color": "line",
    "button_secondary_border_color_hover": "accent",
    "button_secondary_text_color": "ink",
    "button_cancel_background_fill": "bad",
    "button_cancel_background_fill_hover": "bad",
    "button_cancel_border_color_hover": "ink",
    "button_cancel_text_color": "card",
    "button_cancel_text_color_hover": "card",
    "slider_color": "accent",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "card",
    "checkbox_label_background_fill_selected": "accent-wash",
    "checkbox_label_text_color_selected": "ink",
    "table_even_background_fill": "card",
    "table_odd_background_fill": "card-quiet",
}
"""Gradio's names of colours, and ours."""


def css_files() -> list[str]:
    """All style files of this package, the shared one first."""
    files = sorted(Path(__file__).parent.glob("*.css"), key=lambda f: (f.name != "style.css", f))
    return [str(file) for file in files]


def palette_css() -> str:
    """Our colours as CSS variables."""
    day, night = (
        "".join(f"--{name}: {pair[which]};" for name, pair in _PALETTE.items()) for which in (0, 1)
    )
    return f":root {{{day}}} .dark {{{night}}}"


def theme() -> gr.themes.Base:
    """The theme of the page."""
    base = gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        font=_SANS,
        font_mono=_MONO,
        radius_size="md",
        spacing_size="md",
        text_size="md",
    )
    colours = {}
    for name, ours in _COLOURS.items():
        day, night = _PALETTE[ours]
        # With the value: where a user logs in, gradio knows the theme but no style files.
        colours[name] = f"var(--{ours}, {day})"
        if hasattr(base, f"{name}_dark"):
            colours[f"{name}_dark"] = f"var(--{ours}, {night})"
    return base.set(
        **colours,
        block_border_width="1px",
        block_radius="10px",
        block_label_text_weight="500",
        block_title_text_weight="500",
        block_shadow="none",
        button_border_width="1px",
        button_large_text_weight="500",
        button_large_text_size="*text_md",
        button_large_padding="8px 14px",
        button_large_radius="8px",
        input_border_width="1px",
        input_shadow="none",
        layout_gap="14px",
    )
