"""Scripts in the way of MXNet's example/neural-style run unchanged, in a folder that holds `model/vgg19.params`."""

import argparse
import os
import shutil
import subprocess
import sys

import numpy as np
import plain
import pytest
from conftest import ROOT
from needs_mxnet import mx
from PIL import Image

import find_mxnet  # noqa: F401

SIZE = (40, 48)
CONTENT, STYLE, START = np.random.default_rng(1).uniform(-110, 130, (3, 1, 3, *SIZE)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, vgg19_file, pictures):
    """The current folder, as the old example's download script left it."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "vgg19.params").symlink_to(vgg19_file)
    shutil.copytree(pictures, tmp_path / "input")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gram_symbols(style, size):
    """A Gram matrix above each style layer, and what the old example divides its loss by."""
    _, shapes, _ = style.infer_shape(data=(1, 3, *size))
    grams, scales = [], []
    for index, (_, channels, height, width) in enumerate(shapes):
        rows = mx.sym.Reshape(style[index], shape=(channels, height * width))
        grams.append(mx.sym.FullyConnected(rows, rows, no_bias=True, num_hidden=channels))
        scales.append(channels * height * width * channels)
    return mx.sym.Group(grams), scales


def test_a_script_that_builds_its_own_losses():
    import model_vgg19

    style, content = model_vgg19.get_symbol()
    gram, scales = gram_symbols(style, SIZE)
    extractor = model_vgg19.get_executor(gram, content, SIZE, mx.cpu())
    extractor.data[:] = STYLE
    extractor.executor.forward()
    style_arrays = [output.copyto(mx.cpu()) for output in extractor.style]
    extractor.data[:] = CONTENT
    extractor.executor.forward()
    content_array = extractor.content.copyto(mx.cpu())
    del extractor

    losses = [
        mx.sym.sum(mx.sym.square(mx.sym.Variable(f"target_gram_{index}") - gram[index])) for index in range(len(scales))
    ]
    content_loss = mx.sym.sum(mx.sym.square(mx.sym.Variable("target_content") - content))
    painter = model_vgg19.get_executor(mx.sym.Group(losses), content_loss, SIZE, mx.cpu())
    for index, array in enumerate(style_arrays):
        painter.arg_dict[f"target_gram_{index}"][:] = array
    painter.arg_dict["target_content"][:] = content_array
    head_gradients = [mx.nd.ones((1,)) * (1.0 / scale) for scale in scales] + [mx.nd.ones((1,)) * 10.0]

    arrays = {name[4:]: array.asnumpy() for name, array in mx.nd.load("model/vgg19.params").items()}
    recipe = plain.Recipe(arrays, CONTENT[0], STYLE[0])
    for picture in (START, CONTENT):
        painter.data[:] = picture
        painter.executor.forward(is_train=True)
        painter.executor.backward(head_gradients)
        content_value, style_values = recipe.losses(picture[0])
        assert 10 * painter.content.asscalar() == pytest.approx(content_value, rel=1e-4, abs=1)
        for output, scale, expected in zip(painter.style, scales, style_values.values()):
            assert output.asscalar() / scale == pytest.approx(expected, rel=1e-4)
        expected = recipe.gradient(picture[0])
        assert np.linalg.norm(painter.data_grad.asnumpy()[0] - expected) < 1e-4 * np.linalg.norm(expected)


def test_a_script_that_steps_by_itself():
    import model_vgg19

    executor = model_vgg19.get_model(input_size=SIZE, ctx=mx.cpu())
    picture = mx.nd.array(START)
    optimizer = mx.optimizer.NAG(learning_rate=0.001, momentum=0.95, wd=0.0001)
    state = optimizer.create_state(0, picture)
    strengths = []
    for _ in range(3):
        picture.copyto(executor.data)
        executor.executor.forward(is_train=True)
        strengths.append(float(executor.content.norm().asscalar()))
        executor.executor.backward([mx.nd.zeros_like(output) for output in executor.style] + [executor.content])
        optimizer.update(0, picture, executor.data_grad, state)
    assert strengths[2] < strengths[1] < strengths[0]


def test_a_notebook_that_sets_its_arguments_by_hand(folder):
    import nstyle

    args = nstyle.get_args([])
    args.content_image = "input/photo.png"
    args.style_image = "input/painting.png"
    args.max_num_epochs = 4
    args.save_epochs = 2
    args.output_dir = "output/"
    args.gpu = -1
    args.lr = 0.1
    args.lr_sched_delay = 10
    args.remove_noise = 0.01
    args.stop_eps = 0.0
    args.my_own_field = object()
    seen = []
    nstyle.train_nstyle(args, callback=seen.append)

    assert [data["epoch"] for data in seen] == [1, 2, 3, 4]
    assert all(0 < data["eps"] < 1 for data in seen)
    assert [set(data) for data in seen] == [{"epoch", "eps"}, {"epoch", "eps", "filename", "img"}] * 2
    for data in seen[1::2]:
        assert data["filename"].replace("\\", "/") == f"output/e_{data['epoch']}.jpg"
        assert (folder / data["filename"]).is_file()
        assert isinstance(data["img"], np.ndarray) and data["img"].shape == (1, 3, 48, 64)
        assert data["img"].min() < -50 and data["img"].max() < 160
    assert (folder / "output" / "final.jpg").is_file()


def test_a_namespace_with_the_fields_of_the_original_only(folder):
    import nstyle

    args = argparse.Namespace(
        model="vgg19", content_image="input/photo.png", style_image="input/painting.png", stop_eps=0.005,
        content_weight=10.0, style_weight=1.0, tv_weight=0.01, max_num_epochs=2, max_long_edge=48, lr=0.001, gpu=-1,
        output_dir="output/", save_epochs=50, remove_noise=0.02, lr_sched_delay=75, lr_sched_factor=0.9,
    )  # fmt: skip
    nstyle.train_nstyle(args)
    assert (folder / "output" / "final.jpg").is_file()


def test_a_notebook_in_the_words_of_the_example(folder):
    """Its own steps: pictures in, Gram matrices and losses as symbols, total variation, a step, a picture out."""
    import model_vgg19
    from nstyle import (
        PreprocessContentImage,
        PreprocessStyleImage,
        get_loss,
        get_tv_grad_executor,
        style_gram_symbol,
    )

    content_np = PreprocessContentImage("input/photo.png", 48)
    style_np = PreprocessStyleImage("input/painting.png", shape=content_np.shape)
    size = content_np.shape[2:]
    assert content_np.shape == style_np.shape == (1, 3, 36, 48)

    style, content = model_vgg19.get_symbol()
    gram, gscale = style_gram_symbol(size, style)
    extractor = model_vgg19.get_executor(gram, content, size, mx.cpu())
    extractor.data[:] = style_np
    extractor.executor.forward()
    style_array = [output.copyto(mx.cpu()) for output in extractor.style]
    extractor.data[:] = content_np
    extractor.executor.forward()
    content_array = extractor.content.copyto(mx.cpu())

    style_loss, content_loss = get_loss(gram, content)
    painter = model_vgg19.get_executor(style_loss, content_loss, size, mx.cpu())
    for index, array in enumerate(style_array):
        painter.arg_dict[f"target_gram_{index}"][:] = array
    painter.arg_dict["target_content"][:] = content_array
    img = mx.nd.array(content_np)
    img.copyto(painter.data)
    painter.executor.forward(is_train=True)
    painter.executor.backward([mx.nd.ones((1,)) / scale for scale in gscale] + [mx.nd.ones((1,)) * 10])

    arrays = {name[4:]: array.asnumpy() for name, array in mx.nd.load("model/vgg19.params").items()}
    recipe = plain.Recipe(arrays, content_np[0], style_np[0])
    _, losses = recipe.losses(content_np[0])
    for output, scale, expected in zip(painter.style, gscale, losses.values()):
        assert output.asscalar() / scale == pytest.approx(expected, rel=1e-4)
    expected = recipe.gradient(content_np[0])
    assert np.linalg.norm(painter.data_grad.asnumpy()[0] - expected) < 1e-4 * np.linalg.norm(expected)

    assert get_tv_grad_executor(img, mx.cpu(), 0.0) is None
    tv = get_tv_grad_executor(img, mx.cpu(), 0.5)
    img[:] = style_np  # bound: what it holds now counts
    tv.forward()
    expected = 0.5 / 8 * plain.roughness_gradient(style_np[0])
    np.testing.assert_allclose(tv.outputs[0].asnumpy()[0], expected, atol=1e-3)



def test_pictures_of_the_example_are_rgb_in_network_range(folder):
    from nstyle import PostprocessImage, PreprocessContentImage

    colours = np.array([[255, 0, 51], [0, 255, 102]], np.uint8)
    Image.fromarray(colours.repeat(40, 0).reshape(2, 40, 3).repeat(20, 0)).save("two.png")
    array = PreprocessContentImage("two.png", 40)
    assert array.shape == (1, 3, 40, 40) and array.dtype == np.float32
    for row, colour in ((2, colours[0]), (37, colours[1])):
        np.testing.assert_allclose(array[0, :, row, 5], colour / 255 * 256 - plain.MEAN_PIXEL.ravel(), atol=1e-3)
    kept = array.copy()
    picture = PostprocessImage(array)
    assert picture.shape == (40, 40, 3) and picture.dtype == np.uint8
    assert np.abs(picture[2, 5].astype(int) - colours[0]).max() <= 1
    assert np.array_equal(array, kept)
    array[:] = 1e6
    assert (PostprocessImage(array) == 255).all()
    array[:] = -1e6
    assert (PostprocessImage(array) == 0).all()


def test_find_mxnet_comes_before_mxnet_in_a_fresh_process():
    program = "import find_mxnet, mxnet, nstyle; print(mxnet.nd.ones(2).asnumpy().sum(), nstyle.get_loss.__name__)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", program]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.stdout.split() == ["2.0", "get_loss"], run.stderr


def test_of_unknown_names_nstyle_says_that_it_has_none():
    import nstyle

    with pytest.raises(AttributeError, match="PreprocessFilm"):
        nstyle.PreprocessFilm  # noqa: B018
