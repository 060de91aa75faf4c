"""Writes tests/data/golden_pairs.json: (prediction, reference) pairs with the libraries' own values.

Calls the libraries directly, never our code. Run again only when a library's pin changes, and read the diff.
"""

import csv
import json
import random
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "tests" / "data" / "golden_pairs.json"
LONG = " ".join(f"and then he said number {n} and I told him no" for n in range(20))
EDGES = [
    ("", ""), ("", "Yeah."), ("Yeah.", ""), (" ", "What?"), ("\t", " \n"), ("...", "..."), ("?!", "No."), ("No.", "?!"),
    ("—", "– –"), ("Yeah.", "Yeah."), ("Yeah", "yeah!"), ("No.", "Yes."), ("What?", "What?"), ("No", "No no no no no"),
    ("I don't know.", "I do not know."), ("I'm not, I ain't, I won't", "I am not, I will not"),
    ("can't cannot can not", "cannot"), ("y'all gonna", "you all are going to"), ("It's 45 in a 30.", "It is forty-five in a thirty."),
    ("2 beers, maybe 3.", "Two beers. Maybe three."), ("$20.50", "20.50 dollars"), ("1,000", "1000"), ("10:30", "10 30"),
    ("Señor, ¿qué pasa?", "Señor, qué pasa"), ("café naïve", "cafe naive"), ("Привет", "Привет"), ("你好 officer", "officer 你好"),
    ("👍 okay", "okay 👍"), ("“No,” he said", '"No," he said'), ("it’s", "it's"), ("STOP", "stop"), ("a b c d", "a b c d e"),
    ("one two three four", "one two three four"), ("four three two one", "one two three four"), ("dogs ran", "dog running"),
    ("the car", "the automobile"), ("I was driving home", "I drove to my house"), ("sir sir sir", "sir"), ("- - -", "-"),
    ("http://x.example/a?b=c", "x.example"), ("a@b.example", "a b example"), ("(hey)", "hey"), ("e-mail re-do", "email redo"),
    (LONG, LONG), (LONG, "No."), ("No.", LONG), (LONG[: len(LONG) // 2], LONG), ("no " * 200, "no"), ("word " * 200, LONG),
    ("\u200bhidden", "hidden"), ("tab\tinside", "tab inside"), ("line\nbreak", "line break"), ("&amp; &lt;", "& <"),
]  # fmt: skip


def spoken_pairs(count: int) -> list[tuple[str, str]]:
    """Pairs of real (fictional) speech: half unrelated lines, half a line against a mangled copy of itself."""
    lines = []
    for path in sorted((ROOT / "dataset_script" / "sample" / "transcripts").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            lines += [row["transcript"] for row in csv.DictReader(file)]
    rng = random.Random(7)
    pairs = []
    for number in range(count):
        line = rng.choice(lines)
        words = line.split()
        mangled = " ".join(word for word in words if rng.random() > 0.3) or words[0]
        pairs.append((rng.choice(lines), line) if number % 2 else (mangled, line))
    return pairs


def library_values(prediction: str, reference: str) -> dict[str, float]:
    """ROUGE-L, sentence BLEU and METEOR as the libraries give them."""
    from nltk.tokenize import word_tokenize
    from nltk.translate.meteor_score import single_meteor_score
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu import sentence_bleu

    return {
        "rouge_l": 100 * RougeScorer(["rougeL"]).score(reference, prediction)["rougeL"].fmeasure,
        "bleu_4": sentence_bleu(prediction, [reference]).score,
        "meteor": 100 * single_meteor_score(word_tokenize(reference), word_tokenize(prediction)),
    }


def bertscore_values(pairs: list[tuple[str, str]]) -> list[float]:
    """BERTScore F1 by the offline encoder, one pair at a time; 0 where a side is empty (the library raises there)."""
    from bert_score import BERTScorer

    from eval_harness.offline_assets import ENCODER, ENCODER_LAYER, model_dir

    scorer = BERTScorer(model_type=str(model_dir(ENCODER)), num_layers=ENCODER_LAYER, use_fast_tokenizer=True)
    return [
        scorer.score([prediction], [reference])[2].item() if prediction.strip() and reference.strip() else 0.0
        for prediction, reference in pairs
    ]


def main() -> None:
    from sacrebleu import corpus_bleu

    from eval_harness.offline_assets import add_nltk_data

    add_nltk_data()
    pairs = EDGES + spoken_pairs(220 - len(EDGES))
    cases = [
        {"prediction": p, "reference": r, **library_values(p, r), "bertscore": b}
        for (p, r), b in zip(pairs, bertscore_values(pairs), strict=True)
    ]
    corpus = corpus_bleu([p for p, _ in pairs], [[r for _, r in pairs]]).score
    OUT.write_text(json.dumps({"corpus_bleu": corpus, "pairs": cases}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{len(cases)} pairs in {OUT}")


if __name__ == "__main__":
    main()
