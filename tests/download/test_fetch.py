"""What `sh download.sh` promises: the right file or none at a final name, whatever the servers do, in bounded time."""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import types
import zipfile
from pathlib import Path

import bad_server as bad
import numpy as np
import pytest
from narrow import chain
from PIL import Image

from neural_style.download import command, fetch, sources
from neural_style.download import transport as download
from neural_style.download.sources import File, Source
from neural_style.files import checksum
from neural_style.networks.layers import convolutions
from neural_style.networks.registry import NETWORKS
from neural_style.weights import store

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = bytes(np.random.default_rng(1).integers(0, 256, 3000, np.uint8))
SHA256 = hashlib.sha256(DATA).hexdigest()
REGISTERED = tuple(NETWORKS)
TINY = chain("vgg19", conv1_1=2, conv1_2=2)


@pytest.fixture(autouse=True)
def no_make_above(monkeypatch):
    """What `make test ENGINE=torch` was called with is not meant for the `make` of a test."""
    for name in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "ENGINE", "TORCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, no proxy, no mirror, and networks of a few bytes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # with its caches
    for name in ("NSTYLE_MIRROR", "XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "MXNET_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "LIMIT", 200000)
    monkeypatch.setitem(NETWORKS, "vgg19", TINY)
    monkeypatch.setitem(NETWORKS, "squeezenet", TINY)
    monkeypatch.setitem(NETWORKS, "vgg16", TINY)
    return tmp_path


@pytest.fixture
def substitutes(monkeypatch):
    """What takes a minute in truth, in no time; returns the list of what was built."""
    built = []

    def build(path, engine, seed=0, progress=True):
        built.append("network")
        store.save(path, arrays())
        store.record(path, "learned", "built here", recipe=7, seed=seed)

    def write(folder):
        built.append("pictures")
        for name in ("standin_photograph.jpg", "standin_painting.jpg"):
            Path(folder, name).write_bytes(b"picture")

    for name, module in (
        ("learn", types.SimpleNamespace(build=build, RECIPE=7, engine=lambda: None)),
        ("standins", types.SimpleNamespace(write=write)),
    ):
        monkeypatch.setitem(sys.modules, f"neural_style.download.{name}", module)
        monkeypatch.setattr(sys.modules["neural_style.download"], name, module, raising=False)
    return built


def client(**patience):
    return download.Client(**{"connect": 0.5, "answer": 2, "stall": 0.4, "tries": 2, "pause": 0.01, **patience})


def picture(*urls, size=0):
    return File("input/p.jpg", "", tuple(Source("p.jpg", url, (("SHA-256", SHA256),), size) for url in urls))


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        f"{layer}_{kind}": rng.standard_normal(shape if kind == "weight" else shape[:1]).astype("f4")
        for layer, shape in convolutions(TINY).items() for kind in ("weight", "bias")
    }


def vgg19(*found):
    return File("model/vgg19.params", "vgg19", found)


def params(path, seed=0):
    store.save(path, arrays(seed))
    return Source(path.name, "", (("SHA-256", checksum(path)),))


def visible(folder):
    return sorted(p.name for p in Path(folder).iterdir() if not p.name.startswith("."))


def parts():
    return sorted(p.name for p in Path("input").glob(".*.part*"))


BAD = {
    "403": bad.status(403),
    "404": bad.status(404),
    "410": bad.status(410),
    "500": bad.status(500),
    "503": bad.status(503),
    "429": bad.status(429),
    "204": bad.status(204),
    "an empty file": bad.whole(b""),
    "a web page": bad.page,
    "a page to sign in, redirected to": bad.status(302, Location="/page"),
    "a redirect without end": bad.status(302, Location="/bad"),
    "a redirect to a file": bad.status(302, Location="file:///etc/passwd"),
    "no answer": bad.silence,
    "a stall half way": bad.stall(DATA),
    "an end half way": bad.short(DATA),
    "an end half way, unannounced": bad.half(DATA),
    "a reset at once": bad.reset(),
    "a reset half way": bad.reset(DATA),
    "a shorter file": bad.whole(DATA[:-1]),
    "a longer file": bad.whole(DATA + b"x"),
    "a file that does not end": bad.unending,
    "a changed byte": bad.whole(DATA[:-1] + b"x"),
    "a redirect to no address": bad.status(302, Location="http://[::1/x"),
    "a length that is no number": bad.head_only(Content_Length="\u00b2"),
    "a length of 5000 digits": bad.head_only(Content_Length="9" * 5000),
    "a part though none was asked for": bad.status(206, Content_Range="bytes 0-99/3000"),
}


@pytest.mark.parametrize("size", [len(DATA), 0], ids=["size known", "size unknown"])
@pytest.mark.parametrize("fault", BAD)
def test_good_source_after_a_bad_one(fault, size):
    with bad.serving({"/bad": BAD[fault], "/page": bad.page, "/good": bad.whole(DATA)}) as (root, _):
        began = time.monotonic()
        # two servers, because a host that does not answer is not asked again
        with bad.serving({"/good": bad.whole(DATA)}) as (other, _):
            outcome = fetch.fetch(picture(root + "/bad", other + "/good", size=size), None, client())
    assert outcome.there and other in outcome.text and "SHA-256" in outcome.text
    assert Path("input/p.jpg").read_bytes() == DATA
    assert visible("input") == ["p.jpg"] and not parts()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("fault", BAD)
def test_bad_source_alone_leaves_nothing_at_the_final_name(fault):
    with bad.serving({"/bad": BAD[fault], "/page": bad.page}) as (root, _):
        outcome = fetch.fetch(picture(root + "/bad"), None, client())
    assert not outcome.there and "MISSING" in outcome.text
    assert visible("input") == []


@pytest.mark.parametrize("where", ["refused", "unknown host", "no TLS"])
def test_unreachable_source(where, capsys):
    with bad.serving({"/good": bad.whole(DATA)}) as (root, _):
        address = {
            "refused": bad.closed_port() + "/p.jpg",
            "unknown host": "http://nowhere.invalid/p.jpg",
            "no TLS": root.replace("http:", "https:") + "/good",
        }[where]
        began = time.monotonic()
        outcome = fetch.fetch(picture(address, root + "/good"), None, client())
    assert outcome.there and root in outcome.text
    assert "in a row" not in capsys.readouterr().err
    assert time.monotonic() - began < 4


def test_name_look_up_that_hangs_is_left_behind(monkeypatch):
    look_up = socket.getaddrinfo

    def hang(host, *rest, **more):
        if host == "slow.invalid":
            time.sleep(5)
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with bad.serving({"/good": bad.whole(DATA)}) as (root, _):
        began = time.monotonic()
        assert fetch.fetch(picture("http://slow.invalid/p.jpg", root + "/good"), None, client(answer=0.5)).there
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("url", ["http://nowhere.invalid/", None])
def test_host_without_answer_is_asked_once(url, capsys):
    patient = client(tries=1)
    with bad.serving({"/p.jpg": bad.silence}) as (root, asked):
        for _ in range(3):
            fetch.fetch(picture((url or root + "/") + "p.jpg"), None, patient)
    assert capsys.readouterr().err.count("has not answered before") == 2
    assert len(asked) == (0 if url else 1)


@pytest.mark.parametrize("fault", ["500", "503", "429", "a reset at once", "a reset half way", "an end half way",
                                   "a stall half way", "no answer"])
def test_passing_fault_is_tried_again(fault):
    with bad.serving({"/p.jpg": [BAD[fault], bad.whole(DATA)]}) as (root, asked):
        outcome = fetch.fetch(picture(root + "/p.jpg"), None, client())
    assert outcome.there and len(asked) == 2
    assert Path("input/p.jpg").read_bytes() == DATA


@pytest.mark.parametrize("fault", ["403", "404", "a web page", "a redirect to a file"])
def test_lasting_fault_is_not_tried_again(fault):
    with bad.serving({"/p.jpg": [BAD[fault], bad.whole(DATA)]}) as (root, asked):
        fetch.fetch(picture(root + "/p.jpg"), None, client())
    assert len(asked) == 1


def test_unannounced_end_is_noticed_where_the_size_is_known():
    with bad.serving({"/p.jpg": [bad.half(DATA), bad.whole(DATA)]}) as (root, asked):
        assert fetch.fetch(picture(root + "/p.jpg", size=len(DATA)), None, client()).there
    assert asked[1][1]["Range"] == f"bytes={len(DATA) // 2}-"


def test_page_to_sign_in_does_not_undo_what_has_come(capsys):
    with bad.serving({"/p.jpg": [bad.stall(DATA), bad.page, bad.whole(DATA)]}) as (root, asked):
        for there in (False, False, True):
            assert fetch.fetch(picture(root + "/p.jpg"), None, client(tries=1, stall=0.1)).there == there
    assert "web page" in capsys.readouterr().err
    assert asked[2][1]["Range"] == asked[1][1]["Range"] == f"bytes={len(DATA) // 2}-"


def test_slow_but_steady_server_is_waited_for():
    with bad.serving({"/p.jpg": bad.whole(DATA, piece=200, pause=0.05)}) as (root, asked):
        assert fetch.fetch(picture(root + "/p.jpg"), None, client(slowest=100)).there
    assert len(asked) == 1


def test_server_that_drips_is_given_up():
    with bad.serving({"/p.jpg": bad.whole(DATA, piece=1, pause=0.05)}) as (root, _):
        began = time.monotonic()
        assert not fetch.fetch(picture(root + "/p.jpg"), None, client(stall=0.1, slowest=1000)).there
    assert time.monotonic() - began < 3
    assert visible("input") == []


def test_every_length_is_resumed():
    """A run that was cut off after any number of bytes is gone on with by the next, from that byte on."""
    data = DATA[:50]
    for cut in range(1, len(data)):
        part = Path(f"{cut}.part")
        with bad.serving({"/p": [bad.short(data, cut), bad.whole(data)]}) as (root, asked):
            with pytest.raises(download.Unfit):
                download.download(root + "/p", part, client(tries=1))
            assert part.read_bytes() == data[:cut]
            assert download.download(root + "/p", part, client())
            assert asked[-1][1]["Range"] == f"bytes={cut}-" and asked[-1][1]["If-Range"] == '"1"'
        assert part.read_bytes() == data


@pytest.mark.parametrize("then", [
    bad.no_range(DATA), bad.wrong_range(DATA), bad.lying_range(DATA), bad.whole(DATA, etag='"2"'),
    [bad.status(416), bad.whole(DATA)],
    [bad.status(206, Content_Range="nonsense"), bad.whole(DATA)],
], ids=["Range ignored", "another range", "false range", "changed file", "416", "nonsense"])  # fmt: skip
def test_resumed_only_where_the_server_honours_it(then):
    """Begun with the first half of the file, or of another that stood there before: the result is the file."""
    for before in (DATA, DATA[::-1]):
        shutil.rmtree("input", ignore_errors=True)
        answers = [bad.stall(before), *(then if isinstance(then, list) else [then])]
        with bad.serving({"/p.jpg": answers}) as (root, asked):
            assert not fetch.fetch(picture(root + "/p.jpg"), None, client(tries=1, stall=0.1)).there
            assert len(parts()) == 2
            assert fetch.fetch(picture(root + "/p.jpg"), None, client()).there
            assert "Range" in asked[1][1]
        assert Path("input/p.jpg").read_bytes() == DATA and not parts()


def test_part_of_another_address_is_not_gone_on_with():
    with bad.serving({"/1": bad.stall(DATA[::-1]), "/2": bad.whole(DATA)}) as (root, asked):
        fetch.fetch(picture(root + "/1"), None, client(tries=1, stall=0.1))
        assert fetch.fetch(picture(root + "/2"), None, client()).there
    assert "Range" not in asked[-1][1]


RUN = """
import sys
from neural_style.download import fetch, sources, transport
url, sha256 = sys.argv[1:]
source = sources.Source("p.jpg", url, (("SHA-256", sha256),))
outcome = fetch.fetch(sources.File("input/p.jpg", "", (source,)), None, transport.Client(stall=20))
print(outcome.text)
sys.exit(not outcome.there)
"""


def start_run(url):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", RUN, url, SHA256], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_run_that_is_killed_half_way_is_gone_on_with(name):
    data = DATA * 40  # more than what is held back in buffers
    global_sha = hashlib.sha256(data).hexdigest()
    with bad.serving({"/p.jpg": [bad.stall(data), bad.whole(data)]}) as (root, asked):
        run = start_run(root + "/p.jpg")
        while not parts() or not any(Path("input", part).stat().st_size > 20000 for part in parts()):
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(getattr(signal, name))
        run.communicate(timeout=10)
        assert visible("input") == []
        file = File("input/p.jpg", "", (Source("p.jpg", root + "/p.jpg", (("SHA-256", global_sha),)),))
        assert fetch.fetch(file, None, client()).there
    assert int(asked[1][1]["Range"][len("bytes="):-1]) > 20000
    assert Path("input/p.jpg").read_bytes() == data


def test_two_runs_at_once_take_turns():
    with bad.serving({"/p.jpg": bad.whole(DATA, piece=300, pause=0.15)}) as (root, asked):
        runs = [start_run(root + "/p.jpg") for _ in range(2)]
        told = [run.communicate(timeout=20)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert len(asked) == 1 and sum("already there" in text for text in told) == 1
    assert Path("input/p.jpg").read_bytes() == DATA and os.listdir("input") == ["p.jpg"]


def test_lock_of_a_run_that_was_killed_is_no_hindrance():
    Path("input").mkdir()
    Path("input/.p.jpg.lock").write_bytes(b"")
    with bad.serving({"/p.jpg": bad.whole(DATA)}) as (root, _):
        assert fetch.fetch(picture(root + "/p.jpg"), None, client()).there
    assert os.listdir("input") == ["p.jpg"]


@pytest.mark.parametrize("url", ["http://[::1/x", "http://host:99999999/x", "http://\u2100.example/x", "no-scheme/x"])
def test_source_without_a_proper_address_is_passed_over(url):
    with bad.serving({"/good": bad.whole(DATA)}) as (root, _):
        assert fetch.fetch(picture(url, root + "/good"), None, client()).there
    outcome = fetch.fetch(picture(bad.closed_port() + "/p.jpg"), url, client(), force=True)
    assert outcome.there and "kept" in outcome.text


def test_what_a_server_says_commands_no_terminal(capsys):
    with bad.serving({"/bad": bad.said("Not\x1b]0;owned\x07 \x1b[2J\x9b here")}) as (root, _):
        fetch.fetch(picture(root + "/bad"), None, client())
    told = capsys.readouterr().err
    assert "404 Not" in told and " here" in told and told[:-1].isprintable()


def test_the_query_of_an_address_is_neither_told_nor_kept(capsys):
    """Signed addresses carry their key in it."""
    signed = "/p.jpg?X-Amz-Signature=secret&token=secret"
    with bad.serving({signed: [bad.stall(DATA), bad.whole(DATA)]}) as (root, asked):
        file = picture(f"{root}{signed}#secret")
        first = fetch.fetch(file, None, client(tries=1, stall=0.1))
        kept = "".join(Path("input", part).read_text("latin1") for part in parts())
        second = fetch.fetch(file, None, client())
    assert second.there and f"{root}/p.jpg," in second.text and len(asked) == 2
    assert "secret" not in first.text + second.text + kept + "".join(capsys.readouterr())


def test_nothing_to_do_is_done_without_a_request():
    with bad.serving({"/p.jpg": bad.whole(DATA)}) as (root, asked):
        for _ in range(3):
            assert fetch.fetch(picture(root + "/p.jpg"), None, client()).there
        assert len(asked) == 1
        assert fetch.fetch(picture(root + "/p.jpg"), None, client(), force=True).there
        assert len(asked) == 2


def test_picture_of_other_content_is_set_aside_not_lost():
    Path("input").mkdir()
    Path("input/p.jpg").write_bytes(DATA[:-1])
    damaged = fetch.fetch(picture(bad.closed_port() + "/p.jpg"), None, client())
    assert not damaged.there and "DAMAGED" in damaged.text
    Image.new("RGB", (40, 40)).save("input/p.jpg")
    own = Path("input/p.jpg").read_bytes()
    kept = fetch.fetch(picture(bad.closed_port() + "/p.jpg"), None, client())
    assert kept.there and Path("input/p.jpg").read_bytes() == own
    with bad.serving({"/p.jpg": bad.whole(DATA)}) as (root, _):
        assert fetch.fetch(picture(root + "/p.jpg"), None, client()).there
    assert Path("input/p.jpg").read_bytes() == DATA
    other = next(name for name in visible("input") if name != "p.jpg")
    assert Path("input", other).read_bytes() == own


def test_what_a_server_says_of_names_is_not_used():
    def named(handler):
        bad.head(handler, Content_Length=len(DATA), Content_Disposition='attachment; filename="../../escape.jpg"')
        handler.wfile.write(DATA)

    answers = {"/p.jpg": bad.status(302, Location="/x/..%2F..%2Fescape.jpg"), "/x/..%2F..%2Fescape.jpg": named}
    before = set(Path.cwd().parent.rglob("*"))
    with bad.serving(answers) as (root, _):
        assert fetch.fetch(picture(root + "/p.jpg"), None, client()).there
    new = {path.relative_to(Path.cwd()).as_posix() for path in set(Path.cwd().parent.rglob("*")) - before}
    assert new == {"input", "input/p.jpg"}


def test_password_of_a_mirror_is_not_told(capsys):
    with bad.serving({"/p.jpg": bad.stall(DATA)}) as (root, asked):
        mirror = root.replace("//", "//me:secret@")
        outcome = fetch.fetch(picture(""), mirror, client(tries=1, stall=0.1))
    assert asked[0][1]["Authorization"].startswith("Basic")
    kept = "".join(Path("input", part).read_text("latin1") for part in parts())
    told = outcome.text + "".join(capsys.readouterr()) + kept
    assert "secret" not in told and "127.0.0.1" in told


def test_weights_from_each_source_are_the_same_file(folder):
    """Under its own name, by another name in a mirror, as a zip, carried over by hand: checked, converted, recorded."""
    mirror = folder / "mirror"
    mirror.mkdir()
    published, zoo = params(mirror / "vgg19.params"), params(mirror / "other.params")
    with zipfile.ZipFile("zoo.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(mirror / "other.params", "../../../other.params")
    served = {"/zoo.zip": Path("zoo.zip"), "/m/vgg19.params": mirror / "vgg19.params"}
    results = []
    with bad.serving({name: bad.whole(path.read_bytes()) for name, path in served.items()}) as (root, _):
        zipped = zoo._replace(url=root + "/zoo.zip")
        for file, where in (
            (vgg19(published), mirror), (vgg19(zoo), mirror), (vgg19(published), root + "/m"), (vgg19(zipped), None),
            (vgg19(zoo), "by hand"),
        ):
            shutil.rmtree("model", ignore_errors=True)
            if where == "by hand":
                Path("model").mkdir()
                shutil.copy(mirror / "other.params", "model/other.params")
            outcome = fetch.fetch(file, None if where == "by hand" else where, client())
            assert outcome.there and "verified by SHA-256" in outcome.text
            loaded = store.load("vgg19")
            assert loaded.verified and str(loaded.origin) in outcome.text
            results.append(loaded.sha256)
            assert fetch.fetch(file, None, client(), offline=True).text.startswith("already there")
    assert len(set(results)) == 1
    assert not [path for path in folder.parent.rglob("other.params") if path.parent not in (mirror, folder / "model")]


@pytest.mark.parametrize("content", [b"not a zip", b"PK\x03\x04 nearly a zip", None])
def test_bad_zip(content):
    if content is None:
        with zipfile.ZipFile("zoo.zip", "w") as archive:
            archive.writestr("something else", b"")
        content = Path("zoo.zip").read_bytes()
    with bad.serving({"/zoo.zip": bad.whole(content)}) as (root, asked):
        source = Source("other.params", root + "/zoo.zip", (("SHA-1", "00"),))
        assert not fetch.fetch(vgg19(source), None, client()).there
    assert len(asked) == 1 and visible("model") == []


def test_file_without_published_checksum_is_taken_if_it_holds_the_network(folder):
    (folder / "mirror").mkdir()
    path = folder / "mirror" / "vgg19.params"
    source = Source("vgg19.params")
    path.write_bytes(b"<html>")
    assert not fetch.fetch(vgg19(source), path.parent, client()).there
    assert visible("model") == []
    params(path)
    assert "not verified" in fetch.fetch(vgg19(source), path.parent, client()).text
    assert not store.load("vgg19").verified


def test_mirror_that_was_put_right_is_asked_again(folder):
    params(folder / "right.params")
    answers = [bad.whole(b"junk"), bad.whole((folder / "right.params").read_bytes())]
    with bad.serving({"/vgg19.params": answers}) as (root, asked):
        assert not fetch.fetch(vgg19(Source("vgg19.params")), root, client()).there
        assert fetch.fetch(vgg19(Source("vgg19.params")), root, client()).there
    assert "Range" not in asked[1][1]


def test_file_in_place_is_judged_by_content(folder):
    (folder / "mirror").mkdir()
    source = params(folder / "mirror" / "vgg19.params")
    Path("model").mkdir()
    # carried over by hand: found out and recorded
    shutil.copy(folder / "mirror" / "vgg19.params", "model")
    assert "verified by SHA-256" in fetch.fetch(vgg19(source), None, client()).text
    assert store.load("vgg19").verified
    # damaged since: fetched again, or said
    whole = Path("model/vgg19.params").read_bytes()
    Path("model/vgg19.params").write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    assert store.load("vgg19")
    assert "DAMAGED" in fetch.fetch(vgg19(source), None, client()).text
    assert fetch.fetch(vgg19(source), folder / "mirror", client()).there
    assert Path("model/vgg19.params").read_bytes() == whole
    # somebody's own, whole and without a record: left alone
    Path("model/vgg19.params.json").unlink()
    store.save("model/vgg19.params", arrays(seed=5))
    assert "not verified" in fetch.fetch(vgg19(source), folder / "mirror", client()).text
    assert np.array_equal(store.load("vgg19").arrays["conv1_1_bias"], arrays(seed=5)["conv1_1_bias"])


def test_disk_full_is_one_line(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "write_text", full)
    with bad.serving({"/p.jpg": bad.whole(DATA)}) as (root, _):
        outcome = fetch.fetch(picture(root + "/p.jpg"), None, client())
    assert not outcome.there and "No space left" in outcome.text and visible("input") == []


def table(root=""):
    """A whole table of sources: two pictures and two networks."""
    return (
        File("input/p.jpg", "", (Source("p.jpg", root and root + "/p", (("SHA-256", SHA256),)),)),
        File("model/squeezenet.params", "squeezenet", (Source("squeezenet.params", root and root + "/s"),)),
        File("model/vgg19.params", "vgg19", (Source("vgg19.params", root and root + "/v"),)),
    )


def test_main_everything_from_the_mirror(folder, substitutes, capsys, monkeypatch):
    (folder / "mirror").mkdir()
    (folder / "mirror" / "p.jpg").write_bytes(DATA)
    params(folder / "mirror" / "vgg19.params")
    params(folder / "mirror" / "squeezenet.params")
    monkeypatch.setenv("NSTYLE_MIRROR", str(folder / "mirror"))
    assert command.main([], table(), client()) == 0
    assert visible("model") == ["squeezenet.params", "squeezenet.params.json", "vgg19.params", "vgg19.params.json"]
    assert command.main([], table(), client()) == 0
    assert substitutes == []
    told = capsys.readouterr().out
    assert told.count("already there") == 3 and "missing" not in told


def test_main_without_a_network(substitutes, capsys):
    root = bad.closed_port()
    assert command.main([], table(root), client()) == 0
    assert sorted(substitutes) == ["network", "pictures"]
    told = capsys.readouterr().out
    for missing in ("input/p.jpg", "model/vgg19.params", "model/squeezenet.params"):
        assert f"{missing} is missing" in told
    assert "--mirror" in told and SHA256 in told and "our own pictures stand in for it" in told
    assert store.load("vgg19").offline
    assert command.main(["--offline"], table(root), client()) == 0
    assert substitutes.count("network") == 1
    note = Path("model", store.OFFLINE + ".json")
    note.write_text(note.read_text().replace('"recipe": 7', '"recipe": 6'))
    assert command.main(["--offline"], table(root), client()) == 0
    assert substitutes.count("network") == 2  # of another recipe: learned again
    Path("model", store.OFFLINE).write_bytes(b"damaged")
    assert command.main(["--offline"], table(root), client()) == 0
    assert substitutes.count("network") == 3 and store.load("vgg19").verified


def test_main_fetches_the_usual_networks_unless_told(folder, substitutes, capsys):
    (folder / "mirror").mkdir()
    for name in ("vgg16", "vgg19", "squeezenet"):
        params(folder / "mirror" / f"{name}.params")
    (folder / "mirror" / "p.jpg").write_bytes(DATA)
    more = (*table(), File("model/vgg16.params", "vgg16", (Source("vgg16.params"),)))
    options = ["--mirror", str(folder / "mirror")]
    assert command.main(options, more, client()) == 0
    assert not Path("model/vgg16.params").exists() and Path("model/vgg19.params").exists()
    shutil.rmtree("model")
    assert command.main([*options, "--model", "vgg16"], more, client()) == 0
    assert visible("model") == ["vgg16.params", "vgg16.params.json"]
    for every in (["--model", "all"], ["--all"]):
        shutil.rmtree("model")
        assert command.main([*options, *every], more, client()) == 0
        assert len(visible("model")) == 6


def test_only_the_beginning_of_a_checksum_may_be_published(folder):
    (folder / "mirror").mkdir()
    source = params(folder / "mirror" / "vgg19.params")
    sha256 = source.checksums[0][1]
    for known, there in ((sha256[:8], True), ("0" * 8, False)):
        shutil.rmtree("model", ignore_errors=True)
        file = vgg19(source._replace(checksums=(("SHA-256", known),)))
        assert fetch.fetch(file, folder / "mirror", client()).there == there


def test_main_offline_asks_no_server_but_looks_into_folders(folder, substitutes):
    (folder / "mirror").mkdir()
    params(folder / "mirror" / "squeezenet.params")
    with bad.serving({}) as (root, asked):
        assert command.main(["--offline", "--mirror", str(folder / "mirror")], table(root), client()) == 0
        assert command.main(["--offline", "--mirror", root], table(root), client()) == 0
    assert asked == [] and store.load("squeezenet")


def test_main_status_1_if_nothing_can_be_painted_with(substitutes, monkeypatch, capsys):
    root = bad.closed_port()
    assert command.main(["--model", "squeezenet"], table(root), client()) == 1
    assert "network" not in substitutes and "nothing stands in" in capsys.readouterr().out

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules["neural_style.download.learn"], "build", fails)
    assert command.main([], table(root), client()) == 1
    assert "No space left on device" in capsys.readouterr().out


@pytest.mark.parametrize("options", [
    ["--mirror", "no/such/folder"], ["--mirror", "ftp://host/"], ["--mirror", "http://[::1"],
    ["--model", "vgg12"], ["--nonsense"],
])  # fmt: skip
def test_main_bad_options(options, capsys):
    try:
        code = command.main(options, table(), client())
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and options[0] in capsys.readouterr().err
    assert not Path("model").exists()


def test_real_table_is_sound():
    for file in sources.FILES:
        assert Path(file.path).parts[0] == ("model" if file.network else "input")
        for source in file.sources:
            assert "/" not in source.name
            # without a secure connection only what has a published checksum
            assert source.url.startswith(("https://", "http://") if source.checksums else "https://") or not source.url
            for kind, value in source.checksums:
                whole = {"SHA-256": 64, "MD5": 32}.get(kind, 40)
                assert len(value) == whole or (len(value) == 8 and source.name.endswith(f"-{value}.pth"))
                assert int(value, 16)
            assert source.size or source.about
    names = [source.name for file in sources.FILES for source in file.sources]
    assert len(set(names)) == len(names)  # a mirror is one folder
    assert {file.network for file in sources.FILES} == {"", *REGISTERED}


def test_checksums(folder):
    Path("hello").write_bytes(b"hello\n")
    assert checksum("hello", "git blob SHA-1") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert checksum("hello", "MD5") == "b1946ac92492d2347c6235b4d2611184"


SHELLS = [command for command in (["sh"], ["dash"], ["bash"], ["busybox", "sh"], ["zsh"]) if shutil.which(command[0])]


def checkout(folder, python):
    shutil.copy(ROOT / "download.sh", folder)
    shutil.copytree(ROOT / "neural_style", folder / "neural_style", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\nexec '{python}' \"$@\"\n")
    (folder / ".venv" / "bin" / "python").chmod(0o755)


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell on this machine")
def test_download_sh_in_every_shell(folder, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    place = folder / "a folder"
    place.mkdir()
    checkout(place, sys.executable)
    (folder / "mirror").mkdir()
    rng = np.random.default_rng(0)
    store.save(folder / "mirror" / "squeezenet.params", {
        f"{layer}_{kind}": rng.standard_normal(shape if kind == "weight" else shape[:1]).astype("f4")
        for layer, shape in convolutions(NETWORKS["squeezenet"]).items() for kind in ("weight", "bias")
    })
    (place / "input").mkdir()
    for name in ("IMG_4343.jpg", "starry_night.jpg"):
        Image.new("RGB", (40, 40)).save(place / "input" / name)
    environment = {**os.environ, "NSTYLE_MIRROR": str(folder / "mirror")}
    for nth, shell in enumerate(SHELLS):
        run = subprocess.run(
            [*shell, "a folder/download.sh", "--offline", "--model", "squeezenet"],
            env=environment, capture_output=True, text=True, timeout=60,
        )
        assert run.returncode == 0, run.stderr
        assert ("already there" if nth else "not verified") in run.stdout
    (folder / "here").mkdir()
    (folder / "mirror" / "squeezenet.params").replace(folder / "here" / "my.file")
    own = ["sh", "../a folder/download.sh", "--from", "my.file", "--force"]  # relative to where it is called from
    run = subprocess.run(own, cwd=folder / "here", capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "SqueezeNet 1.0 (--model squeezenet)" in run.stdout, run.stderr
    (folder / "here" / "my.file").replace(folder / "mirror" / "squeezenet.params")
    bad_option = subprocess.run(["sh", "a folder/download.sh", "--nonsense"], capture_output=True, text=True)
    assert bad_option.returncode == 2 and "--nonsense" in bad_option.stderr
    assert (place / "model/squeezenet.params").read_bytes() == (folder / "mirror/squeezenet.params").read_bytes()
    assert not (folder / "model").exists()


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell on this machine")
def test_download_sh_says_what_is_lacking(folder):
    checkout(folder, sys.executable)
    python_of(folder / ".venv/bin/python")
    run = subprocess.run(["sh", "download.sh"], capture_output=True, text=True)
    file = "requirements.txt" if sys.version_info < (3, 13) else "requirements-torch.txt"
    assert run.returncode == 1 and "No module named" in run.stderr and f"pip install -r {file}" in run.stderr
    assert run.stderr.count("\n") == 1
    shutil.rmtree(folder / ".venv")
    (folder / "bin").mkdir()
    (folder / "bin" / "dirname").symlink_to(shutil.which("dirname"))
    run = subprocess.run(
        [shutil.which("sh"), "download.sh"], capture_output=True, text=True, env={"PATH": str(folder / "bin")}
    )
    assert run.returncode == 1 and "Python" in run.stderr and run.stderr.count("\n") == 1


def python_of(path, version="sys.version_info"):
    """A Python without packages, of a version."""
    path.write_text(
        f"""#!/bin/sh
        [ "$1" = -c ] || {{ echo "called with $*" >&2; exit 3; }}
        code="$2"; shift 2
        exec '{sys.executable}' -I -S -c "import sys
sys.version_info = {version}
$code" "$@"
"""
    )
    path.chmod(0o755)


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell on this machine")
@pytest.mark.parametrize("version", [(3, 8, 19), (3, 13, 1), (4, 0, 0)])
def test_download_sh_and_make_name_the_pythons_that_serve(folder, version):
    checkout(folder, sys.executable)
    python_of(folder / ".venv/bin/python", version)
    expected = f"Python 3.9 to 3.12 for MXNet; this is {version[0]}.{version[1]}"
    run = subprocess.run(["sh", "download.sh"], capture_output=True, text=True)
    assert run.returncode == 1 and expected in run.stderr and run.stderr.count("\n") == 1
    if shutil.which("make"):  # before pip is called, which this Python would tell
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, folder)
        run = subprocess.run(["make", "-s", "test"], capture_output=True, text=True)
        assert run.returncode == 2 and expected in run.stderr.splitlines()[0] and "called with" not in run.stderr
        shutil.rmtree(folder / ".venv")
        run = subprocess.run(["make", "-s", "demo", "PYTHON=no-such-python"], capture_output=True, text=True)
        assert run.returncode == 2 and "there is no no-such-python" in run.stderr.splitlines()[0]


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_make_help_names_every_target_and_clean_keeps_what_is_the_users(folder):
    shutil.copy(ROOT / "Makefile", folder)
    told = subprocess.run(["make", "-s", "help"], capture_output=True, text=True, check=True).stdout
    assert {"demo", "test", "lint", "bench", "fuzz", "clean"} <= {line.split("\t")[0] for line in told.splitlines()}
    for name in (".venv/bin/python", "a/__pycache__/b.pyc", ".coverage", ".hypothesis/x", "output/a.jpg", "model/w"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")
    subprocess.run(["make", "-s", "clean"], check=True)
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert left == {"Makefile", "output/a.jpg", "model/w"}
