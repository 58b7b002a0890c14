"""Where the study writes to: the terminal, CSV files, plots and one HTML page.

The page is written anew after each part. What is needed to go on after an interruption
is kept in the folder ``unfinished`` until the study ends.
"""

import hashlib
import json
import os
import platform
import shutil
import time
from html import escape
from importlib.metadata import version
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import skimdb
from study.page import (
    FIGURE,
    PAGE,
    STYLE,
    encode_figure,
    format_table,
    narrow_figure,
    write_table,
)


def list_versions():
    """Tabulate the versions and the machine."""
    rows = [("Python", platform.python_version()), ("skimdb", skimdb.__version__)]
    rows += [
        (name, version(name)) for name in ("scikit-learn", "numpy", "scipy", "pandas")
    ]
    rows += [("system", platform.system()), ("processors", str(os.cpu_count()))]
    return pd.DataFrame(rows, columns=["what", "version"])


class Report:
    """Collects what the study has to show, and shows it at once on the terminal.

    Parameters
    ----------
    folder : str or path-like
        Where the files go; made if need be.
    title, introduction : str
        What the page opens with.
    key : object
        What the results depend on; parts of an interrupted study with the same key are
        not done again. It is shown as JSON.

    Attributes
    ----------
    facts : dict
        What later parts need to know of earlier ones: strings and numbers.
    memory : Path
        Folder for what is known of a part that is not done yet.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """

    def __init__(self, folder, title, introduction, key):
        self.folder = Path(folder)
        self.title = title
        self.introduction = introduction
        self.facts = {}
        self._parts = {}
        self._body = []
        self._start = time.perf_counter()
        self._seconds_before = 0.0
        self._unfinished = self.folder / "unfinished"
        self._unfinished.mkdir(parents=True, exist_ok=True)
        self._state = self._unfinished / "parts.json"
        self._key = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        self.memory = self._unfinished / "memory"
        self._read_state()
        self._write_state()
        print(title)

    def _read_state(self):
        """Take up what an interrupted study with the same key has done."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # nothing to go on with
            return
        if state["key"] == self._key:
            self._parts, self.facts = state["parts"], state["facts"]
            self._seconds_before = state["seconds"]

    def _write_state(self):
        state = {
            "key": self._key,
            "parts": self._parts,
            "facts": self.facts,
            "seconds": self.seconds,
        }
        temporary = self._state.with_suffix(".part")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self._state)

    @property
    def seconds(self):
        """Run time so far, that before an interruption included."""
        return self._seconds_before + time.perf_counter() - self._start

    def has_part(self, title):
        """Tell whether a part was done before an interruption."""
        return title in self._parts

    def progress(self, text):
        """Say on the terminal what goes on now."""
        print(f"[{self.seconds:5.0f} s] {text}", flush=True)

    def begin_part(self, title):
        """Begin a part."""
        print(f"\n{title}\n{'=' * len(title)}", flush=True)
        self._body = [f"<h2>{escape(title)}</h2>"]

    def end_part(self, title, n_parts):
        """Keep a part, and write the page with those that are done."""
        self._parts[title] = "\n".join(self._body)
        self._write_state()
        n_done = len(self._parts)
        self._write_page(
            f"<p><strong>The study goes on: {n_done} of {n_parts} parts are done."
            "</strong></p>"
            if n_done < n_parts
            else ""
        )

    def _write_page(self, note="", end=""):
        introduction = f"<p>{escape(self.introduction)}</p>"
        body = "\n".join([introduction, note, *self._parts.values(), end])
        page = PAGE.format(title=escape(self.title), style=STYLE, body=body)
        (self.folder / "report.html").write_text(page, encoding="utf-8")

    def text(self, text):
        """Add a paragraph: what is done, and why."""
        print(f"{text}\n", flush=True)
        self._body.append(f"<p>{escape(text)}</p>")

    def table(self, frame, name, caption):
        """Add a table, and write it to ``name.csv``."""
        self.data(frame, name)
        table = format_table(frame)
        print(f"\n{caption}\n{table.to_string(index=False)}\n")
        self._body.append(write_table(table, caption))

    def data(self, frame, name):
        """Write data that are too long to show to ``name.csv``."""
        frame.to_csv(self.folder / f"{name}.csv", index=False)

    def figure(self, figure, name, caption):
        """Add a figure, and write it to ``name.png``."""
        png, wide = encode_figure(figure)
        narrow_figure(figure)
        _, narrow = encode_figure(figure)
        plt.close(figure)
        (self.folder / f"{name}.png").write_bytes(png)
        self._body.append(
            FIGURE.format(wide=wide, narrow=narrow, caption=escape(caption))
        )

    def code(self, code):
        """Add lines of Python."""
        print(f"{code}\n", flush=True)
        self._body.append(f"<pre><code>{escape(code)}</code></pre>")

    def conclude(self, *sentences):
        """Add what the numbers of a part say."""
        conclusion = " ".join(sentences)
        print(f"-> {conclusion}", flush=True)
        self._body.append(f'<div class="conclusion"><p>{escape(conclusion)}</p></div>')

    def finish(self, title, command):
        """Add how the study was run, and forget what an interruption would need."""
        self.begin_part(title)
        self.text(f"By {command}, in {self.seconds:.0f} seconds.")
        self.table(list_versions(), "environment", "Versions and machine")
        self._write_page(end="\n".join(self._body))
        shutil.rmtree(self._unfinished, ignore_errors=True)
        path = self.folder / "report.html"
        print(f"\nTables, plots and the report are in {self.folder}: open {path}")
