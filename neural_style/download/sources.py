"""What `sh download.sh` can fetch: each file, its sources in the order they are tried, their published checksums."""

import os
from typing import NamedTuple


class Source(NamedTuple):
    """One published file from which a file of ours can be had."""

    name: str  # its usual name: in a mirror, or carried over by hand
    url: str = ""  # where it was published (a .zip holds it as a member); empty: only mirrors can have it
    checksums: tuple = ()  # (kind, hexadecimal) pairs of its releases: one has to match, or to begin the file's
    size: int = 0  # bytes, 0 where not known exactly
    about: str = ""  # its size in words, where not known exactly


class File(NamedTuple):
    """One file of the suite. A source of another name than the file's own is converted into it."""

    path: str  # relative to the folder of download.sh
    network: str  # a name of the registry; empty for a picture
    sources: tuple


_SAMPLES = "https://github.com/dmlc/web-data/raw/master/mxnet/neural-style/"
_ZOO = os.environ.get("MXNET_GLUON_REPO", "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/").rstrip("/")


def _sample(name, sha256, size):
    return File(f"input/{name}", "", (Source(name, f"{_SAMPLES}input/{name}", (("SHA-256", sha256),), size),))


def _gluon(name, sha1, about):
    """MXNet's zoo: https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/model_zoo/"""
    name = f"{name}-{sha1[:8]}"
    return Source(f"{name}.params", f"{_ZOO}/gluon/models/{name}.zip", (("SHA-1", sha1),), about=about)


def _torchvision(name, about):
    """PyTorch's store: what stands behind the dash begins the file's SHA-256."""
    proof = (("SHA-256", name.rpartition("-")[2]),)
    return Source(f"{name}.pth", f"https://download.pytorch.org/models/{name}.pth", proof, about=about)


def _johnson(name, about):
    """The networks of the papers converted from Caffe for jcjohnson/fast-neural-style and others."""
    url = f"https://web.eecs.umich.edu/~justincj/models/{name}.pth"
    return Source(f"{name}.pth", url, (("SHA-256", name.rpartition("-")[2]),), about=about)


def _timm(name, about):
    """torchvision's weights at Hugging Face."""
    url = f"https://huggingface.co/timm/{name}/resolve/main/model.safetensors"
    return Source(f"{name}.safetensors", url, about=about)


def _onnx(name, sha256, size=0, about=""):
    """The ONNX zoo at Hugging Face."""
    url = f"https://huggingface.co/onnxmodelzoo/{name}/resolve/main/{name}.onnx"
    return Source(f"{name}.onnx", url, (("SHA-256", sha256),), size, about)


def _oxford(name, sha1, size=0, about=""):
    url = f"https://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe/{name}.caffemodel"
    return Source(f"{name}.caffemodel", url, (("SHA-1", sha1),), size, about)


def _berkeley(name, sha1, about):
    url = f"http://dl.caffe.berkeleyvision.org/{name}.caffemodel"
    return Source(f"{name}.caffemodel", url, (("SHA-1", sha1),), about=about)


FILES = (
    _sample("IMG_4343.jpg", "f030b5f903509865604e9ec823dc509883619a16fdc0a2d5c0fff70cb8b83fcf", 230594),
    _sample("starry_night.jpg", "0592ab0f7b51b3ce72608a95e53880bd93971e5b48f93a0ce8dfd3cbccf3d098", 315236),
    File("model/squeezenet.params", "squeezenet", (
        Source("compressed_SqueezeNet.net",
               "https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/compressed_SqueezeNet.net",
               (("SHA-256", "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"),), 675763),
        Source("squeezenet.params", about="about 5 MB"),
        _gluon("squeezenet1.0", "264ba4970a0cc87a4f15c96e25246a1307caf523", "about 5 MB"),
        _torchvision("squeezenet1_0-b66bff10", "about 5 MB"),
        _onnx("squeezenet1.0-12", "dec81a8684617770b3cf13fadc1d92565d1d453d23935fc6388b792d99c992bd", 4952956),
    )),
    File("model/vgg19.params", "vgg19", (
        Source("vgg19.params", _SAMPLES + "model/vgg19.params",
               (("git blob SHA-1", "9dfbe2ed44e0e8914f9551888bf763e14c09c778"),), about="about 80 MB"),
        Source("imagenet-vgg-verydeep-19.mat",
               "https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat",
               (("SHA-256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
                ("MD5", "8ee3263992981a1d26e73b3ca028a123")), about="about 550 MB"),
        _gluon("vgg19", "ad2f660d101905472b83590b59708b71ea22b2e5", "about 575 MB"),
        _johnson("vgg19-d01eb7cb", "about 575 MB"),
        _oxford("VGG_ILSVRC_19_layers", "239785e7862442717d831f682bb824055e51e9ba", 574671192),
        _torchvision("vgg19-dcbb9e9d", "about 575 MB"),
        _timm("vgg19.tv_in1k", "about 575 MB"),
        _onnx("vgg19-7", "692f9f927f1df1b89033787a77a73eac59fd9b3344f9ecdf0b13221e41c2046f", 574677321),
    )),
    File("model/vgg16.params", "vgg16", (
        Source("vgg16.params", about="about 60 MB"),
        _johnson("vgg16-00b39a1b", "about 530 MB"),
        _oxford("VGG_ILSVRC_16_layers", "9363e1f6d65f7dba68c4f27a1e62105cdf6c4e24", about="about 530 MB"),
        _torchvision("vgg16-397923af", "about 530 MB"),
        _gluon("vgg16", "e660d4569ccb679ec68f1fd3cce07a387252a90a", "about 530 MB"),
        _timm("vgg16.tv_in1k", "about 530 MB"),
        _onnx("vgg16-12", "722c42f53ca03a5480296bf8f9c85a151de3eed9ec982d7d2302ff6e2900c67b", about="about 530 MB"),
    )),
    File("model/squeezenet1.1.params", "squeezenet1.1", (
        Source("squeezenet1.1.params", about="about 5 MB"),
        _gluon("squeezenet1.1", "33ba0f93753c83d86e1eb397f38a667eaf2e9376", "about 5 MB"),
    )),
    File("model/googlenet.params", "googlenet", (
        Source("googlenet.params", about="about 24 MB"),
        _berkeley("bvlc_googlenet", "405fc5acd08a3bb12de8ee5e23a96bec22f08204", "about 53 MB"),
        _onnx("googlenet-12", "c99c507058eaf41de8723408fdda7db8325cb57f0a89f2ee07a716d6e963e14e", 28021836),
    )),
    File("model/caffenet.params", "caffenet", (
        Source("caffenet.params", about="about 9 MB"),
        _berkeley("bvlc_reference_caffenet", "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46", "about 240 MB"),
        _onnx("caffenet-12", "ea563e5c47d1f58e1717cf1a2d8bf288b8adc07af0ad228b622096cd243aeecb", about="about 240 MB"),
    )),
    File("model/nin.params", "nin", (
        Source("nin.params", about="about 30 MB"),
        Source("nin_imagenet.caffemodel", about="about 30 MB"),
        Source("nin_imagenet_conv.caffemodel", about="about 30 MB"),
    )),
)  # fmt: skip
