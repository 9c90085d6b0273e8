"""What the settings panel does: keep what is set, and say what reading would cost.

Knows the panel and the estimates. The machine is measured once, when somebody looks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import Any

import gradio as gr

from beacon_qa.machine import Machine, look_around
from beacon_qa.machine.costs import TOKENS_A_PAGE, kept_keys
from beacon_qa.machine.estimates import KNOWN_MODELS, Estimate, estimate, measured, shape_of
from ui.lane import QUICK, politely
from ui.library import Library
from ui.settings import is_look_back
from ui.settings_html import costs_html, machine_html
from ui.settings_panel import SettingsPanel
from ui.states import SETTINGS, States

_PROBE = 0.5
"""Seconds for which reading is tried out."""


class Setting:
    """The panel's handlers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._one = Lock()

    def keep(self, length: Any, temperature: Any, ratio: Any, look_back: Any) -> tuple[Any, Any]:
        """(settings, browser): what the controls say."""
        chosen = dict(zip(SETTINGS, (length, temperature, ratio, look_back), strict=True))
        return chosen, chosen

    def restore(self, browser: Any) -> tuple[Any, ...]:
        """(settings, length, temperature, ratio, look back): what this browser was left with."""
        known = browser if isinstance(browser, dict) else {}
        chosen = {name: known.get(name, value) for name, value in SETTINGS.items()}
        right: dict[str, Callable[[Any], bool]] = {
            "ratio": ["auto", *self.library.engine.model.beacon.ratios].__contains__,
            "look_back": is_look_back,
        }
        for name, value in SETTINGS.items():
            chosen[name] = chosen[name] if right.get(name, _number)(chosen[name]) else value
        return chosen, *chosen.values()

    def cost(self, pages: Any, ratio: Any, request: gr.Request) -> str:
        """What a book of so many pages costs at each ratio."""
        count = min(max(int(pages), 1), 100_000)
        shelf = self.library.reader(request).shelf
        room = None if shelf.quota is None else shelf.quota - shelf.size()
        return costs_html(self._costs(count * TOKENS_A_PAGE), room, ratio)

    def machine(self, pages: Any) -> str:
        """What the machine is, and what it could run."""
        count = min(max(int(pages), 1), 100_000)
        with self._one:
            machine = self._machine
        models = [
            estimate(machine, name, shape, bits, count * TOKENS_A_PAGE)
            for name, shape in KNOWN_MODELS.items()
            for bits in (16, 8, 4)
        ]
        return machine_html(machine, models, count)

    def _costs(self, tokens: int) -> list[Estimate]:
        model = self.library.engine.model
        with self._one:
            rate = self._rate
        shape, costs = shape_of(model), []
        for ratio in sorted(r for r in model.beacon.ratios if r and shape.window % r == 0):
            keys = kept_keys(tokens, (ratio,), shape.window)
            cost = dataclasses.replace(
                self._tried,
                ratio=ratio,
                memory=keys * model.bytes_per_key,
                seconds=shape.read_operations(tokens, ratio) / rate,
                fits=keys <= shape.positions,
            )
            costs.append(cost)
        return costs

    @cached_property
    def _machine(self) -> Machine:
        return look_around(self.library.root)

    @cached_property
    def _tried(self) -> Estimate:
        model = self.library.engine.model
        tokens = min(shape_of(model).positions, 100 * TOKENS_A_PAGE)
        return measured(model, self.library.engine.name, tokens, probe=_PROBE)

    @cached_property
    def _rate(self) -> float:
        """Operations a second that reading reached when it was tried."""
        shape = shape_of(self.library.engine.model)
        tokens = min(shape.positions, 100 * TOKENS_A_PAGE)
        operations = shape.read_operations(tokens, self._tried.ratio or 1)
        return operations / max(self._tried.seconds, 1e-9)


def wire(
    library: Library, states: States, panel: SettingsPanel, tab: gr.Tab, page: gr.Blocks
) -> None:
    """Connect the panel's events; `tab` is the one the panel is in."""
    setting = Setting(library)
    controls = [panel.length, panel.temperature, panel.ratio, panel.look_back]
    looks: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    page.load(
        politely(setting.restore), states.kept_settings, [states.settings, *controls], **looks
    )
    gr.on(
        [panel.length.input, panel.temperature.input, panel.ratio.input, panel.look_back.input],
        politely(setting.keep),
        controls,
        [states.settings, states.kept_settings],
        # A moving slider tells many values; the last one must count.
        trigger_mode="always_last",
        **looks,
    )
    asked = [panel.pages, panel.ratio]
    gr.on(
        [tab.select, panel.pages.release, panel.ratio.input],
        politely(setting.cost),
        asked,
        panel.costs,
        trigger_mode="always_last",
        **{**QUICK, "show_progress": "minimal"},
    )
    gr.on(
        [tab.select, panel.pages.release],
        politely(setting.machine),
        panel.pages,
        panel.machine,
        **{**QUICK, "show_progress": "minimal"},
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
