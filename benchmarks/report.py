"""The figures of a run as Markdown, JSON and plots.

Knows what was measured; knows nothing of how.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.plot import draw_curve

FLOOR_AIM = 0.60
WATCH_AIM = 1.10
DECODE_AIM = 1.15
REOPEN_AIM = 100
TOGETHER_AIM = 4

_HOW = """
Each figure is the median of the rounds named in report.json. On a CPU every reading is a fresh
process; readings that are compared take turns. The plain model is the same weights with full
attention in one pass. Peak memory is what was taken beyond the loaded model, keys and values
included. A length marked ~ is the sum of windows timed at three depths of a memory made in place;
where a length was also read whole, both stand. The floor is the bare matrix products of a reading:
at the speed of one large product (large), and at the shapes that a reading has (own).
"""


_COLUMNS = (
    "tokens",
    "s",
    "tokens/s",
    "plain s",
    "times faster",
    "by operations",
    "of own floor",
    "of large floor",
    "growth",
    "peak MB",
    "plain peak MB",
)


def write_report(folder: Path, about: Mapping[str, Any], shapes: Mapping[str, Any]) -> Path:
    """Write report.json, report.md and the plots into `folder`; returns report.md's path."""
    folder.mkdir(parents=True, exist_ok=True)
    written = json.dumps({"about": dict(about), "shapes": dict(shapes)}, indent=1)
    (folder / "report.json").write_text(written + "\n", encoding="utf-8")
    parts = ["# Speed and memory\n", f"Condensing ratio {about['ratio']}.", _HOW]
    for name, found in shapes.items():
        draw_curve(folder / f"{name}.png", name, about["ratio"], found)
        parts += _shape(name, found)
    (folder / "report.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    return folder / "report.md"


def best_seconds(row: Mapping[str, Any]) -> float | None:
    """Seconds of a reading: of the whole one where there is one, else of the sampled one."""
    found = row.get("whole") or row.get("sampled")
    return None if found is None else float(found["seconds"])


def _shape(name: str, found: Mapping[str, Any]) -> list[str]:
    return [
        f"## {name}\n",
        _about(found["about"]),
        f"\n{found['reason']}\n",
        *_reading_table(found["readings"]),
        f"\n![Time to read against length]({name}.png)\n",
        *_steep_table(found["steep"]),
        *_bytes_table(found["bytes_per_token"]),
        *_answering(found),
        *(f"- did not run: {line}" for line in found["failed"]),
        "",
    ]


def _about(about: Mapping[str, Any]) -> str:
    if not about:
        return ""
    machine, sizes = about["machine"], about["sizes"]
    return (
        f"{about['parameters'] / 1e6:.1f} M parameters ({about['beacon_parameters'] / 1e6:.1f} M "
        f"of them beacons'), {sizes['layers']} layers, hidden size {sizes['hidden']}, window "
        f"{about['window']}, {about['dtype']}; {machine['device']}, {machine['cores']} cores, "
        f"{machine['threads']} threads, {machine['instructions']}, torch {machine['torch']}, "
        f"transformers {machine['transformers']}."
    )


def _reading_table(rows: list[Mapping[str, Any]]) -> list[str]:
    lines = [
        _row(*_COLUMNS),
        _rule(len(_COLUMNS)),
    ]
    before: tuple[int, float] | None = None
    for row in rows:
        for way in ("whole", "sampled"):
            if row[way]:
                lines.append(_reading(row, way, before))
        if (seconds := best_seconds(row)) is not None:
            before = row["tokens"], seconds
    lines.append(
        f"\nOf floor: the fraction of it reached; the aim is {FLOOR_AIM:.0%}. By operations: times "
        "faster, if operations were all. Growth: the exponent between a length and the one above "
        "it in the table; 1 is linear, 2 quadratic."
    )
    return lines


def _reading(row: Mapping[str, Any], way: str, before: tuple[int, float] | None) -> str:
    found, plain, tokens = row[way], row["plain"], row["tokens"]
    seconds = found["seconds"]
    return _row(
        ("~" if way == "sampled" else "") + f"{tokens:,}",
        _short(seconds),
        f"{tokens / seconds:,.0f}",
        _short(plain["seconds"]) if plain else "",
        f"{plain['seconds'] / seconds:.2f}" if plain else "",
        f"{row['expected_speedup']:.2f}" if "expected_speedup" in row else "",
        f"{found['floor_own'] / seconds:.0%}",
        f"{found['floor_large'] / seconds:.0%}",
        f"{math.log(seconds / before[1]) / math.log(tokens / before[0]):.2f}" if before else "",
        _megabytes(found.get("peak_bytes")),
        _megabytes(plain["peak_bytes"]) if plain else "",
    )


def _steep_table(rows: list[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"- at ratio {row['ratio']}: ~{row['tokens']:,} tokens in "
        f"{_short(row['sampled']['seconds'])} s, "
        f"{row['tokens'] / row['sampled']['seconds']:,.0f} tokens/s"
        for row in rows
    ]
    return [*lines, ""]


def _bytes_table(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return []
    ratios = found["by_ratio"]
    told = [f"{count:,.0f}" for count in ratios.values()]
    return [
        _row("ratio", "none", *ratios),
        _rule(len(ratios) + 2),
        _row("bytes per token of text", f"{found['plain']:,}", *told),
        "",
    ]


def _answering(found: Mapping[str, Any]) -> list[str]:
    lines = []
    if decoding := found["decoding"]:
        lines.append(
            f"- answering over {decoding['kept']:,} keys: {decoding['loop_ms']:.1f} ms a token, "
            f"{decoding['decode_ms']:.1f} through `decode`, {decoding['plain_ms']:.1f} plain with "
            f"as many keys: {decoding['loop_ratio']:.2f} and {decoding['decode_ratio']:.2f} times "
            f"(at most {DECODE_AIM}); the first token after a fork {decoding['first_ms']:.1f} ms"
        )
    if together := found.get("together"):
        lines.append(_together(together))
    if looking := found.get("looking"):
        lines.append(_looking(looking))
    if reopening := found["reopening"]:
        lines.append(
            f"- opening {reopening['file_bytes'] / 1e6:,.0f} MB from disk (cached): "
            f"{1000 * reopening['open_seconds']:.1f} ms, to the first token "
            f"{1000 * reopening['first_token_seconds']:.0f} ms" + _times_faster(found)
        )
    return lines


def _together(found: Mapping[str, Any]) -> str:
    count, floor = found["questions"], max(found["bytes_ms"], found["products_ms"])
    alone, at_once = (found["answered"] / found[f"{way}_seconds"] for way in ("alone", "together"))
    return (
        f"- {count} questions at once over {found['kept']:,} keys: {at_once:,.0f} tokens/s, one "
        f"after another {alone:,.0f}: {found['speedup']:.2f} times (at least {TOGETHER_AIM}), "
        f"{found['equal']} of {count} answers equal; a step for all {found['step_ms']:.1f} ms, a "
        f"token alone {found['token_ms']:.1f}; floor of a step {floor:.1f} ms "
        f"({found['bytes_ms']:.1f} to read {found['bytes'] / 1e6:,.0f} MB once, "
        f"{found['products_ms']:.1f} for its products), of which {floor / found['step_ms']:.0%}"
    )


def _looking(found: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{found[f'{part}_ms']:.0f}" for part in ("find", "check", "again"))
    watched, looking = (found[f"{way}_bytes"] / found["memory_bytes"] for way in _LOOKS)
    return (
        f"- counting attention while {found['answer']} tokens are told over {found['kept']:,} "
        f"keys: {found['watched_ratio']:.2f} times a plain answer of {found['plain_ms']:.0f} ms "
        f"(at most {WATCH_AIM}), {watched:.1%} of the memory's bytes; looking back: "
        f"{found['looking_ratio']:.2f} times ({parts} ms to find, to check, and to read again "
        f"and tell), {looking:.1%} of its bytes"
    )


_LOOKS = ("watched", "looking")


def _times_faster(found: Mapping[str, Any]) -> str:
    row = found["readings"][-1] if found["readings"] else {}
    seconds = best_seconds(row)
    if seconds is None:
        return ""
    opened = found["reopening"]
    return (
        f"; reading {row['tokens']:,} tokens takes {seconds / opened['open_seconds']:,.0f} and "
        f"{seconds / opened['first_token_seconds']:,.0f} times as long (at least {REOPEN_AIM})"
    )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _rule(columns: int) -> str:
    return _row(*["---"] * columns)


def _short(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:,.0f}"


def _megabytes(count: float | None) -> str:
    return "" if count is None else f"{count / 1e6:,.0f}"
