"""A painter's file: written, read, and refused in one line where it is none."""

import json

import numpy as np
import plain_generator as plain
import pytest

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.painters import painter
from neural_style.painters.generators import OWN
from neural_style.painters.rows import shapes

FACTS = {"painting": "night.jpg", "licence": "CC0", "recipe": {"steps": 3}}


@pytest.fixture(scope="module")
def arrays():
    return plain.random_arrays(shapes(OWN))


@pytest.fixture
def file(tmp_path, arrays):
    painter.write(tmp_path / "p.safetensors", [painter.Part(OWN, arrays)], FACTS)
    return tmp_path / "p.safetensors"


def test_what_is_written_is_read(file, arrays):
    found = painter.read(file)
    ((generator, read),) = found.parts
    assert generator is OWN and read.keys() == arrays.keys()
    assert all((read[name] == arrays[name]).all() for name in arrays)
    assert found.facts["painting"] == "night.jpg" and json.loads(found.facts["recipe"]) == {"steps": 3}


def test_the_same_painter_gives_the_same_bytes(file, arrays):
    before = file.read_bytes()
    for _ in range(3):
        painter.write(file, [painter.Part(OWN, dict(reversed(arrays.items())))], dict(reversed(FACTS.items())))
        assert file.read_bytes() == before


def test_each_part_is_given_what_the_one_before_made(tmp_path, arrays):
    engine = door.opened(-1, "float32", quick=True).engine
    other = plain.random_arrays(shapes(OWN), seed=8)
    photograph = np.random.default_rng(0).random((24, 24, 3), np.float32)
    files = {"both": (arrays, other), "first": (arrays,), "second": (other,)}
    for name, parts in files.items():
        painter.write(tmp_path / name, [painter.Part(OWN, it) for it in parts], {})
    both, first, second = (painter.read(tmp_path / name).on(engine) for name in files)
    ((generator, weights),) = second.parts
    between = painter.forward.painted(engine, *first.parts[0], photograph)
    expected = np.clip(painter.forward.painted(engine, generator, weights, between), 0, 1)
    np.testing.assert_array_equal(both.paint(engine, photograph), expected)


def refusal(path):
    with pytest.raises(InputError) as caught:
        painter.read(path)
    line = str(caught.value)
    assert "\n" not in line and line.startswith("--painter ") and path.name in line
    return line


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "gone.safetensors")


def test_any_damage_is_one_line(file, tmp_path):
    data, rng = file.read_bytes(), np.random.default_rng(1)
    header = int.from_bytes(data[:8], "little") + 8
    for cut in (0, 1, 7, 8, 9, header // 2, header, header + 5, len(data) - 1):
        (tmp_path / "cut").write_bytes(data[:cut])
        refusal(tmp_path / "cut")
    for place in [*rng.integers(0, header, 60)]:
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "changed").write_bytes(changed)
        try:
            painter.read(tmp_path / "changed")  # in the facts, say: still a painter
        except InputError as error:
            assert "\n" not in str(error)


def test_another_architecture_and_wrong_arrays_are_named(tmp_path, arrays):
    path = tmp_path / "p.safetensors"
    painter.write(path, [painter.Part(OWN._replace(name="tenth"), arrays)], {})
    assert "'tenth', which is not known here" in refusal(path)
    name = "broad1_1_weight"
    for array, fault in ((arrays[name][:3], "has shape"), (np.full_like(arrays[name], np.nan), "no number")):
        painter.write(path, [painter.Part(OWN, {**arrays, name: array})], {})
        assert f"array {name} " in refusal(path) and fault in refusal(path)
    painter.write(path, [painter.Part(OWN, {key: it for key, it in arrays.items() if key != name})], {})
    assert f"array {name} is missing" in refusal(path)


def test_weights_of_a_network_are_no_painter(tmp_path):
    from neural_style.weights import safetensors

    safetensors.write(tmp_path / "w.safetensors", {"conv_weight": np.zeros((1, 1, 1, 1), np.float32)})
    assert "is no painter" in refusal(tmp_path / "w.safetensors")
