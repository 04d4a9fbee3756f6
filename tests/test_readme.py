"""The README keeps its word: every command of nstyle in it is run, every file and option it names is there."""

import importlib.util
import re
import shlex

import clips
import numpy as np
import pytest
from conftest import ROOT, made_picture
from PIL import Image

import nstyle
from neural_style.film import command as film
from neural_style.judge import command as judge
from neural_style.report.command import main
from neural_style.runs import options
from neural_style.weights import store

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SMALL = ["--max-num-epochs", "2", "--save-epochs", "1", "--max-long-edge", "48"]


# how every command line of a page is tried; what cannot be, and why
RUN = ("python nstyle.py", "nstyle photo", "python -m neural_style.report", "python -m neural_style.judge",
       "python -m neural_style.learn", "python -m neural_style.film")  # fmt: skip
NOT_RUN = {
    "make ": "needs a fresh clone and a package index; .ci/run does what they do",
    "python3 -m venv": "makes an environment, as .ci/run does",
    "python -m pip install": "needs a package index; .ci/run installs",
    "pip install": "needs a package index; .ci/run installs",
    "sh download.sh": "needs the internet; tests/download has servers of its own",
    "nstyle-download": "needs the internet; tests/download has servers of its own",
    "docker ": "needs Docker; tests/test_docker.py reads what it would",
    "python -m neural_style.download": "needs the internet; tests/download has servers of its own",
    "NSTYLE_HOME=/usr/local/share/nstyle nstyle-download": "needs the internet; tests/test_install.py has it",
    "python docs/make_painters.py": "paints four pictures",
    "python docs/make_options.py": "takes ten minutes; tests/runs/test_options_page.py tries its parts",
    "DNNL_MAX_CPU_ISA=AVX2 make": "is make test; .ci/run has it",
}


def lines(page):
    """The command lines of a page, those that go on joined, without comments."""
    text = re.sub(r"\\\n +", "", page)
    found = [re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines() if re.match(r" {4}[\w.]", line)]
    found = [line.removeprefix(".venv/bin/") for line in found]
    return [line for line in found if re.match(r"(python|nstyle|make|sh|pip|docker|[A-Z_]+=\S+) ?", line)]


def commands(program, page=README):
    """The words behind `program` in each line of a page's code that calls it."""
    return [shlex.split(line)[len(program.split()) :] for line in lines(page) if line.startswith(program)]


AT_ONCE = [words for words in commands("python nstyle.py") if "--painter" in words]


@pytest.fixture
def installed(folder, vgg19_arrays, squeezenet_arrays):
    """A folder in which the networks and the stand-ins are installed, small."""
    for name in ("model", "input"):
        (folder / name).mkdir()
    store.save(folder / "model" / "vgg19.params", vgg19_arrays)
    store.save(folder / "model" / "squeezenet.params", squeezenet_arrays)
    for seed, name in enumerate(("standin_photograph", "standin_painting")):
        picture = Image.fromarray(made_picture(48, 64, seed))
        picture.save(folder / "input" / f"{name}.jpg")
        picture.save(folder / ("photo.jpg", "painting.jpg")[seed])
    return folder


@pytest.fixture
def filmed(installed):
    """The same with a film of two frames."""
    clips.write(installed / "clip.mp4", clips.pan(2))
    return installed


@pytest.mark.parametrize(
    "arguments",
    [
        *(words for words in commands("python nstyle.py") if words not in AT_ONCE),
        *(["photo.jpg", *rest] for rest in commands("nstyle photo")),
    ],
    ids=" ".join,
)
def test_every_command_of_the_readme_paints(installed, arguments, request):
    if "clip.mp4" in arguments:
        request.getfixturevalue("filmed")
    assert nstyle.main([*arguments, *SMALL]) == 0
    assert (installed / "output" / "final.jpg").is_file() and (installed / "output" / "index.html").is_file()


def test_a_painting_is_learned_and_pictures_are_repainted_as_the_readme_and_its_page_say(installed):
    pytest.importorskip("torch", reason="learning needs PyTorch")
    from neural_style.learn import command as learn
    from neural_style.painters import command as painters

    page = (ROOT / "docs" / "painters.md").read_text(encoding="utf-8")
    both = [words for text in (README, page) for words in commands("python -m neural_style.learn", text)]
    assert len(both) == 4 and both[0] == both[1]
    assert all(learn.parse(words).minutes for words in both[2:])
    assert learn.main([*both[0], "--gpu", "-1", "--steps", "1", "--crop", "96", "--style-size", "96"]) == 0
    for words in AT_ONCE:
        assert nstyle.main([*words, "--gpu", "-1", "--max-long-edge", "48"]) == 0
    assert (installed / "output" / "standin_photograph.jpg").is_file()
    for words in commands("python -m neural_style.painters", page):
        if "onnx" not in words or importlib.util.find_spec("onnx"):
            assert painters.main(words) == 0
    # tests/runs/test_open_studio.py serves
    unlike = [words for words in commands("python nstyle.py", page) if words not in AT_ONCE]
    (started,) = (words for words in unlike if "--serve" not in words)
    assert nstyle.main([*started, "--gpu", "-1", *SMALL]) == 0
    assert (installed / "output" / "final.jpg").is_file()


def test_the_report_and_judge_commands_of_the_readme_work(installed):
    for number, name in enumerate(("output", "output_a", "output_b")):
        assert (
            nstyle.main(["--gpu", "-1", "--model", "squeezenet", "--seed", str(number), "--output-dir", name, *SMALL])
            == 0
        )
    for arguments in commands("python -m neural_style.report"):
        assert main(arguments) == 0
    assert (installed / "comparison.html").is_file() and (installed / "gallery.html").is_file()
    for arguments in commands("python -m neural_style.judge"):
        assert judge.main(arguments) == 0


def test_the_film_commands_of_the_readme_work(filmed, capsys):
    (painting,) = (arguments for arguments in commands("python nstyle.py") if "clip.mp4" in arguments)
    assert nstyle.main([*painting, *SMALL]) == 0
    for arguments in commands("python -m neural_style.film"):
        assert film.main(arguments) == 0
    assert "2 frames" in capsys.readouterr().out


def test_the_python_of_the_readme_runs(installed, capsys):
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(code, {})
    epochs, totals = zip(*(line.split() for line in capsys.readouterr().out.splitlines()))
    assert epochs == ("1", "2") and np.isfinite([float(total) for total in totals]).all()
    assert (installed / "painted.png").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_run_or_in_the_list_of_those_that_cannot_be(page):
    for line in lines(page.read_text(encoding="utf-8")):
        if line.startswith(tuple(NOT_RUN)) or (line.startswith(RUN) and page.parent == ROOT):
            continue
        if page.stem == "painters" and re.match(r"python -m neural_style\.(learn|painters) ", line):
            continue
        assert line.startswith(("python nstyle.py ", "nstyle ")), (
            f"{page.name}: run it in a test, or say why not: {line}"
        )
        # the pictures of other pages are other programs', or the user's: what counts is that the options are understood
        arguments = shlex.split(line.removesuffix(" ...").removesuffix("..."))
        options.complete(options.parse(arguments[2 if arguments[0] == "python" else 1 :]))


@pytest.mark.parametrize("name", ["README", "troubleshooting", "how-it-works", "networks", "speed"])
def test_every_option_that_a_page_names_exists(name):
    (page,) = (page for page in PAGES if page.stem == name)
    # what follows there are the code's own lines, see test_troubleshooting.py
    text = page.read_text(encoding="utf-8").partition("## Lines that nstyle ends with")[0]
    known = {flag for action in options.parser()._actions for flag in action.option_strings}
    others = {"--mirror", "--offline", "--from", "--force", "--source", "--gallery", "--output_dir"}
    others |= {"--out", "--stability", "--nthreads", "--kills"}  # of learning, films, Dask, benchmarks
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z_-]+)", text)) <= known | others
