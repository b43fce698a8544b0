"""`firth evaluate`: word similarities and analogies, always with what was covered; labels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import is_folder_of_ours, kind_of, open_vectors
from firth.cli.options import COMMON, Common
from firth.errors import SettingError

Protocol = Literal["firth", "gensim", "word2vec", "glove", "fasttext"]


def evaluate(
    model: str,
    data: str | None = None,
    /,
    *,
    similarity: Annotated[list[str] | None, Parameter(negative=())] = None,
    analogies: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Protocol = "firth",
    column: str | None = None,
    columns: str | None = None,
    comments: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    k: Annotated[int, Parameter(name=["-k", "--labels"])] = 1,
    threshold: float = 0.0,
    per_line: Annotated[bool, Parameter(negative=())] = False,
    tokenizer: str | None = None,
    encoding: str = "utf-8",
    device: str = "auto",
    common: Common = COMMON,
) -> None:
    """Score a model on similarities and analogies, a classifier on labelled texts, a language model
    or an ELMo on text, a tagger on tagged sentences.

    With --json: {"similarity": {name: {"spearman", "pearson", "pairs", "covered"}}, "analogies":
    {name: {"accuracy", "correct", "asked", "covered", "sections": {...}}}}; a name is that of the
    file without its endings. Where vectors have n-grams, words never seen get a vector from them,
    and "inferred" says for how many pairs. Of a classifier: {"examples", "accuracy", "precision",
    "recall", "f1", "macro_f1", "labels": {label: {"precision", "recall", "f1", "support"}},
    "calibration": {"expected_error", "bins"}, "left_out"}. Of a language model: {"perplexity",
    "unit", "tokens", "unknown", "unknown_share", "lines", "loss" (nats a unit),
    "bits_per_character", "bits_per_byte"}, with --per-line also "per_line": [{"logprob", "units",
    "unknown", "perplexity"}]. Of an ELMo: {"perplexity" (of both directions), "forward_perplexity",
    "backward_perplexity", "unit", "tokens", "unknown", "unknown_share", "lines", "loss",
    "words_cut", "characters", "characters_unknown", "lines_cut"}. Of a tagger: {"accuracy", "f1",
    "precision", "recall", "gold", "found", "correct", "tokens", "sentences", "labels": {label:
    {"precision", "recall", "f1", "gold", "found", "correct"}}, "unseen": {"tokens", "accuracy"},
    "strange": {tag: count}, "errors": [{"true", "found", "count", "example"}]}; of tags without
    spans each word counts.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    data
        For a classifier: labelled texts in fastText's format, or a table with --column and
        --label-column; for a language model: text, its lines read one after another (for an ELMo,
        each by itself); for a tagger: tagged sentences, see --columns. - is standard input.
    similarity
        Word vectors: a file of "word word score" lines; may be given several times.
    analogies
        Word vectors: a file of "a b c d" lines in ": section"s; may be given several times.
    protocol
        Word vectors: whose rules to count by, firth's or those of the program named.
    column
        Classifier, language model, ELMo: the column of a table that holds the text, by name or
        number.
    columns
        Tagger: WORD:TAG, where words and tags stand, as in firth train tagger.
    comments
        Tagger: what lines before a sentence begin with that are no words, as in firth train tagger.
    label_column
        Classifier: the column of a table that holds the labels, by name or number.
    label_separator
        Classifier: what stands between several labels in one cell.
    k
        Classifier: labels predicted for a text, at most; -1 for all that reach the threshold.
    threshold
        Classifier: leave out labels that are less probable.
    per_line
        Language model: begin each line with a fresh state, and score it by itself.
    tokenizer
        Language model, ELMo: only for one trained with module:function, which is not called on its
        word.
    encoding
        Language model, ELMo, tagger: of the text, utf-8, latin-1 or another.
    device
        Language model, ELMo, tagger: where it computes, auto, cpu, cuda, cuda:1 or mps.
    """
    if data is not None and is_folder_of_ours(model) and kind_of(model) == "tagger":
        from firth.cli.taggers import evaluate_tags

        must_be_none(
            "taggers", similarity=similarity, analogies=analogies, column=column,
            label_column=label_column, label_separator=label_separator, labels=k != 1,
            threshold=threshold, per_line=per_line, tokenizer=tokenizer,
        )  # fmt: skip
        evaluate_tags(model, data, columns, comments, encoding, device, common)
        return
    for name, value in (("columns", columns), ("comments", comments)):
        if value is not None:
            raise SettingError(f"--{name} is for taggers; {model} is none. Leave it out.")
    if data is not None and is_folder_of_ours(model) and kind_of(model) == "language-model":
        # only who has a language model needs its file
        from firth.cli.language_models import evaluate_language, must_be_plain

        must_be_plain(
            similarity=similarity, analogies=analogies, label_column=label_column,
            label_separator=label_separator, labels=k != 1, threshold=threshold,
        )  # fmt: skip
        evaluate_language(model, data, column, tokenizer, encoding, per_line, device, common)
        return
    if data is not None and is_folder_of_ours(model) and kind_of(model) == "elmo":
        from firth.cli.elmo import evaluate_elmo

        must_be_none(
            "ELMo", similarity=similarity, analogies=analogies, label_column=label_column,
            label_separator=label_separator, labels=k != 1, threshold=threshold, per_line=per_line,
        )  # fmt: skip
        evaluate_elmo(model, data, column, tokenizer, encoding, device, common)
        return
    for name, given in (("per-line", per_line), ("tokenizer", tokenizer)):
        if given:
            raise SettingError(f"--{name} is for language models; {model} is none. Leave it out.")
    if data is not None:
        if similarity or analogies:
            raise SettingError(
                f"{data} holds labelled texts for a classifier, --similarity and --analogies are "
                "for word vectors; give one or the other."
            )
        from firth.cli.evaluate_labels import evaluate_labels

        evaluate_labels(model, data, column, label_column, label_separator, k, threshold, common)
        return
    from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity

    if not similarity and not analogies:
        raise SettingError(
            "there is nothing to evaluate on; give --similarity FILE or --analogies FILE, or, for "
            "a classifier, a file of labelled texts, for a language model, a file of text."
        )
    vectors = open_vectors(model)
    output.call(common.verbose, f"vectors = firth.load_vectors({model!r})")
    document: dict[str, dict[str, Any]] = {"similarity": {}, "analogies": {}}
    for path in similarity or []:
        output.call(common.verbose, f"firth.evaluate_similarity(vectors, {path!r}, {protocol!r})")
        report: Any = evaluate_similarity(vectors, path, protocol=protocol)
        document["similarity"][_key(report, path, document["similarity"])] = report.to_json()
    for path in analogies or []:
        output.call(common.verbose, f"firth.evaluate_analogies(vectors, {path!r}, {protocol!r})")
        report = evaluate_analogies(vectors, path, protocol=protocol)
        document["analogies"][_key(report, path, document["analogies"])] = report.to_json()
    if common.json:
        output.write_json(document)
        return
    if document["similarity"]:
        headings = ["similarity", "spearman", "pearson", "pairs", "covered"]
        if any("inferred" in report for report in document["similarity"].values()):
            headings.append("inferred")
        rows = [[name, *_row(report, headings)] for name, report in document["similarity"].items()]
        output.table(rows, headings)
    if document["analogies"]:
        headings = ["analogies", "accuracy", "correct", "asked", "covered"]
        rows = []
        for name, report in document["analogies"].items():
            for section, part in report["sections"].items():
                rows.append([section, *_row(part, headings)])
            rows.append([name, *_row(report, headings)])
        output.table(rows, headings)


def must_be_none(whose: str, **given: Any) -> None:
    """
    Raises:
        SettingError: an option that has no meaning for models of this kind was given.
    """
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            raise SettingError(f"{option} is not for {whose}; leave it out.")


def _key(report: Any, path: str, taken: dict[str, Any]) -> str:
    """The name of a report, that of its file; the whole path if another one bears it."""
    return path if report.name in taken else report.name


def _row(report: dict[str, Any], columns: list[str]) -> list[object]:
    return ["none" if report[name] is None else report[name] for name in columns[1:]]
