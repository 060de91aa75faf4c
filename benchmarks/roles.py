"""How often the roles are right: python -m benchmarks.roles [--fit]

In: fictional transcripts with the role of every label: ``tests/data/role_cases`` (the cases that are scored), the shipped
sample and ``benchmarks/role_training`` (for fitting only). Out: a table of the share right, by side and by role, for the
published keyword rule, for the words of the labels alone and for the resolver, with Wilson 95 % intervals; last, one JSON line.
The resolver's figures are cross-validated by file: no label is judged by weights that saw its file.
``--fit`` fits on everything and writes ``dataset_script/roles/weights.json``.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from dataset_script.roles.company import Known, company
from dataset_script.roles.evidence import Evidence, Features, Turns, gather, label_features
from dataset_script.roles.labels import label_kind, read_label
from dataset_script.roles.model import RoleModel, RoleModels
from dataset_script.roles.resolve import features_of, keyword_role, known_by_label, resolve_turns
from dataset_script.roles.taxonomy import RoleGuess, side_of
from dataset_script.transcripts import read_transcript

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "data" / "role_cases"
TRAINING = ROOT / "benchmarks" / "role_training"
SAMPLE = ROOT / "dataset_script" / "sample" / "transcripts"
SAMPLE_ROLES = ROOT / "tests" / "data" / "sample_roles.json"
WEIGHTS = ROOT / "dataset_script" / "roles" / "weights.json"

FOLDS = 10
INNER_FOLDS = 4
INVERSE_PENALTY = 3.0
"""scikit-learn's ``C``, chosen by cross-validation on the sample, the training files and cases 01–08."""
VOICE_WEIGHT = 0.3
"""Weight of the copies under an unknown-like label; so about as many are decidable as CORPUS.md § 2 found, 11 of 20."""
HAND_SAMPLE = {"name": 60, "unknown-like": 11, "officer": 22, "civilian": 18, "subject": 14, "other": 14}
CORPUS_TURNS = {"name": 32.4, "unknown-like": 1.65, "officer": 47.4, "civilian": 7.1, "subject": 5.3, "other": 6.1}
"""Kinds of labels as CORPUS.md § 2 counts them: the 139 decidable ones of its hand sample, and per cent of the corpus's turns."""
KINDS = ("name", "unknown-like", "officer", "civilian", "subject", "other")


@dataclass(frozen=True)
class Case:
    """One transcript with the true role of each label."""

    name: str
    turns: tuple[tuple[str, str], ...]
    roles: dict[str, str]


@dataclass(frozen=True)
class Judged:
    """One label of one file: its true role, the guess and its number of turns."""

    kind: str
    truth: str
    guess: str
    turns: int


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder of ``{"turns": [[time, label, text]…], "roles": {label: role}}``, by file name."""
    found = []
    for path in sorted(folder.glob("*.json")):
        stored = json.loads(path.read_text("utf-8"))
        found.append(Case(path.stem, tuple((label, text) for _, label, text in stored["turns"]), stored["roles"]))
    return found


def read_sample() -> list[Case]:
    """The fictional sample that ships with the code."""
    roles = json.loads(SAMPLE_ROLES.read_text("utf-8"))
    transcripts = [read_transcript(SAMPLE / f"{name}.csv") for name in sorted(roles)]
    return [Case(t.name, tuple((row.speaker, row.text) for row in t.rows), roles[t.name]) for t in transcripts]


def read_training() -> list[Case]:
    """Fictional files written for fitting by the author of the resolver; never scored."""
    return read_cases(TRAINING)


@dataclass(frozen=True)
class Prepared:
    """A case whose evidence has been gathered. ``known`` is what the labels' words tell before any model does."""

    case: Case
    found: dict[str, Evidence]
    known: Known

    @property
    def speakers(self) -> list[str]:
        return [label for label, _ in self.case.turns]


@lru_cache(maxsize=1024)
def _prepare(name: str, turns: Turns) -> tuple[dict[str, Evidence], Known]:
    found = gather(turns)
    return found, known_by_label(found)


def _examples(prepared: Prepared) -> Iterator[tuple[Features, str, float]]:
    """(features, role, weight): each label as it is, and each decidable label with its words hidden.

    A hidden copy teaches what evidence alone says, also of labels whose words settle them. A lighter one stands for the
    same voice under a label like ``[Voice 2]``, of which few true examples exist.
    """
    beside = company(prepared.speakers, prepared.known)
    for label, evidence in prepared.found.items():
        truth = prepared.case.roles[label]
        evident = evidence.features | beside[label]
        yield evident | label_features(label, evidence.reading), truth, 1.0
        if truth != "unknown":
            yield evident | {"label_hidden": 1.0}, truth, 1.0
            yield evident | {"label_unknown_like": 1.0}, truth, VOICE_WEIGHT


def _fit_pass(prepared: Sequence[Prepared]) -> RoleModel:
    """Multinomial logistic regression over the evidence of all labels."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows, roles, weights = zip(*(example for one in prepared for example in _examples(one)), strict=True)
    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform(rows).toarray()
    fitted = LogisticRegression(C=INVERSE_PENALTY, max_iter=5000, tol=1e-3).fit(table, roles, sample_weight=weights)
    names = vectorizer.get_feature_names_out()
    kept = {
        name: [round(float(w), 3) for w in fitted.coef_[:, i]] for i, name in enumerate(names) if name != "label_hidden"
    }
    return RoleModel(tuple(map(str, fitted.classes_)), tuple(round(float(b), 3) for b in fitted.intercept_), kept)


def _with_first_pass(one: Prepared, first: RoleModel) -> Prepared:
    features = features_of(one.found, one.speakers, one.known)
    guessed = {label: first.probabilities(values) for label, values in features.items()}
    return Prepared(one.case, one.found, guessed | dict(one.known))


def fit(cases: Sequence[Case]) -> RoleModels:
    """Both passes. The second sees of each file what a first pass made of it that was fitted on the other files."""
    prepared = [Prepared(case, *_prepare(case.name, case.turns)) for case in cases]
    second = []
    for fold in range(INNER_FOLDS):
        first = _fit_pass([one for i, one in enumerate(prepared) if i % INNER_FOLDS != fold])
        second += [_with_first_pass(one, first) for one in prepared[fold::INNER_FOLDS]]
    return RoleModels(_fit_pass(prepared), _fit_pass(second))


def _judge(case: Case, guesses: dict[str, str]) -> list[Judged]:
    turns = {label: sum(speaker == label for speaker, _ in case.turns) for label in case.roles}
    return [Judged(label_kind(label), role, guesses[label], turns[label]) for label, role in case.roles.items()]


def judge(cases: Sequence[Case], role_of: Callable[[Case], dict[str, RoleGuess]]) -> list[Judged]:
    """Every label of the cases beside what a method says of it."""
    return [one for case in cases for one in _judge(case, {k: g.role for k, g in role_of(case).items()})]


def by_keyword(case: Case) -> dict[str, RoleGuess]:
    """The published rule."""
    return {label: keyword_role(label) for label in case.roles}


def by_label(case: Case) -> dict[str, RoleGuess]:
    """The words of the label alone; a bare name is a civilian."""
    readings = {label: read_label(label) for label in case.roles}
    return {label: RoleGuess(r.role or "civilian", r.rule, r.confidence) for label, r in readings.items()}


def _resolved_by(models: RoleModels, case: Case) -> dict[str, RoleGuess]:
    return resolve_turns(case.turns, models)


def cross_validate(cases: Sequence[Case], always: Sequence[Case], folds: int = FOLDS) -> list[Judged]:
    """The resolver, each fold of files judged by weights fitted on the other folds and on ``always``."""
    judged = []
    for fold in range(folds):
        models = fit([*always, *(case for i, case in enumerate(cases) if i % folds != fold)])
        judged += judge(cases[fold::folds], partial(_resolved_by, models))
    return judged


def wilson(share: float, units: int) -> tuple[float, float]:
    """95 % interval of a share of ``units`` judgements."""
    z = 1.96
    centre, spread = share + z * z / (2 * units), z * (share * (1 - share) / units + z * z / (4 * units * units)) ** 0.5
    return (centre - spread) / (1 + z * z / units), (centre + spread) / (1 + z * z / units)


def _share(right: Sequence[bool], weights: Sequence[int]) -> float:
    total = sum(weights)
    return sum(weight for hit, weight in zip(right, weights, strict=True) if hit) / total if total else 0.0


def shares(judged: Sequence[Judged]) -> dict[str, float]:
    """Shares right of labels and of turns, by side and by role; share left ``unknown``, and how often the rest have the right side."""
    ones, turns = [1] * len(judged), [one.turns for one in judged]
    by_side = [side_of(one.guess) == side_of(one.truth) for one in judged]
    by_role = [one.guess == one.truth for one in judged]
    decided = [one for one in judged if one.guess != "unknown"]
    return {
        "labels": len(judged),
        "side": _share(by_side, ones),
        "side_turns": _share(by_side, turns),
        "role": _share(by_role, ones),
        "role_turns": _share(by_role, turns),
        "unknown": 1 - len(decided) / len(judged),
        "side_of_decided": _share([side_of(one.guess) == side_of(one.truth) for one in decided], [1] * len(decided)),
    }


def as_in_corpus(judged: Sequence[Judged]) -> dict[str, float]:
    """Shares of side right, each kind of label weighing what it weighs in the corpus; so that CORPUS.md § 2's own figures compare."""
    decidable = [one for one in judged if one.truth != "unknown"]
    of_kind = {kind: shares([one for one in decidable if one.kind == kind]) for kind in KINDS}

    def weighed(weights: Mapping[str, float], measure: str) -> float:
        return sum(weights[kind] * of_kind[kind][measure] for kind in KINDS) / sum(weights.values())

    return {
        "labels_as_sampled": weighed(HAND_SAMPLE, "side"),
        "turns_as_in_corpus": weighed(CORPUS_TURNS, "side_turns"),
    }


def _strata(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    for kind in KINDS:
        yield kind, [one for one in judged if one.kind == kind]
    for role in sorted({one.truth for one in judged}):
        yield f"= {role}", [one for one in judged if one.truth == role]
    for side in ("authority", "civilian", "neither"):
        yield f"= {side} side", [one for one in judged if side_of(one.truth) == side]
    yield "decidable", [one for one in judged if one.truth != "unknown"]
    yield "all", list(judged)


def _print_table(name: str, judged: Sequence[Judged]) -> None:
    print(
        f"\n{name}\n  {'':<17}{'labels':>7}{'side':>8}{'95 % interval':>16}{'turns':>8}{'role':>8}{'turns':>8}{'unknown':>9}{'decided':>9}"
    )
    for stratum, chosen in _strata(judged):
        row = shares(chosen)
        low, high = wilson(row["side"], len(chosen))
        print(
            f"  {stratum:<17}{len(chosen):>7}{row['side']:>8.1%}{f'{low:.1%}–{high:.1%}':>16}{row['side_turns']:>8.1%}"
            f"{row['role']:>8.1%}{row['role_turns']:>8.1%}{row['unknown']:>9.1%}{row['side_of_decided']:>9.1%}"
        )
    weighed = as_in_corpus(judged)
    print(
        f"  kinds weighed as in CORPUS.md § 2: {weighed['labels_as_sampled']:.1%} of labels, {weighed['turns_as_in_corpus']:.1%} of turns"
    )


def main() -> None:
    cases, always = read_cases(CASES), [*read_sample(), *read_training()]
    methods = {
        "keyword": judge(cases, by_keyword),
        "label": judge(cases, by_label),
        "resolver": cross_validate(cases, always),
    }
    print(
        f"{len(cases)} files, {sum(len(case.roles) for case in cases)} labels; {len(always)} further files for fitting only"
    )
    print(
        "side, role: share of labels right; turns: of their turns; decided: side right where it is not left unknown; = truth"
    )
    _print_table("keyword: the published script's rule", methods["keyword"])
    _print_table("label: the words of the label alone, names are civilians", methods["label"])
    _print_table(f"resolver: {FOLDS}-fold cross-validated by file", methods["resolver"])
    if "--fit" in sys.argv[1:]:
        models = fit([*cases, *always])
        WEIGHTS.write_text(_as_json(models), "utf-8")
        print(
            f"\nwrote {WEIGHTS.relative_to(ROOT)}: {len(models.second.weights)} features, {len(models.second.classes)} roles"
        )
    print(
        json.dumps(
            {
                name: {key: round(value, 4) for key, value in (shares(judged) | as_in_corpus(judged)).items()}
                for name, judged in methods.items()
            }
        )
    )


def _as_json(models: RoleModels) -> str:
    """One feature a line, so that a refit can be read as a diff."""

    def block(model: RoleModel) -> str:
        lines = ",\n".join(
            f"   {json.dumps(name)}: {json.dumps(list(weights))}" for name, weights in sorted(model.weights.items())
        )
        return f'{{\n  "intercept": {json.dumps(model.intercept)},\n  "weights": {{\n{lines}\n  }}\n }}'

    classes = json.dumps(models.first.classes)
    return f'{{\n "classes": {classes},\n "first": {block(models.first)},\n "second": {block(models.second)}\n}}\n'


if __name__ == "__main__":
    main()
