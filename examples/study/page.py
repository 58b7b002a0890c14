"""The page of the study: its style, its tables, its plots.

It reads on a phone as on a screen: there each row of a table becomes a block of lines,
and plots are drawn narrower.
"""

import base64
import io
from html import escape

import pandas as pd

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --line: #d5d8dc;
        --quiet: #5c636a; --tint: #eef4fb; --accent: #1f5f99; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e5e8; --paper: #16181b; --line: #3a3f45; --quiet: #a2a9b0;
          --tint: #1d2732; --accent: #7db7ec; } }
body { color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui,
       sans-serif; max-width: 52rem; margin: 0 auto; padding: 1.5rem;
       overflow-wrap: break-word; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.quiet, figcaption, caption { color: var(--quiet); font-size: .9rem; }
table { border-collapse: collapse; margin: 1rem 0; max-width: 100%; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line);
         text-align: left; font-variant-numeric: tabular-nums;
         vertical-align: bottom; overflow-wrap: anywhere; }
th { font-weight: 600; overflow-wrap: normal; }
td.short { overflow-wrap: normal; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; background: #fff; border: 1px solid var(--line);
      border-radius: 6px; box-sizing: border-box; }
pre { background: var(--tint); padding: .7rem 1rem; overflow-x: auto;
      font-size: .85rem; overflow-wrap: normal; }
.conclusion { background: var(--tint); border-left: 4px solid var(--accent);
              padding: .2rem 1rem; }
@media (max-width: 600px) {
  body { padding: 1rem; }
  table, caption, tbody, tr, td { display: block; width: 100%; }
  thead { display: none; }
  tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0;
       border: 0; text-align: right; }
  td::before { content: attr(data-label); color: var(--quiet); text-align: left;
               flex: none; max-width: 45%; overflow-wrap: normal; }
  td:first-child { font-weight: 600; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
"""

PERCENT = "accuracy", "precision", "recall", "share", "probability", "confidence"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""

FIGURE = """<figure><picture>
<source media="(max-width: 600px)" srcset="{narrow}">
<img src="{wide}" alt="{caption}">
</picture><figcaption>{caption}</figcaption></figure>"""


def format_value(value, column):
    """Show a value of a table as text, by what its column is of."""
    if isinstance(value, str) or not hasattr(value, "__float__"):
        return str(value)
    if any(word in column for word in PERCENT):
        return f"{value:.1%}"
    if "loss" in column:
        return f"{value:z.3f}"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def format_table(frame):
    """Return a table with text in all cells, and readable headings."""
    texts = {
        column.replace("val_", "validation_").replace("_", " "): [
            format_value(v, column) for v in frame[column]
        ]
        for column in frame
    }
    return pd.DataFrame(texts, dtype=object)


def encode_figure(figure):
    """Return a figure as PNG, and as the address of that in a page."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=150, bbox_inches="tight")
    png = image.getvalue()
    return png, f"data:image/png;base64,{base64.b64encode(png).decode()}"


def narrow_figure(figure):
    """Redraw a figure for a phone: 4 inches wide, with one legend, below."""
    _, height = figure.get_size_inches()
    handles = {}
    legends = [ax.get_legend() for ax in figure.axes] + figure.legends
    for legend in filter(None, legends):
        for handle, text in zip(legend.legend_handles, legend.texts, strict=True):
            handles.setdefault(text.get_text(), handle)
        legend.remove()
    n_rows = -(-len(handles) // 2)
    figure.set_size_inches(4, 0.75 * height + 0.25 * n_rows)
    if handles:
        figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside lower left",
            ncols=2,
            fontsize="small",
            handlelength=2.5,
        )


def write_table(table, caption):
    """Return a table of texts as HTML; each cell knows its heading."""
    head = "".join(f"<th>{escape(column)}</th>" for column in table)
    rows = [
        "".join(
            f'<td class="{"short" if len(value) <= 20 else "long"}" '
            f'data-label="{escape(column)}">{escape(value)}</td>'
            for column, value in zip(table, row, strict=True)
        )
        for row in table.to_numpy()
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    )
