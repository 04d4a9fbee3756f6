"""The networks as symbols and executors: the three functions that scripts for the old example call."""

import numpy as np
import plain
import pytest
from needs_mxnet import mx

import model_vgg19
from neural_style.engines.mxnet import executor
from neural_style.engines.mxnet.symbols import feature_maps
from neural_style.errors import InputError
from neural_style.networks.layers import convolutions
from neural_style.networks.registry import NETWORKS

SIZE = (40, 48)
IMAGE = np.random.default_rng(1).uniform(-110, 130, (1, 3, *SIZE)).astype(np.float32)


class Model:
    """The three functions for any network; of VGG-19 those of `model_vgg19`."""

    def __init__(self, network):
        self.network = network
        if network.name == "vgg19":
            self.get_symbol, self.get_executor = model_vgg19.get_symbol, model_vgg19.get_executor

    def get_symbol(self):
        return executor.style_and_content(self.network)

    def get_executor(self, *arguments):
        return executor.bound(self.network, *arguments)

    def get_model(self, size, ctx):
        return self.get_executor(*self.get_symbol(), size, ctx)


@pytest.fixture(params=["vgg19", "squeezenet"])
def model(request, tmp_path, monkeypatch):
    """A network whose weights are where scripts expect them: in model/ of the current folder."""
    (tmp_path / "model").mkdir()
    name = request.param
    (tmp_path / "model" / f"{name}.params").symlink_to(request.getfixturevalue(f"{name}_file"))
    monkeypatch.chdir(tmp_path)
    return Model(NETWORKS[name])


def test_vgg19_has_the_layers_of_the_paper():
    style, content = model_vgg19.get_symbol()
    assert style.list_outputs() == [f"relu{block}_1_output" for block in range(1, 6)]
    assert content.list_outputs() == ["relu4_2_output"]
    names = ["data"]
    for block, count in enumerate((2, 2, 4, 4, 1), 1):
        for number in range(1, count + 1):
            names += [f"conv{block}_{number}_weight", f"conv{block}_{number}_bias"]
    assert style.list_arguments() == names
    pools = {name: attributes for name, attributes in style.attr_dict().items() if name.startswith("pool")}
    assert sorted(pools) == ["pool1", "pool2", "pool3", "pool4"]
    assert {attributes["pool_type"] for attributes in pools.values()} == {"avg"}
    assert {attributes["kernel"] for attributes in pools.values()} == {"(2, 2)"}


@pytest.mark.parametrize("name", NETWORKS)
def test_feature_maps_take_the_arrays_that_weights_files_hold(name):
    maps = feature_maps(NETWORKS[name], mx.sym.Variable("data"))
    everything = mx.sym.Group(list(maps.values()))
    shapes, _, _ = everything.infer_shape(data=(1, 3, 224, 224))
    found = dict(zip(everything.list_arguments(), shapes))
    expected = {"data": (1, 3, 224, 224)}
    for layer, shape in convolutions(NETWORKS[name]).items():
        expected.update({f"{layer}_weight": shape, f"{layer}_bias": shape[:1]})
    assert found == expected


def test_squeezenet_ends_in_the_scores_of_a_thousand_classes(squeezenet_arrays):
    maps = feature_maps(NETWORKS["squeezenet"], mx.sym.Variable("data"), "max")
    _, (shape,), _ = maps["pool_final"].infer_shape(data=(1, 3, 227, 227))
    assert shape == (1, 1000, 1, 1)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("offline", [False, True])
def test_defaults_name_layers_of_the_network(network, offline):
    defaults = network.defaults_for(offline)
    assert defaults.content_layers.keys() | defaults.style_layers.keys() <= {layer.name for layer in network.layers}


def plain_maps(model, arrays):
    if model.network.name == "vgg19":
        return plain.vgg19(arrays, IMAGE[0])
    return plain.squeezenet(arrays, IMAGE[0], np.mean)


def test_a_model_gives_the_feature_maps_of_a_picture(model, request):
    bound = model.get_model(SIZE, mx.cpu())
    assert bound._fields == ("executor", "data", "data_grad", "style", "content", "arg_dict")
    bound.data[:] = IMAGE
    bound.executor.forward()
    maps = plain_maps(model, request.getfixturevalue(f"{model.network.name}_arrays"))
    assert len(bound.style) == 5
    names = [*model.network.defaults.style_layers, *model.network.defaults.content_layers]
    for name, output in zip(names, [*bound.style, bound.content]):
        np.testing.assert_allclose(output.asnumpy()[0], maps[name], rtol=1e-4, atol=1e-4 * maps[name].max())


def test_only_the_picture_has_a_gradient_and_it_is_right(model):
    style, content = model.get_symbol()
    bound = model.get_executor(mx.sym.Group([mx.sym.sum(style[1])]), mx.sym.sum(content), SIZE, mx.cpu())
    assert {name for name, gradient in bound.executor.grad_dict.items() if gradient is not None} == {"data"}

    def value(image):
        bound.data[:] = image
        bound.executor.forward(is_train=True)
        return 2 * bound.style[0].asscalar() + bound.content.asscalar()

    value(IMAGE)
    bound.executor.backward([mx.nd.array([2.0]), mx.nd.array([1.0])])
    gradient = bound.data_grad.asnumpy()
    step = 0.3 * gradient / np.abs(gradient).max()
    assert value(IMAGE + step) - value(IMAGE - step) == pytest.approx(2 * np.sum(gradient * step), rel=0.01)


def test_arguments_that_are_no_weights_are_zero_and_can_be_set(model):
    style, content = model.get_symbol()
    target, factor = mx.sym.Variable("target"), mx.sym.Variable("factor", shape=(1,))
    loss = mx.sym.sum(mx.sym.square(content - target))
    bound = model.get_executor(style, mx.sym.broadcast_mul(loss, factor), SIZE, mx.cpu())
    assert not bound.arg_dict["target"].asnumpy().any() and not bound.arg_dict["factor"].asnumpy().any()
    bound.arg_dict["data"][:] = IMAGE
    bound.arg_dict["factor"][:] = 1
    whole = bound.executor.forward()[-1].asscalar()
    feature_map = model.get_model(SIZE, mx.cpu())
    feature_map.data[:] = IMAGE
    feature_map.executor.forward()
    bound.arg_dict["target"][:] = feature_map.content
    assert whole > 0 and bound.executor.forward()[-1].asscalar() < 1e-6 * whole


def test_weights_of_the_current_folder_come_before_all_others(model, tmp_path):
    path = tmp_path / "model" / f"{model.network.name}.params"
    path.unlink()
    path.write_bytes(b"not weights")
    with pytest.raises(InputError, match=f"model/{model.network.name}.params"):
        model.get_model(SIZE, mx.cpu())


def test_a_weights_file_can_be_named(model, tmp_path, request):
    (tmp_path / "model" / f"{model.network.name}.params").unlink()
    named = request.getfixturevalue(f"{model.network.name}_file")
    bound = model.get_executor(*model.get_symbol(), SIZE, mx.cpu(), named)
    assert bound.arg_dict["data"].shape == (1, 3, *SIZE)


def test_symbols_of_the_mxnet_file_have_the_names_of_the_old_weights(vgg19_file):
    stored = mx.nd.load(str(vgg19_file))
    assert {f"arg:{name}" for name in model_vgg19.get_symbol()[0].list_arguments() if name != "data"} == stored.keys()
    assert stored["arg:conv1_1_weight"].shape == (64, 3, 3, 3) and stored["arg:conv1_1_weight"].dtype == np.float32
