"""`--painter`: pictures and folders repainted at once, options that go with it, and what is refused."""

import numpy as np
import plain_generator as plain
import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style.painters import painter
from neural_style.painters.generators import OWN
from neural_style.painters.rows import shapes
from neural_style.pictures import reading


@pytest.fixture
def painters(folder):
    for number in (1, 2):
        arrays = plain.random_arrays(shapes(OWN), seed=number)
        facts = {"painting": f"painting {number}"}
        painter.write(folder / f"{number}.safetensors", [painter.Part(OWN, arrays)], facts)
    return folder


@pytest.fixture
def repaint(painters, pictures):
    def run(*more, photo=pictures / "photo.png", by=("1.safetensors",), out="out"):
        status = nstyle.main(["--gpu", "-1", "--painter", *by, "--content-image", str(photo), "--image-format", "png",
                              "--output-dir", out, *map(str, more)])  # fmt: skip
        assert status == 0
        return reading.read(painters / out / "photo.png")

    return run


def test_a_picture_is_repainted(repaint, pictures, folder, capfd):
    result = repaint()
    photograph = reading.read(pictures / "photo.png")
    assert result.shape == photograph.shape and np.abs(result - photograph).mean() > 0.05
    out, err = capfd.readouterr()
    assert out.strip() == "out/photo.png" and "painting 1" in err
    assert [path.name for path in (folder / "out").iterdir()] == ["photo.png"]


def test_the_photograph_may_stand_alone(painters, pictures):
    assert nstyle.main([str(pictures / "photo.png"), "--painter", "1.safetensors", "--gpu", "-1"]) == 0
    assert (painters / "output" / "photo.jpg").is_file()


def test_the_same_command_gives_the_same_bytes(repaint, folder):
    repaint()
    before = (folder / "out" / "photo.png").read_bytes()
    repaint("--overwrite")
    assert (folder / "out" / "photo.png").read_bytes() == before


def test_painters_are_mixed_in_their_shares(repaint):
    one, two = repaint(out="a"), repaint(by=("2.safetensors",), out="b")
    both = repaint("--painter-shares", 3, 1, by=("1.safetensors", "2.safetensors"), out="c")
    np.testing.assert_allclose(both, 0.75 * one + 0.25 * two, atol=1.6 / 255)
    even = repaint(by=("1.safetensors", "2.safetensors"), out="d")
    np.testing.assert_allclose(even, (one + two) / 2, atol=1.6 / 255)


def test_strength_is_between_photograph_and_painter(repaint, pictures):
    photograph, whole = reading.read(pictures / "photo.png"), repaint()
    half = repaint("--painter-strength", 0.5, out="b")
    np.testing.assert_allclose(half, (photograph + whole) / 2, atol=1.6 / 255)
    np.testing.assert_array_equal(repaint("--painter-strength", 0, out="c"), photograph)


def test_each_painter_paints_where_its_mask_is_white(repaint, pictures, folder):
    """Left the one, then both, then half of the other and half of nobody, right the photograph."""
    photograph = reading.read(pictures / "photo.png")
    one, two = repaint(out="a"), repaint(by=("2.safetensors",), out="b")
    masks = np.zeros((2, 48, 64), np.uint8)
    masks[0, :, :32], masks[1, :, 16:32], masks[1, :, 32:48] = 255, 255, 128
    for number, mask in enumerate(masks):
        Image.fromarray(mask).save(folder / f"mask{number}.png")
    both = repaint("--painter-mask", "mask0.png", "mask1.png", "--painter-shares", 3, 1,
                   by=("1.safetensors", "2.safetensors"), out="c")  # fmt: skip
    np.testing.assert_array_equal(both[:, :16], one[:, :16])
    np.testing.assert_allclose(both[:, 16:32], (0.75 * one + 0.25 * two)[:, 16:32], atol=1.6 / 255)
    np.testing.assert_allclose(both[:, 32:48], ((127 * photograph + 128 * two) / 255)[:, 32:48], atol=1.6 / 255)
    np.testing.assert_array_equal(both[:, 48:], photograph[:, 48:])


def test_masks_colours_and_sizes_hold(repaint, pictures, folder):
    photograph, whole = reading.read(pictures / "photo.png"), repaint()
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    half = repaint("--content-mask", folder / "mask.png", out="b")
    np.testing.assert_array_equal(half[:, :32], photograph[:, :32])
    np.testing.assert_array_equal(half[:, 32:], whole[:, 32:])
    assert repaint("--max-long-edge", 48, out="c").shape == (36, 48, 3)
    kept = repaint("--preserve-colors", "covariance", out="d")
    distances = [np.abs(it.mean((0, 1)) - photograph.mean((0, 1))).max() for it in (kept, whole)]
    assert distances[0] < distances[1] / 2


def test_a_folder_becomes_a_folder(painters, capfd):
    (painters / "in").mkdir()
    for number in range(3):
        Image.fromarray(made_picture(40, 36, number)).save(painters / "in" / f"{number}.jpg")
    Image.new("RGB", (10, 10)).save(painters / "in" / "small.png")
    assert nstyle.main(["--gpu", "-1", "--painter", "1.safetensors", "--content-image", "in", "--output-dir", "o"]) == 1
    out = capfd.readouterr().out
    assert sorted(path.name for path in (painters / "o").iterdir()) == ["0.jpg", "1.jpg", "2.jpg"]
    assert "3 of 4 pictures repainted" in out and "small.png: 10 x 10 pixels" in out


@pytest.mark.parametrize(
    "words, said",
    [
        (["--painter", "gone.safetensors"], "--painter gone.safetensors: there is no such file"),
        (["--painter", "1.safetensors", "--style-image", "x.jpg"], "--style-image: a painter has learned its painting"),
        (["--painter", "1.safetensors", "--painter-shares", "1", "2", "3"], "--painter-shares: 3 numbers for 1"),
        (["--painter-shares", "1", "2"], "--painter-shares: needs --painter"),
        (["--painter-mask", "a.png"], "--painter-mask: needs --painter"),
        (["--painter-strength", "0.5"], "--painter-strength: needs --painter"),
        (["--painter", "1.safetensors", "--painter-shares", "0"], "--painter-shares: at least one"),
        (["--painter", "1.safetensors", "--painter-mask", "a.png", "b.png"], "--painter-mask: 2 masks for 1 painters"),
        (["--painter", "1.safetensors", "--painter-mask", "gone.png"], "--painter-mask: gone.png: no such picture"),
        (["--painter", "1.safetensors", "--painter-mask", "black.png"], "--painter-mask black.png: nothing in it is"),
        (["--painter", "1.safetensors", "--init", "noise"], "--init noise: nothing of --painter"),
        (["--init", "painter"], "--init painter: needs --painter"),
        (["--painter", "1.safetensors", "--content-image", "small.png"], "small.png: 10 x 10 pixels"),
    ],
)
def test_bad_input_is_one_line(painters, pictures, capfd, words, said):
    Image.new("RGB", (10, 10)).save("small.png")
    Image.new("L", (40, 40)).save("black.png")
    if "--content-image" not in words:
        words = [*words, "--content-image", str(pictures / "photo.png")]
    assert nstyle.main(["--gpu", "-1", "--no-progress", *words]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"nstyle: error: {said}")


def test_nobodys_file_is_overwritten(painters, pictures, capfd):
    words = ["--gpu", "-1", "--no-progress", "--painter", "1.safetensors", "--image-format", "png"]
    source = painters / "photo.png"
    source.write_bytes((pictures / "photo.png").read_bytes())
    assert nstyle.main([*words, "--content-image", "photo.png", "--output-dir", ".", "--overwrite"]) == 2
    assert "would be overwritten" in capfd.readouterr().err
    assert source.read_bytes() == (pictures / "photo.png").read_bytes()
    assert nstyle.main([*words, "--content-image", "photo.png", "--output-dir", "out"]) == 0
    assert nstyle.main([*words, "--content-image", "photo.png", "--output-dir", "out"]) == 2
    assert "--overwrite replaces it" in capfd.readouterr().err


def test_the_optimizer_starts_from_the_painters_picture(painters, paint, repaint):
    """An epoch with hardly a step leaves the picture that it began with."""
    whole = repaint("--precision", "float32", out="at-once")
    more = ["--precision", "float32", "--painter", "1.safetensors", "--image-format", "png", "--remove-noise", 0,
            "--pyramid-levels", 1, "--init", "painter"]  # fmt: skip
    assert paint(*more, "--optimizer", "adam", "--lr", 0.06, "--max-num-epochs", 1) == 0
    np.testing.assert_allclose(reading.read(painters / "out" / "final.png"), whole, atol=2 / 255)


def test_a_film_is_repainted_frame_by_frame(painters, pictures):
    from neural_style.film import reading as films

    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="films need imageio-ffmpeg")
    assert ffmpeg
    (painters / "clip").mkdir()
    for number in range(3):
        Image.fromarray(np.roll(made_picture(48, 64, 1), 2 * number, 1)).save(painters / "clip" / f"{number}.png")
    words = ["--gpu", "-1", "--painter", "1.safetensors", "--output-dir", "o", "--no-progress"]
    assert nstyle.main([*words, "--content-image", "clip", "--film", "--frame-rate", "5"]) == 0
    film = films.opened(painters / "o" / "clip.mp4")
    frames = list(films.frames(film))
    assert film.rate == 5 and len(frames) == 3 and frames[0].shape == (48, 64, 3)
    assert nstyle.main([*words, "--content-image", "clip/0.png", "--image-format", "png"]) == 0
    still = 255 * reading.read(painters / "o" / "0.png")
    assert np.abs(frames[0] - still).mean() < 8  # but for what H.264 loses
    assert nstyle.main([*words, "--content-image", str(pictures / "photo.png"), "--frames", "2:"]) == 0
