"""The settings' tables as HTML: the model, what reading costs, what the machine can run.

Knows markup and escaping, and the words for numbers; measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from beacon_qa.engine import Engine
from beacon_qa.machine import Machine
from beacon_qa.machine.estimates import REACHED, Estimate
from ui.amounts import roughly, size


def model_html(engine: Engine) -> str:
    """The model in use."""
    model, beacon = engine.model, engine.model.beacon
    parameters = sum(parameter.numel() for parameter in model.parameters())
    ratios = ", ".join(str(ratio) for ratio in sorted(beacon.ratios) if ratio)
    facts = {
        "Name": engine.name,
        "Parameters": f"{parameters / 1e6:,.1f} million",
        "Window": f"{beacon.window:,} tokens",
        "Positions": f"{beacon.positions:,}",
        "Ratios": ratios,
        "Runs on": str(model.device),
        "Memory a kept token": size(model.bytes_per_key),
    }
    return (
        f'{_facts(facts)}<p class="quiet">Another model is named when the page is started: '
        "<code>python app.py --model ID --bits 4</code>.</p>"
    )


def costs_html(costs: Sequence[Estimate], room: int | None, chosen: object) -> str:
    """What a book costs at each ratio; `room` bytes are left on the shelf, None without limit."""
    rows = []
    for cost in costs:
        fits = "fits" if cost.fits else "too long for the model"
        if cost.fits and room is not None and cost.memory > room:
            fits = "no room on the shelf"
        mark = ' class="chosen"' if cost.ratio == chosen else ""
        cells = [str(cost.ratio), size(cost.memory), f"about {roughly(cost.seconds)}", fits]
        rows.append(f"<tr{mark}>{_cells(cells)}</tr>")
    return _table(("Ratio", "Memory and disk", "Time to read", "Here"), rows)


def machine_html(machine: Machine, models: Sequence[Estimate], pages: int) -> str:
    """What the doctor finds: the machine, and the larger models it could run."""
    quantized = "yes" if machine.quantization else "no: install bitsandbytes"
    facts = {
        "Device": f"{machine.device}, {machine.name}",
        "Cores": str(machine.cores),
        "Memory": f"{size(machine.memory)}, {size(machine.free_memory)} free",
        "Disk": f"{size(machine.free_disk)} free",
        "4 and 8 bits": quantized,
        "Speed": f"{machine.operations / 1e9:,.0f} GFLOP/s in matrix products, measured",
    }
    rows = []
    for model in models:
        cells = [model.model, str(model.bits), size(model.weights)]
        if model.ratio is None:
            cells += ["", "", "", "too long for this model"]
        else:
            verdict = "fits" if model.fits else "does not fit"
            cells += [str(model.ratio), size(model.memory), roughly(model.seconds), verdict]
        rows.append(f"<tr>{_cells(cells)}</tr>")
    table = _table(("Model", "Bits", "Weights", "Ratio", "Memory", "Time", "Here"), rows)
    return (
        f'{_facts(facts)}<p class="quiet">With a book of {pages:,} pages. Times of these models '
        f"are estimates: {REACHED:.0%} of the measured speed of matrix products.</p>{table}"
    )


def _facts(facts: dict[str, str]) -> str:
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return (
        f'<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead><tr>{head}'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cells(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest)
