"""What can be fetched: each file, its sources in the order they are tried, their published checksums."""

import os
from typing import NamedTuple

from ..weights.published import BY_NAME


class Source(NamedTuple):
    """One published file from which a file of ours can be had."""

    name: str  # its usual name: in a mirror, or carried over by hand
    url: str = ""  # where it was published (a .zip holds it as a member); empty: only mirrors can have it
    checksums: tuple = ()  # (kind, hexadecimal) pairs of its releases: one has to match, or to begin the file's
    size: int = 0  # bytes, 0 where not known exactly
    about: str = ""  # its size in words, where not known exactly


    def answers_to(self, text):
        """Whether a text is in its name, its publisher's or its address, upper and lower case the same."""
        by = BY_NAME[self.name].by if self.name in BY_NAME else ""
        return any(text.lower() in words.lower() for words in (self.name, by, self.url))


class File(NamedTuple):
    """One file of the suite. A source of another name than the file's own is converted into it."""

    path: str  # relative to the folder that it is fetched into
    network: str  # a name of the registry; empty for a picture
    sources: tuple


_SAMPLES = "https://github.com/dmlc/web-data/raw/master/mxnet/neural-style/"
_ZOO = os.environ.get("MXNET_GLUON_REPO", "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/").rstrip("/")


def _sample(name, sha256, size):
    return File(f"input/{name}", "", (Source(name, f"{_SAMPLES}input/{name}", (("SHA-256", sha256),), size),))


def _published(name, url, size=0, about=""):
    return Source(name, url, BY_NAME[name].checksums, size, about)


def _gluon(name, about):
    """MXNet's zoo: https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/model_zoo/"""
    return _published(f"{name}.params", f"{_ZOO}/gluon/models/{name}.zip", about=about)


def _torchvision(name, about):
    """PyTorch's store."""
    return _published(f"{name}.pth", f"https://download.pytorch.org/models/{name}.pth", about=about)


def _johnson(name, about):
    """The networks of the papers converted from Caffe for jcjohnson/fast-neural-style and others."""
    return _published(f"{name}.pth", f"https://web.eecs.umich.edu/~justincj/models/{name}.pth", about=about)


def _timm(name, about):
    """torchvision's weights at Hugging Face."""
    url = f"https://huggingface.co/timm/{name}/resolve/main/model.safetensors"
    return Source(f"{name}.safetensors", url, about=about)


def _onnx(name, size=0, about=""):
    """The ONNX zoo at Hugging Face."""
    return _published(f"{name}.onnx", f"https://huggingface.co/onnxmodelzoo/{name}/resolve/main/{name}.onnx",
                      size, about)  # fmt: skip


def _oxford(name, size=0, about=""):
    url = f"https://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe/{name}.caffemodel"
    return _published(f"{name}.caffemodel", url, size, about)


def _berkeley(name, about):
    return _published(f"{name}.caffemodel", f"http://dl.caffe.berkeleyvision.org/{name}.caffemodel", about=about)


FILES = (
    _sample("IMG_4343.jpg", "f030b5f903509865604e9ec823dc509883619a16fdc0a2d5c0fff70cb8b83fcf", 230594),
    _sample("starry_night.jpg", "0592ab0f7b51b3ce72608a95e53880bd93971e5b48f93a0ce8dfd3cbccf3d098", 315236),
    File("model/squeezenet.params", "squeezenet", (
        _published("compressed_SqueezeNet.net",
                   "https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/compressed_SqueezeNet.net",
                   675763),
        Source("squeezenet.params", about="about 5 MB"),
        _gluon("squeezenet1.0-264ba497", "about 5 MB"),
        _torchvision("squeezenet1_0-b66bff10", "about 5 MB"),
        _onnx("squeezenet1.0-12", 4952956),
    )),
    File("model/vgg19.params", "vgg19", (
        _published("vgg19.params", _SAMPLES + "model/vgg19.params", about="about 80 MB"),
        _published("imagenet-vgg-verydeep-19.mat",
                   "https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat", about="about 550 MB"),
        _gluon("vgg19-ad2f660d", "about 575 MB"),
        _johnson("vgg19-d01eb7cb", "about 575 MB"),
        _oxford("VGG_ILSVRC_19_layers", 574671192),
        _torchvision("vgg19-dcbb9e9d", "about 575 MB"),
        _timm("vgg19.tv_in1k", "about 575 MB"),
        _onnx("vgg19-7", 574677321),
    )),
    File("model/vgg16.params", "vgg16", (
        Source("vgg16.params", about="about 60 MB"),
        _johnson("vgg16-00b39a1b", "about 530 MB"),
        _oxford("VGG_ILSVRC_16_layers", about="about 530 MB"),
        _torchvision("vgg16-397923af", "about 530 MB"),
        _gluon("vgg16-e660d456", "about 530 MB"),
        _timm("vgg16.tv_in1k", "about 530 MB"),
        _onnx("vgg16-12", about="about 530 MB"),
    )),
    File("model/vgg13.params", "vgg13", (
        Source("vgg13.params", about="about 40 MB"),
        _torchvision("vgg13-19584684", "about 530 MB"),
        _gluon("vgg13-6bc5de58", "about 530 MB"),
        _timm("vgg13.tv_in1k", "about 530 MB"),
    )),
    File("model/vgg11.params", "vgg11", (
        Source("vgg11.params", about="about 40 MB"),
        _torchvision("vgg11-8a719046", "about 530 MB"),
        _gluon("vgg11-dd221b16", "about 530 MB"),
        _timm("vgg11.tv_in1k", "about 530 MB"),
    )),
    File("model/squeezenet1.1.params", "squeezenet1.1", (
        Source("squeezenet1.1.params", about="about 5 MB"),
        _gluon("squeezenet1.1-33ba0f93", "about 5 MB"),
        _torchvision("squeezenet1_1-b8a52dc0", "about 5 MB"),
    )),
    File("model/googlenet.params", "googlenet", (
        Source("googlenet.params", about="about 24 MB"),
        _berkeley("bvlc_googlenet", "about 53 MB"),
        _onnx("googlenet-12", 28021836),
    )),
    File("model/caffenet.params", "caffenet", (
        Source("caffenet.params", about="about 9 MB"),
        _berkeley("bvlc_reference_caffenet", "about 240 MB"),
        _onnx("caffenet-12", about="about 240 MB"),
    )),
    File("model/nin.params", "nin", (
        Source("nin.params", about="about 30 MB"),
        Source("nin_imagenet.caffemodel", about="about 30 MB"),
        Source("nin_imagenet_conv.caffemodel", about="about 30 MB"),
    )),
)  # fmt: skip
