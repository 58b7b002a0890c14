"""The functions of both studies: sentences, tables, plots and the report."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

EXAMPLES = Path(__file__).parents[2] / "examples"
RIGHT = np.arange(100) % 10 > 0
WRONG = ~RIGHT


@pytest.fixture(autouse=True, scope="module")
def _importable():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        yield


@pytest.fixture
def conclusions():
    from study import conclusions

    return conclusions


@pytest.fixture
def study(monkeypatch):
    """The IMDB study with two small parts; the second is interrupted once."""
    import imdb_study

    runs = []

    def first(reviews, options, report):
        runs.append(list(report.memory.iterdir()))
        (report.memory / "fit").touch()
        report.text("The reason")
        report.table(pd.DataFrame({"loss": [1.0], "name": ["=1+1"]}), "one", "One")
        figure, ax = plt.subplots()
        ax.plot([1, 2], label="A line")
        ax.legend()
        report.figure(figure, "plot", "A plot")

    def second(reviews, options, report):
        if len(runs) == 1:
            raise KeyboardInterrupt
        report.text("The end")

    monkeypatch.setattr(imdb_study, "PARTS", {"1. One": first, "2. Two": second})
    monkeypatch.setattr(imdb_study, "load_reviews", lambda *args, **kwargs: None)
    return imdb_study, runs


def test_interrupted_study_keeps_its_fits_and_its_page(study, tmp_path):
    script, runs = study
    arguments = ["--output", str(tmp_path)]
    with pytest.raises(SystemExit, match="Start the study again"):
        script.main(arguments)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1. One" in page
    script.main(arguments)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("1. One") < page.index("The end")
    assert [len(paths) for paths in runs] == [0, 1]
    assert not (tmp_path / "cache").exists()


def test_cells_of_files_are_not_formulas(study, tmp_path):
    with pytest.raises(SystemExit):
        study[0].main(["--output", str(tmp_path)])
    table = pd.read_csv(tmp_path / "one.csv")
    assert table.to_dict("records") == [{"loss": 1.0, "name": "'=1+1"}]


@pytest.mark.parametrize("below", ["", "below"])
def test_output_that_cannot_be_written_is_one_sentence(study, tmp_path, below):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(SystemExit) as stop:
        study[0].main(["--output", str(path / below)])
    assert re.fullmatch(r"--output \S+ cannot be written: [^.\n]+\.", stop.value.code)


def test_silence_is_broken(monkeypatch, tmp_path, capsys):
    import time

    from study import report

    monkeypatch.setattr(report, "MAX_SILENCE", 0.1)
    with report.Report(tmp_path, "A study", "").part("1. Slow"):
        time.sleep(0.5)
    assert capsys.readouterr().out.count("1. Slow: still running") >= 2
    with report.Report.break_silence("Reading"):  # before there is a folder
        time.sleep(0.5)
    assert capsys.readouterr().out.count("Reading: still running") >= 2


def test_fits_are_counted_by_part(tmp_path, capsys):
    from study.report import Report

    report = Report(tmp_path, "A study", "")
    for title in ("1. One", "2. Two"):
        with report.part(title):
            report.expect_fits(1)
            report.count_fit("words: 80.0%")
            report.expect_fits(1)
            report.count_fit("pairs: 81.0%")
    told = capsys.readouterr().out
    assert re.findall(r"(\d) of (\d): \w+: 8", told) == [("1", "1"), ("2", "2")] * 2


def test_figure_has_one_legend_below():
    from study.page import draw

    figure, axes = plt.subplots(2, layout="constrained")
    for ax in axes:
        ax.plot([1, 2], label="A line")
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    draw(figure)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["A line"]
    assert all(ax.get_legend() is None for ax in axes)
    boxes = [ax.get_tightbbox() for ax in axes] + [legend.get_tightbbox()]
    assert all(figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 for box in boxes)
    assert boxes[-1].y1 <= boxes[1].y0
    plt.close(figure)


def test_words_are_measured_by_removing_them():
    from study.words import measure_words

    good = ["A warm and witty film", "Bright from end to end", "I liked every minute"]
    bad = ["A dull and empty film", "Tired from end to end", "I slept every minute"]
    texts = [f"{text} {i}" for i in range(5) for text in good + bad]
    y = np.array(["good"] * 3 + ["bad"] * 3)[np.arange(len(texts)) % 6]
    network = KerasMLPClassifier(learning_rate=0.05, epochs=5, random_state=0)
    pipe = make_pipeline(TextMultiHotVectorizer(), network).fit(texts, y)
    effects, n_texts = measure_words(pipe, texts)
    assert n_texts == len(texts)
    assert len(effects.loc["dull"]) == 5
    whole = pipe.predict_proba(["A dull and empty film 0"])
    without = pipe.predict_proba(["A and empty film 0"])
    np.testing.assert_allclose(
        effects.loc["dull"].iloc[0], (whole - without)[0], atol=1e-6
    )
    assert effects.loc["dull", "bad"].mean() > 0.05


def test_words_in_few_texts_do_not_come_first_by_chance():
    from study.words import list_words

    names = ["rare"] * 2 + ["often"] * 50 + ["once"]
    effects = pd.DataFrame({"good": [0.0, 0.9] + [0.2, 0.3] * 25 + [0.9]}, index=names)
    table = list_words(effects)
    assert table["word"].tolist() == ["often"]
    assert table["points"][0] == pytest.approx(25)
    assert 20 < table["at_least"][0] < 25


def test_labels_that_a_plot_cannot_show():
    from study.plots import write_label

    assert write_label("good") == "good"
    assert write_label("5 \N{THUMBS UP SIGN}") == "5 [thumbs up sign]"
    assert write_label("\N{GRINNING FACE}") != write_label("\N{POUTING FACE}")
    assert write_label("\u65e5\u672c") == "\N{WHITE SQUARE}" * 2
    assert write_label("$5") == r"\$5"
    assert len(write_label("x" * 50)) == 20


def test_group_of_predictions_without_mistakes_has_an_error():
    from study.tables import compare_confidence

    table = compare_confidence(np.full(20, 0.9), np.ones(20, dtype=bool), 2)
    assert (table["accuracy"] == 1).all()
    np.testing.assert_allclose(table["accuracy_error"], np.sqrt(11 / 12**3))


# Conclusions follow the numbers


@pytest.mark.parametrize(
    ("losses", "best_right", "last_right", "expected"),
    [
        ([0.5, 0.3, 0.6], RIGHT, WRONG, ["memorize", "pays to keep the best"]),
        ([0.5, 0.3, 0.6], WRONG, RIGHT, ["memorize", "last epoch is better"]),
        ([0.5, 0.3, 0.31], RIGHT, RIGHT, ["hardly any", "too small to tell"]),
        ([0.5, 0.4, 0.3], RIGHT, RIGHT, ["more epochs may do better"]),
    ],
)
def test_holdout(conclusions, losses, best_right, last_right, expected):
    curve = pd.DataFrame({"epoch": [1, 2, 3], "val_loss": losses, "val_accuracy": 0.8})
    text = " ".join(conclusions.on_holdout(curve, best_right, last_right))
    assert all(phrase in text for phrase in expected)


@pytest.mark.parametrize(
    ("best_epoch", "test_accuracy", "n_test", "expected"),
    [
        (11, 0.81, 1000, ["single folds give 10 to 12", "as in the folds"]),
        (11, 0.9, 1000, ["more than in the folds"]),
        (11, 0.7, 1000, ["less than in the folds"]),
        (11, 0.7, 20, ["as in the folds"]),
        (30, 0.81, 1000, ["More epochs may do better"]),
    ],
)
def test_kfold(conclusions, best_epoch, test_accuracy, n_test, expected):
    right = np.arange(n_test) < n_test * test_accuracy
    folds = np.array([0.80, 0.82])
    text = " ".join(conclusions.on_kfold(best_epoch, 30, [10, 12], folds, right))
    assert all(phrase in text for phrase in expected)


def test_repeats(conclusions):
    repeats = pd.DataFrame({"best_epoch": [9, 12]})
    far_folds = pd.DataFrame({0: [0.3, 0.5], 1: [0.31, 0.5]})
    far_repeats = pd.DataFrame({0: [0.3, 0.31], 1: [0.5, 0.51]})
    assert "from 9 to 12" in conclusions.on_repeats(repeats, far_folds)[0]
    assert "much steadier" in conclusions.on_repeats(repeats, far_folds)[1]
    assert "not steadier" in conclusions.on_repeats(repeats, far_repeats)[1]


@pytest.mark.parametrize(
    ("difference", "best_val_loss", "expected"),
    [
        (-0.2, 0.29, ["clearly lower: ", "saves another 0.010", "in time helps most"]),
        (0.2, 0.31, ["clearly higher: ", "No other network", "in time helps most"]),
        (0.01, 0.1, ["within two standard", "helps more than stopping"]),
    ],
)
def test_regularization(conclusions, difference, best_val_loss, expected):
    variants = pd.DataFrame(
        {
            "candidate": ["original", "variant"],
            "best_epoch": [4, 20],
            "best_val_loss": [0.3, best_val_loss],
            "mean_split_best_epoch": [4.0, 20.0],
            "last_val_loss": [0.45, 0.45 + difference],
            "loss_difference": [0, difference],
            "loss_standard_error": [0, 0.02],
        }
    )
    text = " ".join(conclusions.on_regularization(variants, "original", 20))
    assert "original (4), variant (20)" in text
    assert "Still learning after 20 epochs: variant." in text
    assert all(phrase in text for phrase in expected)


@pytest.mark.parametrize(
    ("grid", "own", "error", "expected"),
    [
        (
            [0.75, 0.80],
            [0.82, 0.81],
            0.005,
            [
                "large is best (80.0%)",
                "small is best (82.0%",
                "small gains most",
                "0 of",
            ],
        ),
        (
            [0.79, 0.80],
            [0.80, 0.81],
            0.01,
            ["large is best (81.0%", "suit all", "1 of"],
        ),
    ],
)
def test_searches(conclusions, grid, own, error, expected):
    candidates = pd.DataFrame(
        {
            "network": ["small", "large"],
            "grid_search_accuracy": grid,
            "own_best_epoch": [60, 12],
            "accuracy_there": own,
            "accuracy_error": error,
        }
    )
    sentences = conclusions.on_searches(candidates, 12, 60)
    assert "Still learning after 60 epochs: small." in sentences
    assert all(phrase in " ".join(sentences) for phrase in expected)
    assert "Still" not in " ".join(conclusions.on_searches(candidates, 12, 99))


def test_nested(conclusions):
    sentence = conclusions.on_nested(np.array([0.7, 0.8]))
    assert "accuracy of 75.0%" in sentence
    assert "70.0% to 80.0% over 2 folds" in sentence


@pytest.mark.parametrize(
    ("right_share", "confidence", "expected"),
    [(0.6, 0.9, "overconfident"), (0.9, 0.6, "underconfident"), (0.75, 0.75, "well")],
)
def test_calibration(conclusions, right_share, confidence, expected):
    right = np.arange(400) < 400 * right_share
    (sentence,) = conclusions.on_calibration(np.full(400, confidence), right)
    assert expected in sentence


def test_test(conclusions):
    y = np.array(["a"] * 50 + ["b"] * 50)
    told = " ".join(conclusions.on_test(y, y))
    assert "accuracy of 100.0%" in told
    assert "mistake" not in told
    told = " ".join(conclusions.on_test(y, np.full(100, "a")))
    assert "not clearly better than guessing" in told
    assert "predict a for b: 50 of 50 mistakes" in told


@pytest.mark.parametrize(("gain", "expected"), [(0.1, "still rises"), (0, "little")])
def test_learning_curve(conclusions, gain, expected):
    accuracies = {"accuracy": [0.7, 0.7 + gain], "accuracy_error": [0.01, 0.01]}
    table = pd.DataFrame({"texts": [100, 200]} | accuracies)
    assert expected in " ".join(conclusions.on_sizes(table))


def make_model(name, kind, accuracy, n_wrong):
    from study.search import Model

    right = np.arange(100) >= n_wrong
    return Model(name, None, np.full(4, accuracy), kind, 2.0, 3.0, right)


@pytest.mark.parametrize(
    ("kind", "n_wrong", "expected"),
    [
        ("network", 10, ["SVC, has 90.0%", "as good within one standard error"]),
        ("network", 1, ["It is clearly worse"]),
        (
            "linear",
            10,
            ["The best network, Net, has 80.0%", "in 2 instead of 2 seconds"],
        ),
        ("baseline", 10, ["The best network, Net, has 80.0%"]),
    ],
)
def test_models(conclusions, kind, n_wrong, expected):
    saved = make_model("Best", kind, 0.95, n_wrong)
    others = [
        make_model("SVC", "baseline", 0.9, 10),
        make_model("Net", "network", 0.8, 20),
    ]
    verdict, *more = conclusions.on_models(saved, [saved, *others])
    assert (
        "Best is saved: it has the highest mean accuracy on the folds (95.0%" in verdict
    )
    assert f"accuracy is {100 - n_wrong}.0% (standard error" in verdict
    assert all(phrase in " ".join(more) for phrase in expected)
    if n_wrong == 1:
        assert "as good" not in " ".join(more)


# The study of one's own texts, in this process


@pytest.fixture(scope="module")
def own_study(tmp_path_factory):
    """Run the quick study on texts that one word decides; return its folder."""
    import text_study

    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    words = rng.choice(["film", "plot", "actor", "scene", "end", "music"], (200, 4))
    y = rng.choice(["good", "bad"], 200)
    decisive = np.where(rng.random(200) < 0.95, y, "bad")
    texts = [
        f"{d} {' '.join(w)} {i}"
        for i, (d, w) in enumerate(zip(decisive, words, strict=True))
    ]
    pd.DataFrame({"text": texts, "label": y}).to_csv(folder / "a.csv", index=False)
    arguments = [
        folder / "a.csv",
        "--quick",
        "--sizes",
        "8",
        "--output",
        folder / "out",
    ]
    text_study.main(list(map(str, arguments)))
    return folder / "out"


def test_saved_model_is_the_best_on_the_folds(own_study):
    models = pd.read_csv(own_study / "models.csv")
    assert models["fold_accuracy"].round(6).is_monotonic_decreasing
    assert models["saved"].tolist() == ["yes"] + ["no"] * (len(models) - 1)
    assert set(models["kind"]) == {"baseline", "linear model", "network"}
    assert models["test_accuracy"].max() > 0.85
    assert (models["MB"] > 0).all()


def test_page_begins_with_the_result(own_study):
    page = (own_study / "report.html").read_text(encoding="utf-8")
    parts = re.findall("<h2>(.*?)</h2>", page)
    assert parts[:2] == ["The result", "1. The texts"]
    saved = pd.read_csv(own_study / "models.csv")["model"][0]
    assert f"{saved} is saved" in page.partition("1. The texts")[0]


def test_saved_model_predicts_classes_and_probabilities(own_study):
    from skops.io import get_untrusted_types, load

    path = own_study / "pipeline.skops"
    pipe = load(path, trusted=get_untrusted_types(file=path))
    probabilities = pipe.predict_proba(["good film", "bad film"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert pipe.predict(["good film", "bad film"]).tolist() == ["good", "bad"]


@pytest.mark.parametrize(
    ("texts", "n_columns"),
    [(["a short text"], 5), (["a long text " * 50], 4), (["\u4e00" * 600], 5)],
)
def test_characters_are_tried_for_short_texts_and_without_blanks(texts, n_columns):
    from study.search import list_columns

    assert len(list_columns(texts, [1, 2], False)) == n_columns


def test_longer_ngrams_are_tried_next_to_characters(tmp_path):
    """Of short texts, too, if the longest n-grams of words are best."""
    import text_study
    from study.report import Report
    from study.splits import list_splits

    orders = ["dog bites man", "man bites dog"] * 40
    texts = np.array([f"{order} {i}" for i, order in enumerate(orders)], object)
    y = np.array(["usual", "news"] * 40)
    data = Bunch(texts=texts, y=y, splits=list_splits(y, None, 4, 0))
    options = text_study.parse_arguments(["a.csv"])
    report = Report(tmp_path / "output", "Title", "Text")
    with report.part("Columns"):
        text_study.linear_models(data, options, report)
    table = pd.read_csv(tmp_path / "output" / "linear_models.csv")
    for tried in ("2 to 4 characters, idf", "words and pairs", "1 to 3 words"):
        assert table["model"].str.startswith(tried).any()


def test_texts_without_a_known_word_have_no_words_that_matter():
    from study.words import join_words, list_words, measure_words

    network = KerasMLPClassifier(epochs=1, random_state=0)
    pipe = make_pipeline(TextMultiHotVectorizer(), network)
    effects, _ = measure_words(pipe.fit(["good", "bad"] * 20, [1, 0] * 20), ["new"])
    assert len(join_words(list_words(effects))) == 0
