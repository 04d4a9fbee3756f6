"""Reading and writing pictures in the words of MXNet's example, whichever engine there is."""

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.ranges import MEAN_PIXEL


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture = made_picture(36, 48, seed=1)
    Image.fromarray(picture).save("photo.png")
    return picture


def test_a_picture_in_the_example_s_words_goes_in_and_out(photo):
    img = nstyle.PreprocessContentImage("photo.png", 48)
    np.testing.assert_allclose(img[0].transpose(1, 2, 0) + MEAN_PIXEL, photo * (256 / 255), atol=1e-3)
    assert nstyle.PreprocessContentImage("photo.png", 32).shape == (1, 3, 24, 32)
    assert nstyle.PreprocessStyleImage("photo.png", shape=(1, 3, 20, 70)).shape == (1, 3, 20, 70)

    data = nstyle.CallbackData(eps=0.1, epoch=2, img=img, filename="out.png")
    assert data == (0.1, 2, img, "out.png")
    nstyle.SaveImage(data.img, data.filename, remove_noise=0.0)
    out = nstyle.PostprocessImage(data.img)
    assert np.array_equal(np.asarray(Image.open("out.png")), out) and abs(out.astype(int) - photo).max() <= 1
    nstyle.SaveImage(data.img, "smooth.jpg", remove_noise=0.5)
    assert np.asarray(Image.open("smooth.jpg")).std() < out.std()


@pytest.mark.skipif("mxnet" in door.installed(), reason="for where MXNet is missing")
@pytest.mark.parametrize("name", ["style_gram_symbol", "get_loss", "get_tv_grad_executor"])
def test_what_needs_mxnet_says_so_in_one_line(name):
    with pytest.raises(InputError, match="MXNet cannot be loaded.*pip install") as raised:
        getattr(nstyle, name)
    assert "\n" not in str(raised.value)
