"""Writes what was measured into docs/performance.md, between the marks `<!-- NAME -->` and `<!-- end -->`, and draws
docs/performance.svg. What was not measured this time stays as it is."""

import json
import re
from pathlib import Path

from servers import HERE, WORK

DOCS = HERE.parent / "docs"


def latest(what, **setting):
    """The last record of each server in this setting, in the order of the first one."""
    found = {}
    path = WORK / "results.jsonl"
    for line in path.read_text().splitlines() if path.exists() else []:
        record = json.loads(line)
        if record["what"] == what and all(record.get(name) == value for name, value in setting.items()):
            found[record["name"]] = record
    return found


def duel(**setting):
    usual = {"size": 600, "connections": 64, "streams": 1, "calls": 1, "http2": False, "table": "servers"}
    return latest("duel", **(usual | setting))


def ratio(record):
    return f"{record['ratio']:.2f}" if record else ""


def main_table():
    servers = duel()
    if not servers:
        return None
    counts = {"Instructions": latest("instructions", size=600, calls=1), "Allocations": latest("allocations")}
    counts = {title: counted for title, counted in counts.items() if counted}
    titles = ["Server", "Requests per second ÷ bare floor (95 % interval)", "Processor time ÷", "µs of processor time"]
    titles += ["p50, p99 µs", "p99 ÷", *counts]
    lines = ["| " + " | ".join(titles) + " |", "| --- " * len(titles) + "|"]
    for name, it in servers.items():
        cells = [f"`{name}`", f"{it['ratio']:.3f} ({it['low']:.3f} to {it['high']:.3f})", f"{it['cpu_ratio']:.2f}"]
        cells += [f"{it['cpu_us']:.1f}", f"{it['p50_us']}, {it['p99_us']}", f"{it['p99_ratio']:.2f}"]
        cells += [str(counted.get(name, {}).get("count", "")) for counted in counts.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def across(name, values, label):
    # Long bodies are measured over fewer connections.
    fewer = lambda value: {"connections": 16} if name == "size" and value > 600 else {}
    rows = {value: duel(**{name: value} | fewer(value)) for value in values}
    rows = {value: row for value, row in rows.items() if row}
    if not rows:
        return None
    servers = [it for it in ("floor", "framework", "axum", "actix-web") if any(it in row for row in rows.values())]
    lines = [f"| {label} | " + " | ".join(f"`{it}`" for it in servers) + " |", "| --- " * (len(servers) + 1) + "|"]
    for value, row in rows.items():
        lines.append(f"| {value:,} | " + " | ".join(ratio(row.get(it)) for it in servers) + " |")
    return lines


SHAPES = ((64, 1), (8, 8), (1, 64))


def http2_table():
    rows = {shape: duel(http2=True, connections=shape[0], streams=shape[1]) for shape in SHAPES}
    rows = {shape: row for shape, row in rows.items() if row}
    if not rows:
        return None
    servers = [it for it in ("floor", "framework", "axum", "actix-web") if any(it in row for row in rows.values())]
    lines = [
        "| Connections, requests in flight on each | " + " | ".join(f"`{it}`" for it in servers) + " |",
        "| --- " * (len(servers) + 1) + "|",
    ]
    for (connections, streams), row in rows.items():
        cells = [f"{it['ratio']:.2f}, {it['cpu_ratio']:.2f}" for it in map(row.get, servers)]
        lines.append(f"| {connections}, {streams} | " + " | ".join(cells) + " |")
    return lines


def side_by_side(table, digits):
    servers = duel(table=table)
    if not servers:
        return None
    lines = [
        "| Server | Requests per second ÷ bare floor (95 % interval) | Processor time ÷ | µs of processor time | p50, p99 µs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, it in servers.items():
        lines.append(
            f"| `{name}` | {it['ratio']:.3f} ({it['low']:.3f} to {it['high']:.3f}) | {it['cpu_ratio']:.{digits}f} | {it['cpu_us']:.1f} "
            f"| {it['p50_us']:,}, {it['p99_us']:,} |"
        )
    return lines


def soak_table():
    servers = latest("soak")
    if not servers:
        return None
    lines = [
        "| Server | Minutes | Tool calls, notifications, refused, left in the middle, failed | MB resident: start, half-time, end, most | KB more per minute, second half | Grows | MB on disk |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, it in servers.items():
        counts = ", ".join(f"{it[count]:,}" for count in ("tool_calls", "notifications", "refused", "left", "failed"))
        sizes = ", ".join(f"{it[size] / 2**20:.1f}" for size in ("start", "half", "end", "most"))
        lines.append(
            f"| `{name}` | {it['seconds'] // 60} | {counts} | {sizes} | {it['per_minute'] / 1024:.0f} "
            f"| {'yes' if it['grows'] else 'no'} | {it['on_disk'] / 2**20:.0f} |"
        )
    return lines


def peak_table():
    records = {bodies: latest("peak", bodies=bodies) for bodies in (16, 64, 256)}
    lines = [
        "| Server | Bodies at once | Answered, refused with 503, lost | MB resident before, at most | MB more | MB that the limits allow |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("floor", "framework"):
        for bodies, servers in records.items():
            if it := servers.get(name):
                allowed = f"{it['allowed'] / 2**20:.0f}" if name == "framework" else "no limit"
                lines.append(
                    f"| `{name}` | {bodies} | {it['answered']}, {it['refused']}, {it['lost']} | {it['before'] / 2**20:.1f}, "
                    f"{it['most'] / 2**20:.1f} | {(it['most'] - it['before']) / 2**20:.1f} | {allowed} |"
                )
    return lines if len(lines) > 2 else None


def flooded_table():
    floods = [it for it in latest("flooded").values() if it["server"] == "framework"]
    if not floods:
        return None
    lines = ["| Flood | Bytes of heads and connections a second | Median quiet, beside it (µs) | p99 quiet, beside it (µs) | p99 ÷ (least to most) |", "| --- | --- | --- | --- | --- |"]
    for it in floods:
        lines.append(
            f"| {it['flood']} | {it['per_second']:,} | {it['quiet_p50_us']:.0f}, {it['beside_p50_us']:.0f} | {it['quiet_p99_us']:.0f}, {it['beside_p99_us']:.0f} "
            f"| {it['ratio']:.2f} ({it['low']:.2f} to {it['high']:.2f}) |"
        )
    return lines


def idle_table():
    servers = latest("idle")
    if not servers:
        return None
    lines = ["| Server | KB per idle connection | MB resident before |", "| --- | --- | --- |"]
    for name, it in servers.items():
        lines.append(f"| `{name}` | {it['bytes'] / 1024:.1f} | {it['base'] / 2**20:.1f} |")
    return lines


def building_table():
    """Of each kind with one tool, and what each further one of a hundred adds."""
    records = {}
    for path in sorted(WORK.glob("compile-*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            records[record["kind"], record["tools"]] = record
    names = {"ours": "hms-webhook", "by-hand": "axum by hand", "with-schema": "axum by hand, with a schema", "rmcp": "rmcp"}
    lines = [
        "| | One tool: check, debug, release (s) | Each further one: check, debug, release (ms) | Edit of one tool among 1, 100, 500 (s) | Program, one tool (KB) | Each further one (KB) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind, name in names.items():
        one, many = records.get((kind, 1)), records.get((kind, 100))
        if not one or not many:
            continue
        each = [f"{(many[it] - one[it]) / 99 * 1000:.0f}" for it in ("check", "debug", "release")]
        edits = [f"{records[kind, count]['edit']}" for count in (1, 100, 500) if (kind, count) in records]
        lines.append(
            f"| {name} | {one['check']}, {one['debug']}, {one['release']} | {', '.join(each)} | {', '.join(edits)} "
            f"| {one['bytes'] // 1024:,} | {(many['bytes'] - one['bytes']) / 99 / 1024:.1f} |"
        )
    return lines if len(lines) > 2 else None


def features_table():
    path = WORK / "features.jsonl"
    if not path.exists():
        return None
    lines = ["| | Crates | Debug, release (s) | Program (KB) |", "| --- | --- | --- | --- |"]
    for it in map(json.loads, path.read_text().splitlines()):
        lines.append(f"| {it['name']} | {it['crates']} | {it['debug']:.0f}, {it['release']:.0f} | {it['bytes'] // 1024:,} |")
    return lines


def draw():
    """Bars: requests per second as a part of the bare floor's."""
    servers = {name: it["ratio"] for name, it in duel().items()}
    if not servers:
        return
    bar, gap, left, width = 22, 8, 190, 420
    height = len(servers) * (bar + gap) + 50
    most = max(servers.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{left + width + 70}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="18">requests per second ÷ bare floor, one core, 64 connections, 600 B</text>',
    ]
    for index, (name, value) in enumerate(servers.items()):
        top = 32 + index * (bar + gap)
        colour = "#c2410c" if name.startswith("framework") else "#64748b"
        parts += [
            f'<text x="{left - 8}" y="{top + 16}" text-anchor="end">{name}</text>',
            f'<rect x="{left}" y="{top}" width="{value / most * width:.0f}" height="{bar}" fill="{colour}"/>',
            f'<text x="{left + value / most * width + 6:.0f}" y="{top + 16}">{value:.2f}</text>',
        ]
    one = left + width / most
    parts += [f'<line x1="{one:.0f}" y1="26" x2="{one:.0f}" y2="{height - 14}" stroke="#111" stroke-dasharray="4 3"/>', "</svg>"]
    (DOCS / "performance.svg").write_text("\n".join(parts) + "\n")


def main():
    page = DOCS / "performance.md"
    text = page.read_text()
    tables = {
        "servers": main_table(),
        "sizes": across("size", (600, 6000, 60000, 1000000), "Bytes of the body"),
        "calls": across("calls", (1, 4, 16), "Tool calls in a request"),
        "connections": across("connections", (1, 64, 1000), "Connections"),
        "http2": http2_table(),
        "others": side_by_side("others", 1),
        "guided": side_by_side("guided", 2),
        "soak": soak_table(),
        "peak": peak_table(),
        "flooded": flooded_table(),
        "idle": idle_table(),
        "building": building_table(),
        "features": features_table(),
    }
    for name, lines in tables.items():
        if lines:
            new = f"<!-- {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"
            text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _: new, text, flags=re.S)
    page.write_text(text)
    draw()


if __name__ == "__main__":
    main()
