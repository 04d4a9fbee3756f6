"""The report page, the contact sheet, the page that compares runs and the animation, from the files a run leaves."""
import html
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image, ImageFile

from neural_style.errors import InputError
from neural_style.report import animation, chart, contact_sheet, results
from neural_style.report.command import main
from neural_style.report.page import write_comparison, write_page

ROOT = Path(__file__).resolve().parent.parent.parent
COLUMNS = ["epoch", "seconds", "long_edge", "total", "content", "style", "tv", "content:relu4_2", "style:relu1_1"]
CONTENT, STYLE, FINAL = (200, 40, 40), (40, 160, 40), (40, 40, 200)


def snapshot_colour(epoch):
    return 90, 90, epoch % 256


def make_run(folder, snapshots=4, every=10, size=(96, 64), status="finished", **changes):
    """The files of a run, as a run leaves them, with pictures of one colour each."""
    folder.mkdir(parents=True, exist_ok=True)

    def picture(name, colour, size=size):
        # each half of another brightness, so that a moved or zoomed picture can be told
        image = Image.new("RGB", size, colour)
        image.paste(tuple(min(255, value + 40) for value in colour), (0, 0, size[0] // 2, size[1]))
        image.save(folder / name, quality=95)
        return name

    rows = []
    for epoch in range(1, snapshots * every + 1):
        long_edge = max(size) if epoch > every else max(size) // 2
        content, style = 1e8 * (1 - 0.5**epoch), 4e9 / epoch
        losses = [content + style + 1e6, content, style, 1e6, content, style]
        rows.append([epoch, epoch * 0.5, long_edge, *losses, 0.3 / epoch])
    header = ",".join([*COLUMNS, "relative_change"])
    (folder / "losses.csv").write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    entries = [
        {"epoch": epoch, "file": picture(f"e_{epoch}.jpg", snapshot_colour(epoch)), "seconds": seconds, "total": total}
        for epoch, seconds, _, total, *_ in rows if epoch % every == 0
    ]
    ended = status != "running" and {**entries[-1], "file": picture("final.jpg", FINAL)}
    run = {
        "status": status,
        "command": ["python", "nstyle.py", "--content-image", "input/my photo.jpg"],
        "started": "2025-01-01T00:00:00+00:00",
        "seconds": rows[-1][1],
        "settings": {"content_weight": 10.0, "style_layers": {"relu1_1": 1.0}, "lr": None, "output_dir": str(folder)},
        "units": {"max_long_edge": "pixels"},
        "engine": {"name": "mxnet", "device": "CPU", "precision": "float32"},
        "network": {"model": "vgg19", "weights": "vgg19.params", "verified": True, "offline": False},
        "size": list(size),
        "seed": 0,
        "content": {"source": "input/my photo.jpg", "file": picture("content.jpg", CONTENT)},
        "style": [{"source": "input/waves.jpg", "file": picture("style.jpg", STYLE, (60, 80))}],
        "snapshots": entries,
        "final": ended or None,
        "versions": {"nstyle": "1.0.0"},
        "warnings": [],
        **changes,
    }
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def change_record(folder, **changes):
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, **changes}))


def page_data(page, name="run"):
    text = page.read_text("utf-8")
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text)[1])


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))


# reading what a run left

def test_a_run_is_read_with_its_pictures_in_order_and_its_losses(tmp_path):
    run = results.read(make_run(tmp_path / "run", snapshots=2))
    assert [picture["label"] for picture in run["pictures"]] == [
        "Content", "Style", "Epoch 10", "Epoch 20", "Final, epoch 20"
    ]
    assert list(run["losses"]) == [*COLUMNS, "relative_change"]
    assert run["losses"]["epoch"] == list(range(1, 21))


@pytest.mark.parametrize(
    "tail, epochs",
    [
        ("21,9.5,96,1,1,1,1,1,1,0.1", 20),  # the line end is missing: the number may be cut
        ("21,9.5,96,1,1", 20),
        ("21,9.5,96,1,1,1,1,1,1,0.1\n22,10,96,1e", 21),
        ("21,9.5,96,1,1\n", 20),
        ("21,9.5,ninety,1,1,1,1,1,1,0.1\n", 20),
        ("\0\0\0\0\n", 20),
    ],
)
def test_a_torn_row_of_losses_is_left_out(tmp_path, tail, epochs):
    folder = make_run(tmp_path / "run", snapshots=2)
    with (folder / "losses.csv").open("a") as file:
        file.write(tail)
    assert len(results.read(folder)["losses"]["epoch"]) == epochs


def test_losses_that_are_not_finite_are_gaps(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=2, status="diverged")
    with (folder / "losses.csv").open("a") as file:
        file.write("21,9.5,96,nan,1,inf,1,1,1,0.1\n")
    change_record(folder, final={"epoch": 21, "file": "final.jpg", "seconds": 9.5, "total": float("nan")})
    assert results.read(folder)["losses"]["total"][-1] is None
    write_page(folder)
    contact_sheet.write(folder)
    data = page_data(folder / "index.html")
    assert data["losses"]["style"][-1] is None
    assert data["pictures"][-1]["total"] is None


@pytest.mark.parametrize("losses", [None, "", "epoch,seconds", "epoch,seconds,long_edge,total\n", "\xff\n"])
def test_a_run_without_losses_still_has_its_page_and_sheet(tmp_path, losses):
    folder = make_run(tmp_path / "run")
    if losses is None:
        (folder / "losses.csv").unlink()
    else:
        (folder / "losses.csv").write_text(losses, encoding="latin-1")
    assert write_page(folder).exists()
    assert contact_sheet.write(folder).exists()


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "JSON"),
        ("{", "JSON"),
        pytest.param("[" * 100_000, "JSON", id="deep"),
        ("[]", "not the record of a run"),
        ("{}", "not the record of a run"),
        ('"run"', "not the record of a run"),
    ],
)
def test_a_damaged_record_is_one_line(tmp_path, text, said):
    folder = make_run(tmp_path / "run")
    (folder / "run.json").write_text(text)
    for act in (write_page, contact_sheet.write):
        with pytest.raises(InputError, match=said) as caught:
            act(folder)
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, [1], {"a": 1}, [[]], [None], float("inf"), -1])
def test_no_single_wrong_field_of_a_record_ends_in_anything_but_one_line(tmp_path, value):
    folder = make_run(tmp_path / "run")
    whole = json.loads((folder / "run.json").read_text())
    for field in whole:
        (folder / "run.json").write_text(json.dumps({**whole, field: value}))
        try:
            write_page(folder)
        except InputError as error:
            assert "\n" not in str(error)


def test_a_picture_that_is_missing_is_left_out(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=3)
    for name in ("e_20.jpg", "content.jpg"):
        (folder / name).unlink()
    write_page(folder)
    contact_sheet.write(folder)
    assert [picture["src"] for picture in page_data(folder / "index.html")["pictures"]] == [
        "style.jpg", "e_10.jpg", "e_30.jpg", "final.jpg"
    ]
    assert "content.jpg" not in (folder / "index.html").read_text("utf-8")


def test_a_record_cannot_show_files_outside_its_folder(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    folder = make_run(tmp_path / "run")
    change_record(folder, content={"source": "x", "file": "../secret.jpg"})
    write_page(folder)
    assert "secret" not in (folder / "index.html").read_text("utf-8")


# the page

def test_the_page_names_the_pictures_the_network_the_settings_and_the_command(tmp_path):
    page = write_page(make_run(tmp_path / "run"))
    said = text_of(page)
    for part in ("my photo in the style of waves", "vgg19 with vgg19.params", "96 × 64 pixels", "40 epochs", "20 s",
                 "finished", "--content-weight", "10.0", "relu1_1 1.0", "--content-image 'input/my photo.jpg'"):
        assert part in said
    assert 'href="losses.csv" download' in page.read_text("utf-8")


@pytest.mark.parametrize(
    "seconds, said",
    [(0.25, "0.25 s"), (59.4, "59.4 s"), (60, "1 min 0 s"), (725, "12 min 5 s"), (3600, "1 h 0 min"),
     (3725, "1 h 2 min"), (90_000, "25 h 0 min")],
)
def test_the_page_says_how_long_the_run_took(tmp_path, seconds, said):
    page = write_page(make_run(tmp_path / "run", seconds=seconds))
    assert f"40 epochs · {said} · finished" in re.sub(r"\s+", " ", text_of(page))


def test_values_of_settings_are_said_in_words(tmp_path):
    settings = {"lr": None, "enlarge": True, "normalize_losses": False, "style_image": ["a.jpg", "b.jpg"],
                "max_long_edge": 600,
                "style_layers": {"relu1_1": 1.0, "relu2_1": 0.5}, "deep": [[[[1]]]], "seed": 7}
    said = dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', write_page(
        make_run(tmp_path / "run", settings=settings, seed=7)).read_text("utf-8")))
    assert said["--lr"] == "–" and said["--enlarge"] == "yes" and said["--normalize-losses"] == "no"
    assert said["--style-image"] == "a.jpg, b.jpg" and said["--style-layers"] == "relu1_1 1.0, relu2_1 0.5"
    assert said["--deep"] == "…" and said["--seed"] == "7"
    assert said["size"] == "96 × 64 pixels" and said["seed"] == "7" and said["--max-long-edge"] == "600 pixels"
    assert said["engine: name"] == "mxnet" and said["engine: device"] == "CPU"
    assert said["network: model"] == "vgg19" and said["network: verified"] == "yes"
    assert said["version of nstyle"] == "1.0.0"


@pytest.mark.parametrize(
    "status, said",
    [("running", "in progress"), ("converged", "converged"), ("interrupted", "interrupted"),
     ("diverged", "stopped because the losses diverged"), ("failed", "stopped by an error"), ("new", "new")],
)
def test_the_page_says_how_the_run_ended(tmp_path, status, said):
    page = write_page(make_run(tmp_path / "run", snapshots=1, every=1, status=status))
    so_far = " so far" if status == "running" else ""
    assert f"1 epoch{so_far} · 0.5 s · {said}" in re.sub(r"\s+", " ", text_of(page))
    assert page_data(page)["running"] == (status == "running")


def test_the_page_offers_the_files_that_are_there(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=1)
    for name in ("snapshots.png", "animation.webp", "final.jpg"):
        (folder / name).touch()

    def offered():
        return re.findall(r'<a href="(.*?)" download="\1">', write_page(folder).read_text("utf-8"))

    assert offered() == ["final.jpg", "snapshots.png", "animation.webp", "losses.csv", "run.json"]
    change_record(folder, final=None)  # a final picture that the run did not paint
    assert offered() == ["snapshots.png", "animation.webp", "losses.csv", "run.json"]


def test_the_page_knows_the_shape_of_each_picture(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=1)
    aspects = re.findall(r'<figure style="--aspect: ([\d.]+)', write_page(folder).read_text("utf-8"))
    assert list(map(float, aspects)) == pytest.approx([96 / 64, 60 / 80])
    (folder / "style.jpg").write_bytes(b"no picture")  # then it is laid out like the result
    aspects = re.findall(r'<figure style="--aspect: ([\d.]+)', write_page(folder).read_text("utf-8"))
    assert list(map(float, aspects)) == pytest.approx([96 / 64, 96 / 64])


def test_the_title_names_the_photograph_and_every_painting(tmp_path):
    styles = [{"source": f"input/{name}.jpg", "file": "style.jpg"} for name in ("waves", "stars", "fields")]
    page = write_page(make_run(tmp_path / "run", style=styles)).read_text("utf-8")
    assert "<title>my photo in the style of waves and stars and fields</title>" in page
    assert all(f"Style {number}: {name}.jpg" in page for number, name in ((1, "waves"), (2, "stars"), (3, "fields")))


@pytest.mark.parametrize(
    "recorded",
    [
        ["python", "nstyle.py", "--content-image", "it's $HOME/`a` \"b\".jpg"],
        ["python", "-m", "neural_style", "--style-image", "*.jpg", "", "a b"],
        ["nstyle.py", "--gpu", "-1"],
        ["/opt/my tools/nstyle.py", "--gpu", "-1"],
        ["nstyle", "--gpu", "-1"],
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="quoted for a POSIX shell")
def test_the_command_on_the_page_starts_the_run_in_a_shell(tmp_path, recorded):
    page = write_page(make_run(tmp_path / "run", command=recorded)).read_text("utf-8")
    line = html.unescape(re.search(r'<pre id="command">(.*?)</pre>', page, re.DOTALL)[1])
    script = tmp_path / "bin"
    script.mkdir()
    for program in ("python", "nstyle"):
        (script / program).write_text('#!/bin/sh\nfor word; do printf "%s|" "$word"; done')
        (script / program).chmod(0o755)
    said = subprocess.run(line, shell=True, capture_output=True, text=True, env={"PATH": f"{script}:/bin:/usr/bin"})
    words = recorded if recorded[0].endswith(".py") else recorded[1:]
    assert (said.returncode, said.stdout) == (0, "".join(f"{word}|" for word in words))


def test_a_run_without_a_command_has_nothing_to_copy(tmp_path):
    page = write_page(make_run(tmp_path / "run", command=[])).read_text("utf-8")
    assert 'id="command"' not in page and "Copy the command" not in page


def test_a_record_of_an_older_version_is_shown(tmp_path):
    folder = make_run(tmp_path / "run", command=["nstyle.py"])
    record = json.loads((folder / "run.json").read_text())
    for newer in ("units", "engine"):
        del record[newer]
    (folder / "run.json").write_text(json.dumps(record))
    said = text_of(write_page(folder))
    assert "--content-weight" in said and "python nstyle.py" in said


def test_warnings_of_the_run_are_shown(tmp_path):
    page = write_page(make_run(tmp_path / "run", warnings=["The weights are <b>unverified</b>."]))
    assert "The weights are &lt;b&gt;unverified&lt;/b&gt;." in page.read_text("utf-8")


HOSTILE = """a "b" 'c' <img src=x onerror=alert(1)> </script><!-- & 50% #1? é漢 \\u2028.jpg"""


def test_names_and_settings_with_any_characters_are_escaped(tmp_path):
    folder = make_run(tmp_path / "run", content={"source": HOSTILE, "file": "content.jpg"},
                      settings={"style_image": [HOSTILE], HOSTILE: HOSTILE}, command=["nstyle.py", HOSTILE])
    page = write_page(folder).read_text("utf-8")
    assert "<img src=x" not in page
    assert page.count("</script>") == 2
    assert HOSTILE in html.unescape(page)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids these names")
def test_files_with_any_characters_are_referenced_by_urls_that_lead_to_them(tmp_path):
    folder = make_run(tmp_path / 'run "1" #2?%41 <é>')
    name = "e '\"<>&#?%41 é漢.jpg"
    (folder / "e_10.jpg").rename(folder / name)
    record = json.loads((folder / "run.json").read_text())
    record["snapshots"][0]["file"] = name
    change_record(folder, snapshots=record["snapshots"])
    write_page(folder)
    page = folder / "index.html"
    comparison = write_comparison([folder, make_run(tmp_path / "other")], tmp_path / "c.html")
    for written, data in ((page, page_data(page)), (comparison, page_data(comparison, "runs")[0])):
        sources = [picture["src"] for picture in data["pictures"]]
        assert all((written.parent / unquote(src)).is_file() for src in sources)
        assert not any(set(src) & set("\"'<>#? ") for src in sources)


def test_a_name_that_is_not_text_does_not_keep_the_page_from_being_written(tmp_path):
    folder = make_run(tmp_path / "run", content={"source": "input/\udcff.jpg", "file": "content.jpg"})
    assert "in the style of waves" in text_of(write_page(folder))


def test_long_curves_are_thinned_but_keep_snapshots_and_changes_of_size(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=5, every=600, size=(16, 16))
    write_page(folder)
    kept = page_data(folder / "index.html")["losses"]["epoch"]
    assert len(kept) < 700
    assert {1, 600, 601, 1200, 1800, 2400, 3000} <= set(kept)


def test_the_last_epoch_of_a_long_curve_is_on_the_page_though_nothing_was_saved_there(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=5, every=600, size=(16, 16), status="running")
    with (folder / "losses.csv").open("a") as file:
        for epoch in range(3001, 3005):
            file.write(f"{epoch},1510,16,7.25,1,1,1,1,1,0.1\n")
    write_page(folder)
    losses = page_data(folder / "index.html")["losses"]
    assert losses["epoch"][-1] == 3004 and losses["total"][-1] == 7.25
    assert "3004 epochs so far" in text_of(folder / "index.html")


def test_losses_on_the_page_keep_six_digits_and_belong_to_their_epochs(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=5, every=600, size=(16, 16))
    write_page(folder)
    losses = page_data(folder / "index.html")["losses"]
    for epoch, style in zip(losses["epoch"], losses["style"]):
        assert style == pytest.approx(4e9 / epoch, rel=1e-5)


def test_a_page_of_200_snapshots_is_written_without_decoding_one(tmp_path, monkeypatch):
    """It is written again and again while a run goes on."""
    folder = make_run(tmp_path / "run", snapshots=200, every=5, size=(16, 16))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail(f"{self.filename} was decoded"))
    text = write_page(folder).read_text()
    assert all(f'"{path.name}"' in text for path in folder.glob("e_*"))


def test_the_same_run_gives_the_same_bytes(tmp_path):
    folder = make_run(tmp_path / "run")
    first, second = (
        [path.read_bytes() for path in (contact_sheet.write(folder), write_page(folder))] for _ in range(2)
    )
    assert first == second


def luminance(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_curves_stand_out_as_wcag_asks(scheme):
    css = (ROOT / "neural_style/report/templates/style.css").read_text()
    root = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))

    def contrast(one, other):
        dark, light = sorted(luminance(colours[name]) for name in (one, other))
        return (light + 0.05) / (dark + 0.05)

    for text in ("ink", "muted", "accent"):
        for ground in ("paper", "mount"):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for line in range(8):
        assert contrast(f"line-{line}", "paper") >= 3, line


# several runs

def test_the_comparison_puts_the_settings_that_differ_apart(tmp_path):
    folders = [make_run(tmp_path / name, settings={"style_weight": weight, "tv_weight": 0.01, "output_dir": name})
               for name, weight in (("a", 1.0), ("b", 20.0))]
    page = write_comparison(folders, tmp_path / "comparison.html")
    text = page.read_text("utf-8")
    assert re.findall(r"<mark>(.*?)</mark>", text) == ["1.0", "20.0"]
    differing, same = text.split("Settings that are the same")
    assert "--style-weight" in differing and "--style-weight" not in same
    assert "--tv-weight" in same and "--tv-weight" not in differing
    assert [run["name"] for run in page_data(page, "runs")] == [str(folder) for folder in folders]


def test_the_comparison_refers_to_pictures_relative_to_where_it_lies(tmp_path):
    folders = [make_run(tmp_path / "runs" / name) for name in ("a", "b")]
    (tmp_path / "pages").mkdir()
    page = write_comparison(folders, tmp_path / "pages" / "c.html")
    assert page_data(page, "runs")[1]["pictures"][0]["src"] == "../runs/b/content.jpg"


# the command

def test_the_command_rebuilds_page_and_sheet_of_a_broken_run(tmp_path):
    folder = make_run(tmp_path / "run", status="running")
    command = [sys.executable, "-m", "neural_style.report", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "index.html").exists()
    with Image.open(folder / "snapshots.png") as sheet:
        sheet.verify()


def test_the_command_compares_several_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        make_run(tmp_path / name)
    assert main(["a", "b"]) == 0
    assert (tmp_path / "comparison.html").exists()
    assert main(["a", "b", "--output", "other.html"]) == 0
    assert (tmp_path / "other.html").exists()


def test_the_command_says_in_one_line_what_it_cannot_use(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "good")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for picture in make_run(tmp_path / "bare").glob("*.jpg"):
        picture.unlink()
    calls = [[*before, name] for name in ("missing", "empty", "file", "bare") for before in ([], ["good"])]
    for arguments in (*calls, ["good", "good", "--output", "nowhere/c.html"]):
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and arguments[-1].split("/")[0] in said
    with pytest.raises(SystemExit) as caught:
        main(["good", "--output", "c.html"])
    assert caught.value.code == 2
    assert not (tmp_path / "comparison.html").exists()


# the contact sheet

def sheet_colours(path):
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("RGB"), dtype=int)[::4, ::4].reshape(-1, 3)


def holds(pixels, colour):
    """Whether the right half of a picture of this colour is on the sheet, as it is after JPEG."""
    return (np.abs(pixels - colour).max(axis=1) <= 4).sum() > 1000


def test_the_sheet_shows_sources_result_and_eight_snapshots_spread_over_the_run(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=21)
    pixels = sheet_colours(contact_sheet.write(folder))
    for colour in (CONTENT, STYLE, FINAL):
        assert holds(pixels, colour)
    shown = [epoch for epoch in range(10, 220, 10) if holds(pixels, snapshot_colour(epoch))]
    assert len(shown) == 8
    assert (shown[0], shown[-1]) == (10, 200)  # 210 is the final picture
    assert max(np.diff(shown)) <= 30


@pytest.mark.parametrize("snapshots", [1, 2, 6, 7])
def test_a_sheet_of_few_snapshots_shows_them_all(tmp_path, snapshots):
    folder = make_run(tmp_path / "run", snapshots=snapshots, status="running")
    pixels = sheet_colours(contact_sheet.write(folder))
    assert all(holds(pixels, snapshot_colour(10 * n)) for n in range(1, snapshots + 1))


@pytest.mark.parametrize("size", [(16, 400), (400, 16)])
def test_a_sheet_of_long_pictures_keeps_their_shape_and_its_own(tmp_path, size):
    with Image.open(contact_sheet.write(make_run(tmp_path / "run", size=size))) as sheet:
        assert sheet.width == 1600
        assert sheet.height < 3000


def test_a_damaged_picture_is_left_out_of_the_sheet(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "e_20.jpg").write_bytes(b"no picture")
    whole = (folder / "e_30.jpg").read_bytes()
    (folder / "e_30.jpg").write_bytes(whole[: len(whole) // 2])
    pixels = sheet_colours(contact_sheet.write(folder))
    assert holds(pixels, snapshot_colour(10)) and not holds(pixels, snapshot_colour(20))


def is_like(pixels, colour):
    return np.abs(pixels.astype(int) - [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).max(axis=-1) < 40


def curve(picture, colour, across):
    """How high a curve of this colour runs at a share of the chart's width: 0 is below, 1 above; None: it does not."""
    axes = picture[60 : picture.shape[0] - 30, 70:-20]
    column = axes[:, int(across * (axes.shape[1] - 1)) - 1 : int(across * (axes.shape[1] - 1)) + 2]
    rows = np.nonzero(is_like(column, colour).any(axis=1))[0]
    return None if not len(rows) else 1 - rows.mean() / len(axes)


def losses_of(epochs, **changes):
    one = [1.0] * epochs
    return {"epoch": list(range(1, epochs + 1)), "long_edge": [96] * epochs, "total": one, "content": one, **changes}


def test_a_loss_that_falls_is_drawn_falling_on_a_logarithmic_scale():
    falling = [10.0 ** (4 - 4 * i / 200) for i in range(201)]
    picture = np.asarray(chart.drawn(losses_of(201, total=falling, content=[1e3] * 201), set(), (800, 340)))
    found = [curve(picture, chart.CURVES["total"], across) for across in (0.1, 0.5, 0.9)]
    assert found == pytest.approx([0.88, 0.5, 0.12], abs=0.06)
    steady = [curve(picture, chart.CURVES["content"], across) for across in (0.1, 0.5, 0.9)]
    assert steady == pytest.approx([0.74] * 3, abs=0.05)


def test_curves_that_cannot_be_seen_beside_the_total_are_left_out_and_gaps_are_gaps():
    total = [100.0] * 50 + [None] * 50 + [10.0] * 101
    losses = losses_of(201, total=total, content=[1e-3] * 201, style=[5.0] * 201, tv=[0.0] * 201)
    picture = np.asarray(chart.drawn(losses, set(), (800, 340)))
    seen = [curve(picture, chart.CURVES["total"], across) is not None for across in (0.1, 0.2, 0.6, 0.9)]
    assert seen == [True, True, True, True]  # a line leads over the gap
    assert is_like(picture, chart.CURVES["style"]).any()
    for name in ("content", "tv"):
        assert not is_like(picture, chart.CURVES[name]).any()


def test_a_curve_starts_anew_where_the_picture_becomes_larger():
    losses = losses_of(200, total=[1.0] * 100 + [1000.0] * 100, long_edge=[48] * 100 + [96] * 100)
    picture = np.asarray(chart.drawn({**losses, "content": [0.0] * 200}, set(), (800, 340)))
    # no steep line joins the two: only the thin rule of the change stands there
    at = int(0.5 * (picture.shape[1] - 84)) + 64
    assert is_like(picture[100:250, at - 12 : at + 12], chart.CURVES["total"]).sum() == 0
    assert is_like(picture[:70, at - 5 : at + 40], chart.MUTED).any()  # its label


def test_the_epochs_of_the_pictures_are_marked():
    total, size = [1.0] * 100 + [2.0], (800, 340)
    plain, marked = (np.asarray(chart.drawn(losses_of(101, total=total), epochs, size)) for epochs in (set(), {50}))
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    assert columns.mean() == pytest.approx(64 + 50 / 101 * (800 - 84), abs=2)
    assert 8 <= np.ptp(columns) <= 16 and 8 <= np.ptp(rows) <= 16


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_chart_needs_two_epochs(epochs):
    assert chart.drawn(losses_of(epochs), set(), (800, 340)) is None
    assert chart.drawn(losses_of(2), set(), (800, 340)).size == (800, 340)


@pytest.mark.parametrize(
    "low, high, ticks", [(0, 0.9, [1, 2, 5]), (-0.5, 3.2, [1, 10, 100, 1000]), (-4, 12, [1e-4, 1e-2, 1, 1e2, 1e4])]
)
def test_ticks_of_a_logarithmic_scale(low, high, ticks):
    assert chart.log_ticks(low, high)[: len(ticks)] == pytest.approx(ticks)


@pytest.mark.parametrize(
    "last, ticks", [(1, [0, 1]), (12, range(13)), (13, range(0, 14, 2)), (150, range(0, 151, 20)),
                    (1000, range(0, 1001, 100)), (5000, range(0, 5001, 500))]
)
def test_ticks_of_the_epochs(last, ticks):
    assert list(chart.epoch_ticks(last)) == list(ticks)


def test_pictures_on_the_sheet_are_labelled_with_epoch_seconds_and_total():
    label = contact_sheet._label({"label": "Epoch 10", "seconds": 12.345, "total": 3.456e8})
    assert label.split("   ") == ["Epoch 10", "12.3 s", "total 3.46e8"]
    assert contact_sheet._label({"label": "Style"}) == "Style"


# the animation

@pytest.mark.parametrize("snapshots, moving", [(3, 1500), (15, 7500), (40, 7800), (120, 7849)])
def test_an_animation_lasts_at_most_eight_seconds_and_rests_for_two(tmp_path, snapshots, moving):
    folder = make_run(tmp_path / "run", snapshots=snapshots, every=2, size=(16, 16))
    with Image.open(animation.write(folder, "webp")) as frames:
        durations = []
        for frame in range(frames.n_frames):
            frames.seek(frame)
            frames.load()
            durations.append(frames.info["duration"])
    # frames that look alike are stored as one
    assert (sum(durations[:-1]), durations[-1]) == (moving, 2000)


def test_a_run_of_one_picture_has_an_animation(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=1)
    change_record(folder, snapshots=[])
    for format in ("gif", "webp"):
        with Image.open(animation.write(folder, format)) as frames:
            assert frames.n_frames == 1
            assert np.abs(np.subtract(frames.convert("RGB").getpixel((80, 32)), FINAL)).max() <= 8


@pytest.mark.parametrize("format, edge", [("gif", 480), ("webp", 800)])
def test_an_animation_is_no_larger_than_a_mail_likes(tmp_path, format, edge):
    with Image.open(animation.write(make_run(tmp_path / "run", snapshots=1, size=(1200, 600)), format)) as frames:
        assert frames.size == (edge, edge // 2)

@pytest.mark.parametrize("format", ["gif", "webp"])
def test_the_animation_goes_through_the_snapshots_and_rests_at_the_final_picture(tmp_path, format):
    path = animation.write(make_run(tmp_path / "run"), format)
    assert path.name == f"animation.{format}"
    with Image.open(path) as frames:
        assert frames.n_frames == 5
        assert frames.info["loop"] == 0
        colours, durations = [], []
        for frame in range(5):
            frames.seek(frame)
            frames.load()
            durations.append(frames.info["duration"])
            colours.append(frames.convert("RGB").getpixel((80, 32)))
    assert durations[-1] > durations[0]
    expected = [*(snapshot_colour(epoch) for epoch in (10, 20, 30, 40)), FINAL]
    assert np.abs(np.subtract(colours, expected)).max() <= 8


def test_snapshots_of_several_sizes_make_frames_of_one(tmp_path):
    folder = make_run(tmp_path / "run", size=(97, 65))
    with Image.open(folder / "e_10.jpg") as picture:
        picture.resize((48, 32)).save(folder / "e_10.jpg")
    with Image.open(animation.write(folder, "webp")) as frames:
        assert frames.size == (96, 64)


def test_an_animation_of_many_snapshots_stays_short(tmp_path):
    path = animation.write(make_run(tmp_path / "run", snapshots=120, every=2, size=(16, 16)), "gif")
    with Image.open(path) as frames:
        assert frames.n_frames == animation.FRAMES


def test_mp4_is_written_where_its_package_is_there(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    import imageio.v3 as iio

    path = animation.write(make_run(tmp_path / "run"), "mp4")
    frames = iio.imread(path, plugin="FFMPEG")
    assert iio.immeta(path, plugin="FFMPEG")["duration"] == pytest.approx(5 * 0.5 + 2, abs=0.6)
    assert frames.shape[1:] == (64, 96, 3)
    assert np.abs(frames[-1, 32, 80].astype(int) - FINAL).max() <= 12


def test_an_animation_that_cannot_be_written_is_refused_in_one_line(tmp_path, monkeypatch):
    folder = make_run(tmp_path / "run")
    with pytest.raises(InputError, match="gif, webp, mp4"):
        animation.check("avi")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="--animate mp4: .* pip install"):
        animation.write(folder, "mp4")
    (folder / "e_20.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="e_20.jpg"):
        animation.write(folder, "gif")
    assert not list(folder.glob("*animation*"))
