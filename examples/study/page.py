"""The HTML page of a study: its tables and its plots.

On a phone each row of a table becomes a block of lines. The style is in ``page.html``.
"""

import base64
import io
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
FIGURE = Template(
    '<figure><img src="data:image/png;base64,$data" alt="$caption">'
    "<figcaption>$caption</figcaption></figure>"
)
PERCENT = "accuracy", "precision", "recall", "share", "probability", "confidence"
PERCENT += ("test_standard", "est_fold")


def format_value(value, column):
    """Format a value of a table by the name of its column."""
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


def write_table(table, caption):
    """Return a table of texts as HTML; each cell has its heading for phones."""
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


def draw(figure):
    """Return a figure as PNG, small enough for a phone, with one legend below."""
    handles = {}
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes)]
    for legend in filter(None, legends):
        for handle, text in zip(legend.legend_handles, legend.texts, strict=True):
            handles.setdefault(text.get_text(), handle)
        legend.remove()
    n_columns = 1 if max(map(len, handles), default=0) > 30 else 2
    if handles:
        place = {"loc": "outside lower left", "ncols": n_columns}
        figure.legend(handles.values(), handles.keys(), **place)
    height = figure.get_figheight() + 0.25 * -(-len(handles) // n_columns)
    figure.set_size_inches(5.5, height)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=150, bbox_inches="tight")
    return image.getvalue()


def write_figure(png, caption):
    """Return a figure as HTML that contains the picture."""
    data = base64.b64encode(png).decode()
    return FIGURE.substitute(data=data, caption=escape(caption))
