"""One epoch as MXNet's example/neural-style computes it, for comparison: losses in the symbol, one size, NAG.

Written from the recipe, with this suite's model: Gram matrices differentiated in both factors, loss symbols bound with
the network, total variation as a second executor, MXNet's own optimizer.
"""

import numpy as np

import model_vgg19
from neural_style.engines.mxnet.library import mx


class OldExample:
    """A run whose `epoch` does one update.

    Parameters
    ----------
    size : (int, int)
    content, style : ndarray, (1, 3, H, W), network range
    """

    def __init__(self, size, content, style):
        style_symbols, content_symbols = model_vgg19.get_symbol()
        shapes = style_symbols.infer_shape(data=(1, 3, *size))[1]
        grams = mx.sym.Group([_gram(symbol, shape) for symbol, shape in zip(style_symbols, shapes)])
        painting = model_vgg19.get_executor(grams, content_symbols, size, mx.cpu())
        targets = []
        for image in (style, content):
            painting.data[:] = image
            painting.executor.forward()
            targets.append([output.copy() for output in (*painting.style, painting.content)])
        losses = [mx.sym.sum(mx.sym.square(mx.sym.Variable(f"target_{i}") - gram)) for i, gram in enumerate(grams)]
        distance = mx.sym.sum(mx.sym.square(mx.sym.Variable("target_content") - content_symbols))
        self._model = model_vgg19.get_executor(mx.sym.Group(losses), distance, size, mx.cpu())
        for i, target in enumerate(targets[0][:-1]):
            self._model.arg_dict[f"target_{i}"][:] = target
        self._model.arg_dict["target_content"][:] = targets[1][-1]
        self._heads = [mx.nd.ones((1,)) / float(np.prod(shape[1:]) * shape[1]) for shape in shapes] + [
            mx.nd.ones((1,)) * 10
        ]
        image = mx.sym.Variable("image")
        channels = mx.sym.SliceChannel(image, num_outputs=3)
        kernel = mx.sym.Variable("kernel")
        smooth = [
            mx.sym.Convolution(c, kernel, num_filter=1, kernel=(3, 3), pad=(1, 1), no_bias=True) for c in channels
        ]
        self._image = mx.nd.random.uniform(-0.1, 0.1, (1, 3, *size))
        laplacian = mx.nd.array([[[[0, -1, 0], [-1, 4, -1], [0, -1, 0]]]]) / 8 * 0.01
        self._smoothness = mx.sym.Concat(*smooth).bind(mx.cpu(), {"image": self._image, "kernel": laplacian})
        self._optimizer = mx.optimizer.create("nag", learning_rate=0.001, momentum=0.95, wd=0.0001)
        self._state = self._optimizer.create_state(0, self._image)

    def epoch(self):
        """One update; returns the relative change of the picture."""
        self._model.data[:] = self._image
        self._model.executor.forward(is_train=True)
        self._model.executor.backward(self._heads)
        gradient = self._model.data_grad
        norm = mx.nd.norm(gradient).asscalar()
        if norm > gradient.size:
            gradient[:] *= gradient.size / norm
        self._smoothness.forward()
        before = self._image.copy()
        self._optimizer.update(0, self._image, gradient + self._smoothness.outputs[0], self._state)
        return (mx.nd.norm(before - self._image) / mx.nd.norm(self._image)).asscalar()


def _gram(symbol, shape):
    flat = mx.sym.Reshape(symbol, shape=(int(shape[1]), int(np.prod(shape[2:]))))
    return mx.sym.FullyConnected(flat, flat, no_bias=True, num_hidden=int(shape[1]))
