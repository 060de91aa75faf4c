"""Folders and archives that a user downloaded by hand: what is unpacked, and what is refused."""

import gzip
import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataset_script.download import archives, open_source
from dataset_script.download.archives import ARCHIVE_SUFFIXES, Limits, unpack
from dataset_script.download.names import Names, UnsafeName
from dataset_script.errors import DataError

CSV = b"start_time,speaker_label,transcript\n00:01,[Man],No.\n"


def zipped(path, *members):
    """A zip of (name, content) or (ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return path


def tarred(path, *members, mode="w"):
    """A tar of (name, content) or (TarInfo, content)."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_folder_is_used_where_it_is(tmp_path):
    assert open_source(tmp_path) == tmp_path == open_source(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.tar", "w"),
        ("a.tar.gz", "w:gz"),
        ("A.TGZ", "w:gz"),
        ("a.tar.xz", "w:xz"),
        ("a.tar.bz2", "w:bz2"),
        ("a.zip", None),
    ],
)
def test_each_kind_of_archive_is_unpacked_once_into_the_cache(tmp_path, name, mode):
    path = tmp_path / name
    members = [
        ("YouTube/a.csv", CSV),
        ("TikTok/a.csv", b"x"),
        ("__MACOSX/YouTube/._a.csv", b"\0"),
        ("TikTok/._b.csv", b"\0"),
    ]
    tarred(path, *members, mode=mode) if mode else zipped(path, *members)
    folder = open_source(path, cache=tmp_path / "cache")
    assert contents(folder) == {"YouTube/a.csv": CSV, "TikTok/a.csv": b"x"}
    before = (folder / "YouTube" / "a.csv").stat().st_mtime_ns
    assert open_source(path, cache=tmp_path / "cache") == folder
    assert (folder / "YouTube" / "a.csv").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.unlink(), lambda path: path.write_bytes(CSV.replace(b"No", b"Ja"))],
    ids=["gone", "other"],
)
def test_an_unpacked_folder_that_is_no_longer_whole_is_unpacked_again(tmp_path, spoil):
    path = zipped(tmp_path / "a.zip", ("a.csv", CSV), ("b.csv", CSV))
    spoil(open_source(path, cache=tmp_path / "cache") / "b.csv")
    assert contents(open_source(path, cache=tmp_path / "cache")) == {"a.csv": CSV, "b.csv": CSV}


def test_an_archive_made_of_the_current_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(CSV)
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "in", arcname=".")
    assert contents(open_source(tmp_path / "a.tgz", cache=tmp_path / "cache")) == {"a.csv": CSV}


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda d: zipped(d / "a.zip", ("../../a.csv", CSV)), r"'../../a.csv' points outside"),
        (lambda d: zipped(d / "a.zip", ("..\\a.csv", CSV)), "points outside"),
        (lambda d: zipped(d / "a.zip", ("/etc/a.csv", CSV)), "absolute"),
        (lambda d: zipped(d / "a.zip", ("C:\\a.csv", CSV)), "absolute"),
        (lambda d: zipped(d / "a.zip", ("a\x1b[2J.csv", CSV)), "no usable file name"),
        (lambda d: zipped(d / "a.zip", ("a/" * 40 + "a.csv", CSV)), "too long"),
        (lambda d: zipped(d / "a.zip", ("é" * 200 + ".csv", CSV)), "too long"),
        (lambda d: zipped(d / "a.zip", ("a.csv", CSV), ("A.csv", CSV)), "'A.csv' is there twice, or differs .* case"),
        (lambda d: zipped(d / "a.zip", ("\u00e9.csv", CSV), ("e\u0301.csv", CSV)), "is there twice"),
        (lambda d: zipped(d / "a.zip", ("a", CSV), ("A/b.csv", CSV)), "is there twice"),
        (lambda d: zipped(d / "a.zip", (zip_link("a.csv"), b"/etc/passwd")), "'a.csv' is a link or a device"),
        (lambda d: tarred(d / "a.tar", ("../a.csv", CSV)), "points outside"),
        (lambda d: tarred(d / "a.tar", ("/a.csv", CSV)), "absolute"),
        (lambda d: tarred(d / "a.tar", ("b/a.csv", CSV), (special("b", tarfile.REGTYPE), b"")), "is there twice"),
        (lambda d: tarred(d / "a.tar", (special("a.csv", tarfile.SYMTYPE, "/etc/passwd"), b"")), "'a.csv' is a link"),
        (lambda d: tarred(d / "a.tar", (special("a.csv", tarfile.LNKTYPE, "../x"), b"")), "'a.csv' is a link"),
        (lambda d: tarred(d / "a.tar", (special("a.csv", tarfile.CHRTYPE), b"")), "a device"),
        (lambda d: tarred(d / "a.tar", (special("a.csv", tarfile.FIFOTYPE), b"")), "a device"),
    ],
)  # fmt: skip
def test_unsafe_members_are_refused_by_name_and_nothing_is_left(tmp_path, build, says):
    path = build(tmp_path)
    with pytest.raises(DataError, match=says) as refused:
        open_source(path, cache=tmp_path / "cache")
    assert str(path) in str(refused.value)
    assert contents(tmp_path).keys() <= {path.name, *(name for name in contents(tmp_path) if name.endswith(".lock"))}


def test_a_zip_bomb_is_refused_before_it_swells(tmp_path):
    path = zipped(tmp_path / "a.zip", ("a.csv", CSV), ("b.csv", bytes(80 * 2**20)))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"'b\.csv' swells it past 67,108,864 bytes"):
        open_source(path, cache=tmp_path / "cache")


def test_a_tar_bomb_is_refused(tmp_path):
    path = tarred(tmp_path / "a.tgz", ("b.csv", bytes(80 * 2**20)), mode="w:gz")
    with pytest.raises(DataError, match=r"'b\.csv' swells"):
        open_source(path, cache=tmp_path / "cache")


def test_a_tar_header_that_swells_is_refused_before_it_fills_the_memory(tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 2**30
    with gzip.open(tmp_path / "a.tgz", "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(4 * archives.MAX_TAR_HEADER_BYTES))
    with pytest.raises(DataError, match="a header is longer than"):
        open_source(tmp_path / "a.tgz", cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("limits", "says"),
    [(Limits(members=1), "more than 1 members"), (Limits(total_bytes=60), "'b.csv' swells it past 60")],
)
def test_limits_hold_for_the_archive_as_a_whole(tmp_path, limits, says):
    path = zipped(tmp_path / "a.zip", ("a.csv", CSV), ("b.csv", CSV))
    with pytest.raises(DataError, match=says):
        unpack(path, tmp_path / "out", limits)
    assert not (tmp_path / "out").exists()


def test_an_encrypted_member_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", ("a.csv", CSV))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"'a\.csv' is encrypted"):
        open_source(path, cache=tmp_path / "cache")


def test_a_cut_archive_is_refused_and_a_good_one_of_its_name_is_then_read(tmp_path):
    path = zipped(tmp_path / "a.zip", ("a.csv", os.urandom(5000)))
    whole = path.read_bytes()
    path.write_bytes(whole[:3000])
    with pytest.raises(DataError, match="damaged or encrypted"):
        open_source(path, cache=tmp_path / "cache")
    path.write_bytes(whole)
    assert list(contents(open_source(path, cache=tmp_path / "cache"))) == ["a.csv"]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: 2 * 1024],
        lambda data: data[: 2 * 1024 + 100],
        lambda data: data[: 2 * 1024] + b"x" + data[2 * 1024 + 1 :],
        lambda data: data[: 2 * 1024] + bytes(1024) + data[3 * 1024 :],
    ],
    ids=["cut between members", "cut in a header", "a flipped byte in a header", "a hole of zeros"],
)
def test_members_behind_a_damaged_place_of_a_tar_are_never_lost_in_silence(tmp_path, damage, suffix):
    whole = tarred(tmp_path / "whole.tar", *((f"{n}.csv", CSV) for n in range(5))).read_bytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(damage(whole)) if suffix.endswith(".gz") else damage(whole))
    with pytest.raises(DataError, match="damaged"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_an_unpacking_that_was_killed_left_is_cleared_away(tmp_path):
    path = zipped(tmp_path / "a.zip", ("a.csv", CSV))
    (tmp_path / ".out.unpacking").mkdir()
    (tmp_path / ".out.unpacking" / "half.csv").write_bytes(b"")
    unpack(path, tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.csv": CSV}


@pytest.mark.parametrize(("name", "says"), [("a.rar", "neither a folder nor an archive"), ("b.zip", "does not exist")])
def test_other_paths_are_refused(tmp_path, name, says):
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match=says):
        open_source(tmp_path / name)


@given(st.lists(st.text(alphabet="aAé./\\:\x00", max_size=8), max_size=6))
def test_taken_names_stay_inside_and_never_meet(names):
    taken, paths = Names(), []
    for name in names:
        try:
            paths.append(taken.take(name))
        except UnsafeName:
            continue
    folded = [str(path).casefold() for path in paths]
    assert len(set(folded)) == len(folded)
    for path in paths:
        assert not path.is_absolute() and ".." not in path.parts
        assert not any(str(parent).casefold() in folded for parent in path.parents)


@example(content=b"PK\x05\x06" + bytes(18), suffix=".zip")  # an empty zip
@given(content=st.binary(max_size=600), suffix=st.sampled_from(ARCHIVE_SUFFIXES))
def test_any_bytes_are_unpacked_or_refused_never_a_crash(tmp_path_factory, content, suffix):
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / f"a{suffix}"
    path.write_bytes(content)
    try:
        unpack(path, folder / "out")
    except DataError as error:
        assert str(path) in str(error) and not (folder / "out").exists()


@example(place=229, byte=0, kind="zip")  # a name of no characters
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), kind=st.sampled_from(["zip", "tar"]))
def test_a_flipped_byte_is_unpacked_or_refused_never_a_crash(tmp_path_factory, place, byte, kind):
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / f"a.{kind}"
    (zipped if kind == "zip" else tarred)(path, ("b/a.csv", CSV), ("c.csv", CSV * 3))
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    try:
        unpack(path, folder / "out")
    except DataError as error:
        assert str(path) in str(error) and not (folder / "out").exists()
