"""Progress where there is no terminal: plain lines, with the time left once it can be told."""

import time

from eval_harness import progress


def test_plain_lines_tell_the_time_left_and_the_end(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PLAIN_INTERVAL_S", 0.0)
    with progress.progress_bar("scoring") as report:
        report(0, 4)
        time.sleep(0.02)
        report(2, 4)
        report(4, 4)
    first, middle, last = capsys.readouterr().err.splitlines()
    assert first == "scoring: 0/4" and last == "scoring: 4/4"
    assert middle == "scoring: 2/4, about 0 s left"


def test_plain_lines_do_not_flood(capsys):
    with progress.progress_bar("scoring") as report:
        for done in range(1000):
            report(done, 1000)
        report(1000, 1000)
    assert len(capsys.readouterr().err.splitlines()) == 2
