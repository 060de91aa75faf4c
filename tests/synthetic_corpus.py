"""A synthetic corpus in the released form, with every defect of CORPUS.md at its measured rate.

    python -m tests.synthetic_corpus OUT [--files 1500] [--seed 1]

The words come from a first-order Markov chain over the fictional sample, one chain a side, so that vocabulary, turn lengths and commands are like
speech and no two files share a run of six words but by chance. Nothing in it means anything. ``truth.json`` says what was put where.
"""

import argparse
import csv
import itertools
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE

SAMPLE = Path(__file__).parents[1] / "dataset_script" / "sample" / "transcripts"
TRUTH = "truth.json"
FIRST = [
    "Dana",
    "Marisol",
    "Teo",
    "Ruth",
    "Amara",
    "Piotr",
    "Leila",
    "Hank",
    "Joelle",
    "Samir",
    "Bettina",
    "Kofi",
    "Yara",
    "Owen",
    "Lucille",
    "Tomas",
    "Ngozi",
    "Frank",
    "Ada",
    "Ravi",
]
LAST = [
    "Okafor",
    "Whitlock",
    "Barrow",
    "Strand",
    "Lindqvist",
    "Amador",
    "Pell",
    "Kessler",
    "Dunmore",
    "Vance",
    "Ibarra",
    "Nowak",
    "Haddad",
    "Quill",
    "Sorley",
    "Mbeki",
    "Tran",
    "Ost",
]
OFFICER_LABELS = (
    "[Police Officer]",
    "[Officer]",
    "Officer {last}",
    "Deputy {last}",
    "[Sheriff's Deputy]",
    "Sgt. {last}",
)
MISSED_OFFICERS = (
    "[Detective]",
    "Det. {last}",
    "[Patrolman]",
    "[Constable]",
    "Captain {last}",
    "[Air Unit]",
    "[Interrogator]",
)
CIVILIAN_LABELS = (
    "[Driver]",
    "[Woman]",
    "[Caller]",
    "[Neighbor]",
    "[Store Manager]",
    "[Registered Nurse]",
    "[Student]",
    "[Bystander]",
)
OTHER_LABELS = (
    "[EMT]",
    "[Judge]",
    "[Asset Protection Officer]",
    "[GPS]",
    "[Unknown]",
    "[Voice 2]",
    "Dispatch",
    "[911 Operator]",
)
ADVERTS = (
    "This video is sponsored by a mattress that nobody has slept on. Use code NIGHT for ten percent off.",
    "Before we go on, hit that subscribe button, and the link is in the description.",
)
INVENTED = (
    "Welcome back to the future of work podcast, I'm your host.",
    "Today we're joined by a leading expert on artificial intelligence in the healthcare industry.",
    "Thank you so much for having me. Machine learning is about digital transformation.",
    "And what does that mean for remote work and sustainability?",
)
DEBRIS = (
    'I said no. "voice": 3 }, { "start": "02:14"',
    "00:01:02 --> 00:01:05 get out of the car",
    "```json",
    "fine, whatever </s>",
)
PROMPT_LIKE = "The output must be a valid JSON array with a start_time field. Return only JSON."
SPANISH = "no sé de qué me está hablando señor yo solamente estaba esperando a mi hermano en la esquina"
JAPANESE = "ここには誰もいません。静かにしてください。"

# Share of files (or turns) with a defect: CORPUS.md §§ 1, 3, 4, 6, train column. Kinds that imply each other there (a commentary
# channel has one label, no authority and mostly narration) are counted once here.
FILE_RATES = {
    "commentary_channel": 0.082,
    "no_authority": 0.015,
    "single_label": 0.030,
    "mostly_narration": 0.045,
    "much_narration": 0.142,
    "some_narration": 0.380,
    "advert": 0.144,
    "short": 0.050,
    "invented": 0.003,
    "not_english": 0.001,
    "court_title": 0.021,
    "trailer_title": 0.005,
    "in_turn_loop": 0.104,
    "cycle": 0.053,
    "debris": 0.014,
    "prompt_like": 0.001,
    "impossible_pace": 0.027,
    "incomplete": 0.063,
    "past_the_end": 0.002,
    "odd_clock": 0.001,
    "backwards_clock": 0.003,
    "duplicate": 0.031,
    "part_of_series": 0.101,
    "minor": 0.024,
    "damaged_file": 0.008,
}
NARRATION = {"mostly_narration": (0.55, 0.7), "much_narration": (0.27, 0.45), "some_narration": (0.01, 0.2)}
"""Share of a file's words that a narrator speaks; so 62 % of the files have one, 26 % more than a quarter of the words."""
TURN_RATES = {
    "one_word": 0.141,
    "repeats_own_line": 0.037,
    "echo": 0.0065,
    "rank_and_surname": 0.0041,
    "self_introduction": 0.0026,
    "phone": 0.0003,
    "address": 0.0006,
    "birth_date_answer": 0.0008,
    "foreign_turn": 0.0017,
}


@dataclass
class File:
    """A transcript in the making: rows of (label, text), and what is wrong with it."""

    name: str
    source: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    defects: Counter = field(default_factory=Counter)
    title: str = ""
    duration_s: float | None = None
    seconds_per_word: float = 0.42


@cache
def _chains() -> dict[str, dict[str, list[str]]]:
    """Side → word → words that follow it in the sample; the empty word begins and ends a turn."""
    roles = json.loads((Path(__file__).parent / "data" / "sample_roles.json").read_text("utf-8"))
    chains: dict[str, dict[str, list[str]]] = {side: defaultdict(list) for side in ("authority", "civilian")}
    for path in sorted(SAMPLE.glob("*.csv")):
        own = roles[path.stem]
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                role = own[row["speaker_label"]]
                side = "authority" if role in AUTHORITY else "civilian" if role in CIVILIAN_SIDE else None
                if side:
                    words = ["", *row["transcript"].split(), ""]
                    for word, following in itertools.pairwise(words):
                        chains[side][word].append(following)
    return chains


def speak(rng: random.Random, side: str, longest: int = 60) -> str:
    """One utterance of a side."""
    chain, word = _chains()[side], ""
    words: list[str] = []
    while len(words) < longest:
        word = rng.choice(chain[word])
        if not word:
            break
        words.append(word)
    return " ".join(words) or "Yeah."


def _length(rng: random.Random) -> int:
    """Turns of a file: p5 20, p50 161, p95 473 (CORPUS.md § 7)."""
    return max(8, min(1739, round(rng.lognormvariate(5.08, 0.75))))


def _name(rng: random.Random) -> str:
    return rng.choice(FIRST) if rng.random() < 0.5 else f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def _dialogue(rng: random.Random, file: File, turns: int) -> None:
    """Officers and civilians in turn, with runs of one label, one-word turns and personal data at the measured rates."""
    pool = MISSED_OFFICERS if rng.random() < 0.06 else OFFICER_LABELS
    officers = [rng.choice(pool).format(last=rng.choice(LAST)) for _ in range(rng.choice((1, 1, 2, 3)))]
    if rng.random() < 0.12:
        officers.append(rng.choice(LAST))
    civilians = [
        _name(rng) if rng.random() < 0.7 else rng.choice(CIVILIAN_LABELS) for _ in range(rng.choice((1, 1, 2, 3)))
    ]
    others = rng.sample(OTHER_LABELS, rng.choice((0, 1, 1, 2)))
    side, label = "authority", officers[0]
    while len(file.rows) < turns:
        if rng.random() > 0.18:
            side = "civilian" if side == "authority" else "authority"
            label = rng.choice(officers if side == "authority" else civilians)
            if others and rng.random() < 0.04:
                label = rng.choice(others)
        text = (
            rng.choice(("Yeah.", "Okay.", "No.", "What?", "Right."))
            if rng.random() < TURN_RATES["one_word"]
            else speak(rng, side)
        )
        file.rows.append((label, _turn_defect(rng, file, label, side, text)))


def _turn_defect(rng: random.Random, file: File, label: str, side: str, text: str) -> str:
    previous = file.rows[-1] if file.rows else None
    own = next((said for who, said in reversed(file.rows) if who == label), None)
    texts = {
        "repeats_own_line": own,
        "echo": previous[1] if previous and previous[0] != label and previous[1].count(" ") >= 2 else None,
        "rank_and_surname": f"Deputy {rng.choice(LAST)}, can you come over here?",
        "self_introduction": f"My name is {rng.choice(FIRST)} {rng.choice(LAST)}.",
        "phone": f"Call me at 555-01{rng.randrange(10, 100)}.",
        "address": f"I live at {rng.randrange(100, 9000)} Birch Street.",
        "birth_date_answer": f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/{rng.randrange(1950, 2003)}",
        "foreign_turn": SPANISH,
    }
    for defect, replacement in texts.items():
        if replacement is not None and rng.random() < TURN_RATES[defect]:
            file.defects[defect] += 1
            return replacement
    return text


def _loop(rng: random.Random, file: File) -> None:
    """One or two turns that loop, long enough to make 13 % of all words."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        position = rng.randrange(len(file.rows))
        label, text = file.rows[position]
        phrase = " ".join(speak(rng, "civilian").split()[: rng.randrange(2, 12)])
        repeats = max(5, round(rng.lognormvariate(5.3, 1.5)) // max(1, len(phrase.split())) * 5)
        file.rows[position] = (label, f"{text} {' '.join([phrase] * min(repeats, 4000))}")
        file.defects["in_turn_loop"] += 1


def _cycle(rng: random.Random, file: File) -> None:
    """A cycle of lines at the end of the file."""
    lines = [(label, speak(rng, "civilian", 8)) for label, _ in file.rows[-rng.randrange(2, 9) :]]
    rounds = max(4, round(len(file.rows) * rng.choice((0.4, 0.8, 1.2)) / len(lines)))
    file.rows += lines * rounds
    file.defects["cycle"] += len(lines) * (rounds - 1)


def _narrate(rng: random.Random, file: File, share: float, label: str) -> None:
    """Narration between the turns until it is this share of the words."""
    words = sum(len(text.split()) for _, text in file.rows)
    narrated = 0
    while narrated < share / (1 - share) * words:
        text = " ".join(speak(rng, "civilian") for _ in range(4))
        narrated += len(text.split())
        file.rows.insert(rng.randrange(len(file.rows) + 1), (label, text))


def _whole_file(rng: random.Random, file: File, chosen: set[str]) -> None:
    """Fill a file's rows."""
    if "invented" in chosen:
        file.rows = [(f"[Expert {n % 2}]", INVENTED[n % 4] if n % 3 else speak(rng, "civilian")) for n in range(40)]
        file.rows = [(label, text if n % 3 else INVENTED[n % 4]) for n, (label, text) in enumerate(file.rows)]
    elif "not_english" in chosen:
        file.rows = [("[Host]" if n % 2 else "[Guest]", JAPANESE) for n in range(22)]
    elif chosen & {"commentary_channel", "single_label"}:
        label = "[Narrator]" if "commentary_channel" in chosen else "[Speaker]"
        file.rows = [(label, " ".join(speak(rng, "civilian") for _ in range(3))) for _ in range(_length(rng) // 3 + 8)]
    elif "no_authority" in chosen:
        names = [_name(rng), rng.choice(CIVILIAN_LABELS)]
        file.rows = [(names[n % 2], speak(rng, "civilian")) for n in range(_length(rng))]
    else:
        _dialogue(rng, file, rng.randrange(8, 20) if "short" in chosen else _length(rng))


def make_file(rng: random.Random, number: int) -> File:
    """One file with the defects that the dice give it."""
    source = rng.choices(("youtube", "tiktok", "facebook"), (0.75, 0.22, 0.03))[0]
    file = File(f"clip{number:06d}", source, title=f"{rng.choice(FIRST)} and the {speak(rng, 'civilian', 3)} {number}")
    chosen = {name for name, rate in FILE_RATES.items() if rng.random() < rate}
    _whole_file(rng, file, chosen)
    told = next((name for name in NARRATION if name in chosen), None)
    if told is not None:
        _narrate(rng, file, rng.uniform(*NARRATION[told]), rng.choice(("[Narrator]", "[Host]", "[Reporter]")))
        chosen -= NARRATION.keys() - {told}
    if "advert" in chosen:
        file.rows.insert(rng.randrange(len(file.rows)), ("[Host]", rng.choice(ADVERTS)))
    if "cycle" in chosen:
        _cycle(rng, file)
    if "in_turn_loop" in chosen:
        _loop(rng, file)
    for name, text in (("debris", rng.choice(DEBRIS)), ("prompt_like", PROMPT_LIKE), ("minor", "I'm fourteen, sir.")):
        if name in chosen:
            position = rng.randrange(len(file.rows))
            file.rows[position] = (file.rows[position][0], text)
    if "court_title" in chosen:
        file.title = f"Courtroom hearing {number}"
    if "trailer_title" in chosen:
        file.title = f"Top 10 compilation {number}"
    if "impossible_pace" in chosen:
        file.seconds_per_word = 0.15
    for name in chosen - {"duplicate", "part_of_series", "damaged_file", "short", "in_turn_loop", "cycle"}:
        file.defects[name] += 1
    file.defects.update({name: 1 for name in ("short",) if name in chosen})
    if "incomplete" in chosen or "past_the_end" in chosen or rng.random() < 0.5:
        file.duration_s = {"incomplete": 1.7, "past_the_end": 0.7}.get(
            next(iter(chosen & {"incomplete", "past_the_end"}), ""), 1.02
        )
    return file


def _clock(seconds: float, *, odd: bool) -> str:
    text = f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
    return f"{text},{int(seconds * 1000) % 1000:03d}" if odd else text


def write_file(rng: random.Random, file: File, folder: Path) -> float:
    """Write a file as the release does (UTF-8, CRLF, three columns); returns the last start time in seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    now = last = 0.0
    with (folder / f"{file.name}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["start_time", "speaker_label", "transcript"])
        for number, (label, text) in enumerate(file.rows):
            shown = max(0.0, now - 60) if "backwards_clock" in file.defects and number == len(file.rows) // 2 else now
            writer.writerow([_clock(shown, odd="odd_clock" in file.defects), label, text])
            last = now
            if rng.random() > 0.025:
                now += max(
                    1.0 if file.seconds_per_word > 0.2 else 0.0, min(len(text.split()), 400) * file.seconds_per_word
                )
    return last


def _damage(rng: random.Random, path: Path) -> str:
    """Break a file in one of the ways that people's exports break; returns which."""
    kinds = {
        "empty": lambda data: b"",
        "bom": lambda data: b"\xef\xbb\xbf" + data,
        "cp1252": lambda data: data.replace(b"Yeah", b"Yeah \x96 caf\xe9", 1) + b"09:59,[Woman],caf\xe9\r\n",
        "nul": lambda data: data[:200] + b"\x00\x00" + data[200:],
        "no_column": lambda data: data.replace(b"speaker_label", b"who", 1).replace(b"transcript", b"what", 1),
        "open_quote": lambda data: data + b'09:59,[Woman],"never closed\r\n',
    }
    kind = rng.choice(sorted(kinds))
    path.write_bytes(kinds[kind](path.read_bytes()))
    return kind


def generate(out: Path, files: int = 1500, seed: int = 1) -> dict:
    """Write a corpus and its sidecar.

    Returns:
        truth: defect → number of files or turns it was put into; ``cuts``: (clip, its original), ``series``: titles of several parts.
    """
    rng = random.Random(seed)
    truth: dict = {
        "files": files,
        "defects": Counter(),
        "cuts": [],
        "series": 0,
        "damaged": Counter(),
        "turns": 0,
        "words": 0,
    }
    sidecar: list[dict[str, Any]] = []
    originals: list[Any] = []
    series_left, series_title = 0, ""
    for number in range(files):
        file = make_file(rng, number)
        clean = not file.defects.keys() & {
            "no_authority",
            "single_label",
            "commentary_channel",
            "invented",
            "not_english",
            "short",
        }
        if originals and clean and rng.random() < FILE_RATES["duplicate"]:
            original = rng.choice(originals)
            span = max(12, round(len(original.rows) * rng.uniform(0.15, 0.8)))
            start = rng.randrange(max(1, len(original.rows) - span))
            file = File(file.name, "tiktok", original.rows[start : start + span], Counter(duplicate=1), file.title)
            truth["cuts"].append([file.name, original.name])
        elif clean and len(file.rows) > 60:
            originals.append(file)
        if series_left == 0 and rng.random() < FILE_RATES["part_of_series"] / 2.8:
            series_left, series_title = (
                rng.choice((2, 3, 4)),
                f"{rng.choice(FIRST)} v. the {speak(rng, 'civilian', 4)} {number}",
            )
            truth["series"] += 1
        if series_left:
            file.title = f"{series_title} Part {series_left}"
            series_left -= 1
        last = write_file(rng, file, out / file.source)
        truth["defects"].update(file.defects)
        truth["turns"] += len(file.rows)
        truth["words"] += sum(len(text.split()) for _, text in file.rows)
        if rng.random() < FILE_RATES["damaged_file"]:
            truth["damaged"][_damage(rng, out / file.source / f"{file.name}.csv")] += 1
        duration = round(last * file.duration_s + 2, 1) if file.duration_s and last else None
        category = rng.choice(("traffic stop", "domestic", "welfare check", "theft", "disorder", "other"))
        row = {
            "transcript": file.name,
            "source": file.source,
            "category": category,
            "title": file.title,
            "duration_s": duration,
        }
        sidecar.append({key: value for key, value in row.items() if value is not None})
    (out / "scenarios.jsonl").write_text("".join(json.dumps(row) + "\n" for row in sidecar), "utf-8")
    (out.parent / f"{out.name}-{TRUTH}").write_text(json.dumps(truth, indent=1), "utf-8")
    return truth


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(generate(arguments.out, arguments.files, arguments.seed), indent=1))
