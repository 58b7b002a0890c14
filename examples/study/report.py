"""Where the study writes to: the terminal, CSV files, plots and one HTML page."""

import base64
import io
import os
import platform
import sys
import time
from html import escape
from importlib.metadata import version
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --line: #d5d8dc;
        --quiet: #5c636a; --tint: #eef4fb; --accent: #1f5f99; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e5e8; --paper: #16181b; --line: #3a3f45; --quiet: #a2a9b0;
          --tint: #1d2732; --accent: #7db7ec; } }
body { color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui,
       sans-serif; max-width: 56rem; margin: 0 auto; padding: 1.5rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.quiet, figcaption, caption { color: var(--quiet); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
         text-align: left; font-variant-numeric: tabular-nums;
         vertical-align: bottom; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; background: #fff; border: 1px solid var(--line);
      border-radius: 6px; }
.conclusion { background: var(--tint); border-left: 4px solid var(--accent);
              padding: .2rem 1rem; }
"""

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


def peak_memory():
    """Return the most memory that this process has used so far, as text."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return "not measured on this system"
    unit = 1 if sys.platform == "darwin" else 1024
    return f"{getrusage(RUSAGE_SELF).ru_maxrss * unit / 1e9:.2f} GB"


def environment():
    """Tabulate the versions and the machine."""
    packages = ["skimdb", "scikit-learn", "keras", "tensorflow", "numpy", "scipy"]
    rows = [("Python", platform.python_version())]
    rows += [(name, version(name)) for name in [*packages, "pandas"]]
    rows += [("system", platform.platform()), ("processors", os.cpu_count())]
    return pd.DataFrame(rows, columns=["what", "version"])


def _digits(number):
    return f"{number:.3f}" if abs(number) < 1000 else f"{number:,.0f}"


class Report:
    """Collects what the study has to show, and shows it at once on the terminal.

    Parameters
    ----------
    folder : str or path-like
        Where the files go; made if need be.
    title : str
    """

    def __init__(self, folder, title):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.title = title
        self._start = time.perf_counter()
        self._body = []
        print(title)

    @property
    def seconds(self):
        """Run time so far."""
        return time.perf_counter() - self._start

    def progress(self, text):
        """Say on the terminal what goes on now."""
        print(f"[{self.seconds:5.0f} s] {text}", flush=True)

    def part(self, title):
        """Begin a part."""
        print(f"\n{title}\n{'=' * len(title)}", flush=True)
        self._body.append(f"<h2>{escape(title)}</h2>")

    def text(self, text):
        """Add a paragraph."""
        print(text)
        self._body.append(f"<p>{escape(text)}</p>")

    def table(self, frame, name, caption):
        """Add a table, and write it to ``name.csv``."""
        self.data(frame, name)
        print(f"\n{caption}\n{frame.to_string(index=False, float_format=_digits)}\n")
        readable = frame.rename(columns=lambda column: column.replace("_", " "))
        html = readable.to_html(index=False, float_format=_digits, border=0)
        start, _, rest = html.partition("\n")
        self._body.append(
            f'<div class="scroll">{start}<caption>{escape(caption)}</caption>'
            f"{rest}</div>"
        )

    def data(self, frame, name):
        """Write data that are too long to show to ``name.csv``."""
        frame.to_csv(self.folder / f"{name}.csv", index=False)

    def figure(self, figure, name, caption):
        """Add a figure, and write it to ``name.png``."""
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=150, bbox_inches="tight")
        plt.close(figure)
        (self.folder / f"{name}.png").write_bytes(image.getvalue())
        encoded = base64.b64encode(image.getvalue()).decode()
        self._body.append(
            f'<figure><img src="data:image/png;base64,{encoded}" '
            f'alt="{escape(caption)}"><figcaption>{escape(caption)}</figcaption>'
            "</figure>"
        )

    def conclude(self, *sentences):
        """Add what the numbers of a part say."""
        conclusion = " ".join(sentences)
        print(f"-> {conclusion}", flush=True)
        self._body.append(f'<div class="conclusion"><p>{escape(conclusion)}</p></div>')

    def finish(self, options):
        """Add how the study was run, and write everything to ``report.html``."""
        self.part("How this was made")
        self.text(
            f"Run time {self.seconds:.0f} s; peak memory of the process "
            f"{peak_memory()}; options {vars(options)}."
        )
        self.table(environment(), "environment", "Versions and machine")
        page = PAGE.format(
            title=escape(self.title), style=STYLE, body="\n".join(self._body)
        )
        path = self.folder / "report.html"
        path.write_text(page, encoding="utf-8")
        print(f"\nTables, plots and the report are in {self.folder}: open {path}")
