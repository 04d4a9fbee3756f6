"""The flow is near to the one that is known, what is hidden is found, and .flo files are those of Middlebury."""

import struct

import numpy as np
import pytest
from clips import pan, passing, texture

from neural_style.errors import InputError
from neural_style.film import flow


def end_point_error(found, across, down):
    return np.sqrt(np.sum((found - np.float32([across, down])) ** 2, axis=2))


@pytest.mark.parametrize(("across", "down"), [(2, 1), (-3, 2), (0, 0)])
def test_the_flow_of_a_camera_that_moves_is_found(across, down):
    frames = pan(2, 96, 128, abs(across), abs(down))[:: 1 if across >= 0 else -1]
    found = flow.tvl1(frames[1], frames[0])
    expected = (across, down) if across >= 0 else (across, -down)
    assert end_point_error(found, *expected).mean() < 0.5


def test_a_square_that_passes_is_followed_and_what_it_hid_is_not_trusted():
    frames, places = passing(2)
    forward, backward = flow.tvl1(frames[0], frames[1]), flow.tvl1(frames[1], frames[0])
    truth = np.where(places[1][..., None], np.float32([-4, 0]), 0)
    error = np.sqrt(np.sum((backward - truth) ** 2, axis=2))
    uncovered = places[0] & ~places[1]
    assert error[~uncovered].mean() < 0.5
    trust = flow.trust(backward, forward)
    assert trust.trusted[uncovered].mean() <= 0.1
    assert trust.trusted[~uncovered].mean() > 0.85
    assert not (trust.trusted & trust.hidden).any()


def test_trust_follows_the_two_formulas():
    generator = np.random.default_rng(5)
    smooth = np.stack([texture(40, 50, seed)[..., 0] for seed in (1, 2)], axis=2) * 6 - 3
    back = -smooth + generator.normal(0, 0.3, smooth.shape).astype(np.float32)
    trust = flow.trust(smooth.astype(np.float32), back)
    for y, x in ((5, 7), (20, 31), (33, 44), (11, 25)):
        u, v = smooth[y, x]
        row, column = y + v, x + u
        top, left = int(np.floor(row)), int(np.floor(column))
        a, b = row - top, column - left
        corners = back[top : top + 2, left : left + 2]
        upper, lower = ((1 - b) * left_ + b * right_ for left_, right_ in corners)
        there = (1 - a) * upper + a * lower
        hidden = np.sum((there + smooth[y, x]) ** 2) > 0.01 * (np.sum(there**2) + u**2 + v**2) + 0.5
        by_row, by_column = (smooth[y + 1, x] - smooth[y - 1, x]) / 2, (smooth[y, x + 1] - smooth[y, x - 1]) / 2
        edge = np.sum(by_row**2) + np.sum(by_column**2) > 0.01 * (u**2 + v**2) + 0.002
        assert trust.hidden[y, x] == hidden and trust.trusted[y, x] == (not hidden and not edge)


def test_what_comes_into_the_picture_is_hidden_in_the_frame_before():
    away, back = np.full((30, 40, 2), 5, np.float32), np.full((30, 40, 2), -5, np.float32)
    hidden = flow.trust(away, back).hidden
    assert hidden[:, -5:].all() and hidden[-5:].all() and not hidden[:-5, :-5].any()


def test_a_picture_is_moved_to_where_its_flow_leads():
    frames = pan(2, 40, 50, across=3, down=2)
    towards = np.broadcast_to(np.float32([3, 2]), (40, 50, 2))
    moved = flow.warped(frames[0], towards)
    assert np.allclose(moved[:-2, :-3], frames[1][:-2, :-3], atol=1e-6)
    planes = flow.warped(frames[0].transpose(2, 0, 1)[None], towards)
    assert np.array_equal(planes[0].transpose(1, 2, 0), moved)


def test_a_flow_explains_a_pan_and_not_a_cut():
    one, other = pan(2, 60, 80)
    for frame, least, most in ((other, 0.7, 1), (texture(60, 80, 33), 0, 0.2)):
        towards = flow.tvl1(frame, one)
        trusted = flow.trust(towards, flow.tvl1(one, frame)).trusted
        assert least <= flow.explained(frame, one, towards, trusted) <= most


def test_flo_files_are_those_of_middlebury(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    path = tmp_path / "backward_2_1.flo"
    path.write_bytes(b"PIEH" + struct.pack("<ii", 5, 3) + values.astype("<f4").tobytes())
    assert np.array_equal(flow.read_flo(path), values)
    flow.write_flo(tmp_path / "again.flo", values)
    assert (tmp_path / "again.flo").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-1], lambda d: d + b"0", lambda d: b"PIEG" + d[4:], lambda d: b"", None]
)
def test_what_is_no_flo_file_is_refused_in_one_line(tmp_path, damage):
    path = tmp_path / "a.flo"
    flow.write_flo(path, np.zeros((4, 6, 2)))
    data = path.read_bytes()
    path.write_bytes(damage(data) if damage else data[:12] + struct.pack("<f", np.nan) + data[16:])
    with pytest.raises(InputError, match=r"a\.flo: .*write it again"):
        flow.read_flo(path)


def test_a_flow_of_another_size_counts_in_its_own_pixels():
    small = np.broadcast_to(np.float32([2, -1]), (10, 20, 2))
    assert np.allclose(flow.resized(small, (30, 40)), [4, -3])
