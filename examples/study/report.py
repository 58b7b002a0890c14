"""The output of a study: the terminal, CSV files, plots and one HTML page.

The page is written after each part. The folder ``cache`` holds finished fits, so that a
study that was interrupted can use them. It is removed at the end.
"""

import os
import platform
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from html import escape
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import skimdb
from study.page import PAGE, draw, format_table, write_figure, write_table

MAX_SILENCE = 8  # seconds
START = time.monotonic()
FORMULA = r"^(?=[=+\-@\t\r])"  # a spreadsheet takes such a cell for a formula


def list_versions():
    """Tabulate the versions and the machine."""
    packages = ("scikit-learn", "numpy", "scipy", "pandas")
    rows = {"Python": platform.python_version(), "skimdb": skimdb.__version__}
    rows |= {name: version(name) for name in packages}
    rows |= {"system": platform.system(), "processors": str(os.cpu_count())}
    return pd.DataFrame(rows.items(), columns=["what", "version"])


class Report:
    """Collects the results of a study, and prints them.

    Parameters
    ----------
    folder : str or path-like
        Folder for the files, created if necessary.
    title, introduction : str
        The beginning of the page.

    Attributes
    ----------
    facts : dict
        Results that later parts use.
    memory : Path
        Folder for the `memory` of the searches.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """

    _printed = START

    def __init__(self, folder, title, introduction):
        self.folder = Path(folder)
        self.title = title
        self.facts = {}
        self.memory = self.folder / "cache"
        self.memory.mkdir(parents=True, exist_ok=True)
        self._body = [f"<p>{escape(introduction)}</p>"]
        self._parts = [self._body]
        if hasattr(sys.stdout, "reconfigure"):  # a console may lack some characters
            sys.stdout.reconfigure(errors="backslashreplace")
        self._print(title)

    @classmethod
    def _print(cls, text):
        print(text, flush=True)
        cls._printed = time.monotonic()

    @classmethod
    def progress(cls, text):
        """Print the current step, and the seconds since the start."""
        cls._print(f"[{time.monotonic() - START:5.0f} s] {text}")

    @classmethod
    @contextmanager
    def break_silence(cls, title):
        """Print a line now and then while nothing else is printed."""
        end = threading.Event()

        def watch():
            while not end.wait(MAX_SILENCE / 8):
                if time.monotonic() - cls._printed > MAX_SILENCE:
                    cls.progress(f"{title}: still running")

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def expect_fits(self, n_fits):
        """Add to the number of fits of this part."""
        self._n_expected += n_fits

    def count_fit(self, text):
        """Print the number of a fit that is finished."""
        self._n_fits += 1
        self.progress(f"{self._n_fits} of {self._n_expected}: {text}")

    @contextmanager
    def part(self, title, on_top=False):
        """Begin a part, and write the page at its end."""
        self._print(f"\n{title}\n{'=' * len(title)}")
        self._n_fits = self._n_expected = 0
        self._body = [f"<h2>{escape(title)}</h2>"]
        self._parts.insert(0 if on_top else len(self._parts), self._body)
        with self.break_silence(title):
            yield
        body = "\n".join(chain.from_iterable(self._parts))
        page = PAGE.substitute(title=escape(self.title), body=body)
        (self.folder / "report.html").write_text(page, encoding="utf-8")

    def text(self, text):
        """Add a paragraph."""
        self._print(f"{text}\n")
        self._body.append(f"<p>{escape(text)}</p>")

    def table(self, frame, name, caption):
        """Add a table, and write it to ``name.csv``."""
        self.data(frame, name)
        table = format_table(frame)
        self._print(f"\n{caption}\n{table.to_string(index=False)}\n")
        self._body.append(write_table(table, caption))

    def data(self, frame, name):
        """Write data that are too long to show to ``name.csv``."""
        cells = frame.replace(regex=FORMULA, value="'")
        cells.to_csv(self.folder / f"{name}.csv", index=False, encoding="utf-8")

    def figure(self, figure, name, caption):
        """Add a figure, and write it to ``name.png``."""
        png = draw(figure)
        plt.close(figure)
        (self.folder / f"{name}.png").write_bytes(png)
        self._body.append(write_figure(png, caption))

    def code(self, code):
        """Add lines of Python."""
        self._print(f"{code}\n")
        self._body.append(f"<pre><code>{escape(code)}</code></pre>")

    def conclude(self, *sentences):
        """Add the conclusions of a part."""
        conclusion = " ".join(sentences)
        self._print(f"-> {conclusion}")
        self._body.append(f'<div class="conclusion"><p>{escape(conclusion)}</p></div>')

    def finish(self, title, command):
        """Add the command of the study, and remove the cache."""
        with self.part(title):
            self.text(f"By {command}, in {time.monotonic() - START:.0f} seconds.")
            self.table(list_versions(), "environment", "Versions and machine")
        shutil.rmtree(self.memory, ignore_errors=True)
        path = self.folder / "report.html"
        self._print(f"\nTables, plots and the report are in {self.folder}: open {path}")
