"""What is made of the figures: a table for people, JSON, an SVG chart."""

import json

# Who stands for us in a contest: the first contender.
def table(contests):
    """The table as Markdown: per contest each contender's median, range, and ratio to ours."""
    lines = []
    for contest, rows in contests:
        unit = contest.unit
        lines += ["", f"### {contest.id}: {contest.title}", "", f"Load before: {contest.load:.1f}.", ""]
        extra = [key for key in HEADS if any(key in row for row in rows.values()) and key != contest.measure]
        heads = ["contender", f"median {unit}", "least – most", "÷ ours", *(HEADS[key] for key in extra)]
        lines += ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
        ours = next(iter(rows.values()))
        most = max(len(row.get("turns", [])) for row in rows.values())
        for name, row in rows.items():
            if "value" not in row:
                lines.append(f"| {name} | {'; '.join(row['failed'])} |" + " |" * (len(heads) - 2))
                continue
            ratio = f"{row['value'] / ours['value']:.2f}" if "value" in ours and ours["value"] else ""
            cells = [name, figure(row["value"]), f"{figure(row['least'])} – {figure(row['most'])}", ratio]
            cells += [figure(row[key]) if key in row else "" for key in extra]
            if len(row["turns"]) < most:
                cells[0] += f" ({len(row['turns'])} turns, {len(row['failed'])} failed)"
            lines.append("| " + " | ".join(cells) + " |")
        for name, row in rows.items():
            if "per_second" in row:
                lines += ["", f"{name}: {row['per_second']:.0f} results a second."]
    return "\n".join(lines[1:]) + "\n"


HEADS = {"cold": "the rest, s", "cpu": "CPU s", "own_cpu": "without ssh, s", "mb": "largest process, MB"}


def figure(value):
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def as_json(machine, contests):
    told = [
        {
            "id": contest.id,
            "title": contest.title,
            "measure": contest.measure,
            "unit": contest.unit,
            "load": contest.load,
            "contenders": rows,
        }
        for contest, rows in contests
    ]
    return json.dumps({"machine": machine, "contests": told}, indent=1, ensure_ascii=False) + "\n"


def chart(contests, path):
    """Draws the contests that have peers: bars of medians on a logarithmic scale, ours on top."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.fonttype"] = "none"
    drawn = []
    for contest, rows in contests:
        rows = {name: row for name, row in rows.items() if "value" in row}
        if len(rows) > 1:
            drawn.append((contest, rows))
    if not drawn:
        return
    heights = [len(rows) + 1.6 for _, rows in drawn]
    figure_, axes = pyplot.subplots(len(drawn), 1, figsize=(9, 0.27 * sum(heights)), height_ratios=heights, squeeze=False)
    for axis, (contest, rows) in zip(axes[:, 0], drawn):
        names = list(rows)[::-1]
        values = [rows[name]["value"] for name in names]
        colours = ["#1f6f8b" if rows[name]["ours"] else "#c4c9cf" for name in names]
        bars = axis.barh(names, values, color=colours)
        axis.bar_label(bars, [f"{figure(value)} {contest.unit}" for value in values], padding=4, fontsize=8)
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 2, max(values) * 4)
        axis.set_title(f"{contest.id}: {contest.title}", loc="left", fontsize=9)
        axis.tick_params(axis="both", labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure_.tight_layout()
    figure_.savefig(path, metadata={"Date": None})
