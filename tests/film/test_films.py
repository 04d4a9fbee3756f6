"""Films of many kinds become frames, frames become films with sound; what cannot be read is refused in one line."""

from fractions import Fraction

import numpy as np
import pytest
from clips import ffmpeg, pan, write
from PIL import Image

from neural_style.errors import InputError
from neural_style.film import command, reading, stability, writing


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twelve frames of 64 x 48, without loss, and its frames."""
    frames = pan(12)
    return write(tmp_path_factory.mktemp("clip") / "pan.mp4", frames), frames


def frames_of(path, *more, **how):
    return [frame.astype(np.float32) / 255 for frame in reading.frames(reading.opened(path, **how), *more)]


def test_a_film_is_read_frame_by_frame(clip):
    film = reading.opened(clip[0])
    assert (film.size, film.rate, film.sound) == ((48, 64), Fraction(25), False)
    found = frames_of(clip[0])
    assert len(found) == 12
    assert all(np.abs(frame - original).max() < 0.02 for frame, original in zip(found, clip[1]))


def test_a_stretch_and_one_of_so_many(clip):
    found = frames_of(clip[0], 3, 9, 3)
    assert len(found) == 3
    for frame, number in zip(found, (3, 6, 9)):
        assert np.abs(frame - clip[1][number - 1]).max() < 0.02
    with pytest.raises(InputError, match="--frames: it begins at 20, and .* has 12 frames"):
        frames_of(clip[0], 20)


def test_a_folder_of_pictures_is_a_film_in_the_order_of_its_numbers(tmp_path):
    for number, frame in enumerate(pan(11), 1):
        Image.fromarray(np.rint(frame * 255).astype(np.uint8)).save(tmp_path / f"f{number}.png")
    found = frames_of(tmp_path)
    assert len(found) == 11 and np.abs(found[10] - pan(11)[10]).max() < 0.01
    assert reading.opened(tmp_path, rate=10).rate == 10
    Image.new("RGB", (40, 40)).save(tmp_path / "f12.png")
    with pytest.raises(InputError, match="f12.png: 40 x 40 pixels, the frames before it 64 x 48"):
        frames_of(tmp_path)


def test_an_animated_gif_is_a_film_and_its_transparent_parts_are_white(tmp_path):
    pictures = [Image.new("RGBA", (48, 40), (0, 0, 0, 0)) for _ in range(4)]
    for number, picture in enumerate(pictures):
        picture.paste((200, 20, 20, 255), (10 * number, 0, 10 * number + 8, 40))
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100, disposal=2)
    pictures[0].save(tmp_path / "still.gif")
    assert reading.is_film(tmp_path / "a.gif") and not reading.is_film(tmp_path / "still.gif")
    found = frames_of(tmp_path / "a.gif")
    assert reading.opened(tmp_path / "a.gif").rate == 10 and len(found) == 4
    for number, frame in enumerate(found):
        assert np.allclose(frame[:, 10 * number : 10 * number + 8], np.float32([200, 20, 20]) / 255, atol=0.02)
        assert frame[:, :10 * number].min(initial=1) == 1 and frame[:, 10 * number + 8 :].min() == 1


def test_rotated_films_stand_upright(tmp_path, clip):
    ffmpeg("-display_rotation", "90", "-i", clip[0], "-c", "copy", tmp_path / "turned.mp4")
    assert reading.opened(tmp_path / "turned.mp4").size == (64, 48)
    found = frames_of(tmp_path / "turned.mp4")[0]
    assert np.abs(found - np.rot90(clip[1][0])).max() < 0.02


def test_pixels_that_are_not_square_are_counted(tmp_path, clip):
    ffmpeg("-i", clip[0], "-vf", "setsar=3/2", "-c:v", "libx264", tmp_path / "wide.mkv")
    film = reading.opened(tmp_path / "wide.mkv")
    assert film.size == (48, 96) and film.stored == (48, 64)


@pytest.mark.parametrize(
    "how",
    [("-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-crf", "5"), ("-c:v", "mpeg4", "-q:v", "1")],
    ids=["10 bits", "mpeg4"],
)
def test_other_kinds_of_films_also_of_odd_size(tmp_path, how):
    how = [*how, "-vf", "pad=68:52"] if "libx264" in how else how
    path = write(tmp_path / "a.mkv", pan(6, 51, 67), 25, *how)
    found = frames_of(path)
    assert len(found) == 6 and np.abs(found[0][:51, :67] - pan(6, 51, 67)[0]).mean() < 0.05


def test_high_dynamic_range_is_mapped_and_said(tmp_path):
    tags = ["-vf", "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"]
    path = write(tmp_path / "hdr.mp4", pan(2), 25, *tags, "-c:v", "libx264")
    try:
        film = reading.opened(path)
    except InputError as error:
        assert "high dynamic range" in str(error)
    else:
        assert "high dynamic range" in film.notices[0]
        assert len(list(reading.frames(film))) == 2


def test_a_film_of_no_fixed_rate_is_brought_to_one(tmp_path):
    frames = pan(4)
    path = write(tmp_path / "even.mp4", frames, 10)
    ffmpeg("-i", path, "-vf", "setpts='if(gte(N,2),N+3,N)/10/TB'", "-fps_mode", "vfr", tmp_path / "varying.mkv")
    found = frames_of(tmp_path / "varying.mkv", rate=10)
    assert len(found) == 7
    assert np.abs(found[2] - found[1]).max() < 0.02 < np.abs(found[5] - found[1]).max()


def damaged(clip, tmp_path, kind):
    path = tmp_path / "damaged.mkv"
    if kind == "text":
        path = tmp_path / "text.mp4"
        path.write_text("no film\n" * 400)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "sound alone":
        ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    elif kind == "cut off":
        ffmpeg("-i", clip[0], "-c", "copy", "-movflags", "+faststart", tmp_path / "whole.mp4")
        path = tmp_path / "cut.mp4"
        path.write_bytes((tmp_path / "whole.mp4").read_bytes()[:-4000])
    elif kind == "small":
        write(path, pan(2, 20, 24))
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "cannot be read as a film .*; use an intact film"), ("empty", "cannot be read as a film"),
        ("sound alone", "it has sound, but no pictures"), ("missing", "no such film"),
        ("small", "frames of 24 x 20 pixels"), ("cut off", r"damaged after frame \d+ \(.*; --frames 1:\d+ takes what"),
    ],
)  # fmt: skip
def test_what_is_no_whole_film_is_refused_in_one_line(clip, tmp_path, kind, said):
    with pytest.raises(InputError, match=said) as caught:
        frames_of(damaged(clip, tmp_path, kind))
    assert "\n" not in str(caught.value)


def test_what_comes_before_the_damage_can_be_had(clip, tmp_path):
    path = damaged(clip, tmp_path, "cut off")
    with pytest.raises(InputError) as caught:
        frames_of(path)
    whole = int(str(caught.value).split("1:")[1].split()[0])
    assert 0 < whole < 12 and len(frames_of(path, 1, whole)) == whole


def test_without_ffmpeg_the_line_says_what_to_install(clip, monkeypatch):
    from neural_style.film import ffmpeg as program

    program.program.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError, match="ffmpeg, which is missing: .*install"):
        reading.opened(clip[0])
    program.program.cache_clear()


def test_a_film_is_written_with_the_sound_of_another_and_the_same_bytes_again(clip, tmp_path):
    ffmpeg("-i", clip[0], "-f", "lavfi", "-i", "sine=d=0.48", "-c:v", "copy", "-c:a", "aac", tmp_path / "loud.mp4")
    frames = [np.rint(frame * 255).astype(np.uint8) for frame in clip[1]]
    for name in ("one.mp4", "two.mp4"):
        writing.write(tmp_path / name, iter(frames), Fraction(25), tmp_path / "loud.mp4")
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    film = reading.opened(tmp_path / "one.mp4")
    assert film.sound and film.rate == 25 and film.size == (48, 64)
    found = frames_of(tmp_path / "one.mp4")
    assert len(found) == 12 and np.abs(found[5] - clip[1][5]).mean() < 0.03
    sound = [ffmpeg("-i", tmp_path / name, "-map", "0:a", "-f", "s16le", "-") for name in ("loud.mp4", "one.mp4")]
    assert sound[0] == sound[1]


def test_sound_that_mp4_cannot_hold_is_coded_anew(clip, tmp_path):
    sine = ["-f", "lavfi", "-i", "sine=d=0.48"]
    ffmpeg("-i", clip[0], *sine, "-c:v", "copy", "-c:a", "wmav2", tmp_path / "other.mkv")
    frames = [np.rint(frame * 255).astype(np.uint8) for frame in clip[1]]
    writing.write(tmp_path / "a.mp4", frames, Fraction(25), tmp_path / "other.mkv")
    assert reading.opened(tmp_path / "a.mp4").sound


def test_a_film_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "sound.mp4").write_text("none")
    with pytest.raises(OSError, match="ffmpeg"):
        writing.write(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)], Fraction(25), tmp_path / "sound.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["sound.mp4"]


def test_the_warping_error_is_that_of_the_formula():
    one, other = pan(2, 60, 80)
    towards = np.broadcast_to(np.float32([2, 1]), (60, 80, 2))
    trusted = np.zeros((60, 80), bool)
    trusted[:40, :50] = True
    assert stability.error(other, one, towards, trusted) == pytest.approx(0, abs=1e-12)
    noisy = other + np.where(trusted[..., None], 0.1, 5)
    assert stability.error(noisy, one, towards, trusted) == pytest.approx(0.01, rel=1e-5)


def test_a_flickering_film_is_told_from_a_steady_one(tmp_path, capsys):
    frames = pan(6, 60, 80)
    film = write(tmp_path / "film.mp4", frames)
    steady = write(tmp_path / "steady.mp4", [1 - frame for frame in frames])
    flicker = write(tmp_path / "flicker.mp4", [np.clip(frame + 0.2 * (n % 2), 0, 1) for n, frame in enumerate(frames)])
    assert command.main(["--stability", str(film), str(flicker), str(steady)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "6 frames" in lines[0] and lines[1].endswith("flicker.mp4") and "first 1.00" in lines[1]
    ratios = [float(line.split("film ")[1].split()[0]) for line in lines[1:]]
    assert ratios[0] > 10 and ratios[1] == pytest.approx(1, abs=0.1)
    assert float(lines[2].split("first ")[1].split()[0]) < 0.1


def test_the_measure_names_what_it_cannot_use(tmp_path, capsys):
    assert command.main(["--stability", "none.mp4", str(tmp_path)]) == 2
    assert "none.mp4: no such film" in capsys.readouterr().err
