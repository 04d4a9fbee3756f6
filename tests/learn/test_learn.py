"""Learning a painter: it comes nearer to the painting, goes on after a kill, and gives the same file again."""

import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import plain_generator as plain
import pytest
from conftest import ROOT, made_arrays, made_picture
from PIL import Image

pytest.importorskip("torch", reason="learning needs PyTorch")

from neural_style.engines import door  # noqa: E402
from neural_style.learn import command, folder, generator, pictures  # noqa: E402
from neural_style.painters import forward, painter  # noqa: E402
from neural_style.painters.generators import OWN  # noqa: E402
from neural_style.painters.rows import NOISE, sizes  # noqa: E402
from neural_style.pictures import images  # noqa: E402
from neural_style.weights import store  # noqa: E402


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A painting, three photographs and the weights of a judge."""
    place = tmp_path_factory.mktemp("studio")
    Image.fromarray(made_picture(120, 160, 2)).save(place / "painting.png")
    (place / "photographs").mkdir()
    for number in range(3):
        Image.fromarray(made_picture(110, 140, 10 + number)).save(place / "photographs" / f"{number}.png")
    store.save(place / "judge.params", made_arrays("squeezenet"))
    return place


@pytest.fixture
def learn(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*more, steps=4, out="p.safetensors"):
        return command.main([
            "--gpu", "-1", "--precision", "float32", "--style-image", studio / "painting.png", "--style-size", 96,
            "--pictures", studio / "photographs", "--weights", studio / "judge.params", "--crop", 96,
            "--out", out, "--steps", steps, "--no-progress", *more,
        ])  # fmt: skip

    return run


def test_what_learns_paints_as_what_repaints():
    small = plain.narrow(OWN, 8)
    torch = generator.torch
    learned = generator.Learned(small, torch.device("cpu"))
    photograph = made_picture(32, 48, 4) / np.float32(255)
    noise = forward.noise(sizes(small, (32, 48))[NOISE]).transpose(2, 0, 1)[None]
    image = learned(torch.as_tensor(images.to_network(photograph)), torch.as_tensor(noise)).detach().numpy()
    engine = door.opened(-1, "float32", engine="torch").engine
    arrays = {name: engine.array(array) for name, array in learned.numpy().items()}
    found = images.to_network(forward.painted(engine, small, arrays, photograph))
    np.testing.assert_allclose(image, found, atol=2e-3)


def test_a_painter_is_the_average_of_its_steps():
    torch = generator.torch
    learned = generator.Learned(plain.narrow(OWN, 2), torch.device("cpu"))
    expected = learned.numpy()["out_bias"].astype(float)
    for number, value in enumerate((4.0, -2.0, 7.0), 1):
        with torch.no_grad():
            learned.arrays["out_bias"].fill_(value)
        learned.follow(number)
        expected += (value - expected) * 9 / (10 + number)
    np.testing.assert_allclose(learned.numpy()["out_bias"], expected, rtol=1e-5)
    for number in (10**6, 10**6 + 1):
        learned.follow(number)
    np.testing.assert_allclose(learned.numpy()["out_bias"], 7 + 0.998**2 * (expected - 7), rtol=1e-5)


def test_the_judge_looks_in_each_way_by_turns(learn, monkeypatch):
    from neural_style.learn import course, lesson

    seen, original = [], lesson.judged

    def judged(judge, view, painted, photograph):
        assert painted.shape == photograph.shape
        seen.append((view.scale, view.encoder.pooling, painted.shape[2]))
        return original(judge, view, painted, photograph)

    monkeypatch.setattr(lesson, "judged", judged)
    assert learn(steps=4) == 0
    edges = [72, 80, 96, 112]  # of crops that grow
    ways = [course.VIEWS[number % 4] for number in (1, 2, 3, 4)]
    assert seen == [(scale, pooling, round(scale * edge)) for (scale, pooling), edge in zip(ways, edges)]
    assert len({pooling for _, pooling in ways}) == len({scale for scale, _ in ways}) == 2


def test_the_judge_sees_the_edges_as_often_as_the_middle():
    """Over all that the window may be moved by, in rows and in columns."""
    torch = pytest.importorskip("torch")
    from neural_style.learn import lesson

    image = torch.arange(3 * 20 * 24, dtype=torch.float32).reshape(1, 3, 20, 24).requires_grad_()
    mirrored = np.pad(image.detach().numpy(), ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
    seen = 0
    for top in range(-4, 5):
        for left in (-3, 0, 4):
            moved = lesson._moved(image, (top, left))
            np.testing.assert_array_equal(moved.detach(), mirrored[:, :, top + 4 : top + 24, left + 4 : left + 28])
            seen = seen + moved.sum()
    seen.backward()
    rows = image.grad[0, 0].sum(1)
    assert rows[1:5].min() >= rows[10] and rows[15:19].min() >= rows[10] and rows[0] >= 0.5 * rows[10]


def test_learning_lowers_the_losses_and_leaves_what_it_says(learn, studio, tmp_path, capfd):
    assert learn(steps=30) == 0
    assert capfd.readouterr().out.strip() == "p.safetensors"
    lesson = tmp_path / "p-lesson"
    assert {path.name for path in lesson.iterdir()} == {
        "content.jpg", "style.jpg", "e_30.jpg", "index.html", "snapshots.png", "losses.csv", "run.json",
        "state.safetensors",
    }  # fmt: skip
    totals = [float(line.split(",")[3]) for line in (lesson / "losses.csv").read_text().splitlines()[1:]]
    assert len(totals) == 3 and totals[-1] < 0.8 * totals[0]
    facts = painter.read(tmp_path / "p.safetensors").facts
    assert facts["painting"] == "painting.png" and facts["judge"] == "squeezenet" and facts["licence"] == "unknown"
    assert len(facts["painting_sha256"]) == 64 and json.loads(facts["recipe"])["steps"] == 30
    assert json.loads((lesson / "run.json").read_text())["status"] == "finished"


def test_the_same_seed_gives_the_same_file_and_another_one_another(learn, tmp_path):
    for out, seed in (("a.safetensors", 1), ("b.safetensors", 1), ("c.safetensors", 2)):
        assert learn("--seed", seed, out=out) == 0
    first, again, other = ((tmp_path / f"{name}.safetensors").read_bytes() for name in "abc")
    assert first == again != other


def test_a_lesson_in_two_parts_gives_the_file_of_one_without_a_break(learn, tmp_path, monkeypatch):
    assert learn(steps=6, out="whole.safetensors") == 0
    steps = command_steps(monkeypatch, interrupt_after=3)
    with pytest.raises(KeyboardInterrupt):
        learn(steps=6, out="parts.safetensors")
    assert steps == [1, 2, 3] and not (tmp_path / "parts.safetensors").exists()
    assert json.loads((tmp_path / "parts-lesson" / "run.json").read_text())["status"] == "interrupted"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert learn("--resume", steps=6, out="parts.safetensors") == 0
    assert (tmp_path / "parts.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def command_steps(monkeypatch, interrupt_after):
    """Interrupt a lesson as Ctrl-C does behind a step; the numbers of the steps that were done."""
    from neural_style.learn import lesson

    original, done = lesson.steps, []

    def steps(*arguments):
        for step in original(*arguments):
            done.append(step.number)
            yield step
            if step.number == interrupt_after:
                raise KeyboardInterrupt

    monkeypatch.setattr(lesson, "steps", steps)
    return done


def test_sigterm_in_the_middle_saves_and_resume_goes_on(studio, tmp_path):
    words = [
        sys.executable, "-m", "neural_style.learn", "--gpu", "-1", "--precision", "float32", "--minutes", "5",
        "--style-image", studio / "painting.png", "--style-size", "96", "--pictures", studio / "photographs",
        "--weights", studio / "judge.params", "--crop", "96", "--out", tmp_path / "p.safetensors",
        "--sheet-minutes", "0.01",
    ]  # fmt: skip
    process = subprocess.Popen([*map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        state = tmp_path / "p-lesson" / folder.STATE
        for _ in range(600):
            if state.exists():
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143 and "--resume goes on" in said and "Traceback" not in said
    found = folder.load(tmp_path / "p-lesson", OWN)
    assert found.step >= 1 and found.parts["array"].keys() == found.parts["square"].keys()


def refused(learn, capfd, *more, **how):
    assert learn(*more, **how) == 2
    (line,) = capfd.readouterr().err.splitlines()
    return line.removeprefix("python -m neural_style.learn: error: ")


def test_bad_input_is_one_line(learn, studio, tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (10, 10)).save(tmp_path / "small.png")
    assert refused(learn, capfd, "--pictures", "empty").startswith("--pictures empty: there is no picture in it")
    assert "10 x 10 pixels" in refused(learn, capfd, "--pictures", "small.png")
    assert "10 x 10 pixels" in refused(learn, capfd, "--style-image", "small.png")
    assert refused(learn, capfd, "--out", "p.pth").startswith("--out p.pth: a painter's file ends in .safetensors")
    assert refused(learn, capfd, "--strength", 2).startswith("--strength: '2' is out of range")
    assert refused(learn, capfd, "--stile", "x").startswith("--stile: there is no such option; did you mean --s")
    assert refused(learn, capfd, "--resume", "--overwrite").startswith("--resume: goes on with the lesson")
    assert refused(learn, capfd, "--style-layers", "fire99").startswith("--style-layers: there is no layer 'fire99'")
    assert not list(tmp_path.glob("*-lesson"))


def test_a_painter_is_not_overwritten_and_a_lesson_not_mixed(learn, studio, tmp_path, capfd):
    assert learn(steps=2) == 0
    capfd.readouterr()
    assert refused(learn, capfd).startswith("--out p.safetensors: is there already; --overwrite replaces it")
    (tmp_path / "p.safetensors").unlink()
    assert "a lesson was begun in p-lesson; --resume goes on with it" in refused(learn, capfd)
    assert refused(learn, capfd, "--resume", "--seed", 5).startswith("--resume: --seed was 0 and is 5 now")
    state = tmp_path / "p-lesson" / folder.STATE
    whole = state.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]):
        state.write_bytes(damaged)
        assert " is damaged (" in refused(learn, capfd, "--resume")
    shutil.rmtree(tmp_path / "p-lesson")
    assert learn("--resume", steps=2) == 0  # nothing to go on with: from the beginning


def test_crops_follow_from_their_number(studio):
    photographs, _ = pictures.gathered(str(studio / "photographs"), 200, 10**8)
    crops, again = (pictures.Crops(photographs, 64, 8, 3) for _ in range(2))
    for step in (5, 1):
        np.testing.assert_array_equal(crops.crop(step, 0.5), again.crop(step, 0.5))
    assert np.abs(crops.crop(1, 0.5) - crops.crop(2, 0.5)).max() > 0.1
    for step in range(1, 40):
        crop = crops.crop(step, 0.5)
        assert crop.shape == (64, 64, 3) and crop.dtype == np.float32 and crop.min() >= 0 and crop.max() <= 1


def test_a_part_of_the_crops_is_even_and_a_part_is_enlarged():
    """Of a picture of noise: what is left of its contrast between neighbours is little in an even part."""
    noise = np.random.default_rng(0).random((300, 300, 3), np.float32)
    crops = pictures.Crops([noise], 96, 8, 3)
    flat, blurred = 0, 0
    for step in range(200):
        contrast = np.abs(np.diff(crops.crop(step, 0.5), axis=1)).mean(2)
        flat += 0.1 < np.mean(contrast < 0.02) < 0.95
        blurred += np.median(contrast) < 0.5 / 3 and np.mean(contrast < 0.02) < 0.1
    assert 35 <= flat <= 65 and blurred >= 15


def test_crops_grow_in_the_course_of_a_lesson(studio):
    photographs, _ = pictures.gathered(str(studio / "photographs"), 200, 10**8)
    crops = pictures.Crops(photographs, 96, 8, 3)
    assert [crops.crop(1, done).shape[0] for done in (0.0, 0.25, 0.5, 1.0)] == [72, 80, 96, 120]


def test_the_pictures_inside_scikit_image_need_no_folder():
    photographs, shares = pictures.gathered(None, 128, 10**8)
    assert len(photographs) == len(shares) >= 10 and all(max(it.shape) <= 128 for it in photographs)
