"""The files of weights that others published, by the checksums that they gave: whose a file is, whatever its name."""

from pathlib import PurePath
from typing import NamedTuple, Optional

from ..files import checksum


class Published(NamedTuple):
    """One published file."""

    name: str  # its usual name
    network: str  # a name of the registry
    by: str
    checksums: tuple  # (kind, hexadecimal) pairs of its releases: one has to match, or to begin the file's


def _gluon(network, sha1, suffix=""):
    """MXNet's zoo, mxnet/gluon/model_zoo/model_store.py: the name has the beginning of the SHA-1."""
    return Published(f"{network}{suffix}-{sha1[:8]}.params", network, "MXNet's Gluon", (("SHA-1", sha1),))


def _torch(name, network, by="torchvision"):
    """What stands behind the dash begins the file's SHA-256. https://github.com/pytorch/vision, models/*.py"""
    return Published(f"{name}.pth", network, by, (("SHA-256", name.rpartition("-")[2]),))


def _onnx(name, network, sha256):
    return Published(f"{name}.onnx", network, "ONNX zoo", (("SHA-256", sha256),))


def _caffe(name, network, by, sha1):
    return Published(f"{name}.caffemodel", network, by, (("SHA-1", sha1),))


PUBLISHED = (
    Published("vgg19.params", "vgg19", "MXNet's example",
              (("git blob SHA-1", "9dfbe2ed44e0e8914f9551888bf763e14c09c778"),)),
    Published("imagenet-vgg-verydeep-19.mat", "vgg19", "MatConvNet",
              (("SHA-256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
               ("MD5", "8ee3263992981a1d26e73b3ca028a123"))),
    _torch("vgg19-d01eb7cb", "vgg19", "jcjohnson"),
    _torch("vgg16-00b39a1b", "vgg16", "jcjohnson"),
    _caffe("VGG_ILSVRC_19_layers", "vgg19", "Oxford", "239785e7862442717d831f682bb824055e51e9ba"),
    _caffe("VGG_ILSVRC_16_layers", "vgg16", "Oxford", "9363e1f6d65f7dba68c4f27a1e62105cdf6c4e24"),
    _gluon("vgg11", "dd221b160977f36a53f464cb54648d227c707a05"),
    _gluon("vgg13", "6bc5de58a05a5e2e7f493e2d75a580d83efde38c"),
    _gluon("vgg16", "e660d4569ccb679ec68f1fd3cce07a387252a90a"),
    _gluon("vgg19", "ad2f660d101905472b83590b59708b71ea22b2e5"),
    _gluon("vgg11", "ee79a8098a91fbe05b7a973fed2017a6117723a8", "_bn"),
    _gluon("vgg13", "7d97a06c3c7a1aecc88b6e7385c2b373a249e95e", "_bn"),
    _gluon("vgg16", "7f01cf050d357127a73826045c245041b0df7363", "_bn"),
    _gluon("vgg19", "f360b758e856f1074a85abd5fd873ed1d98297c3", "_bn"),
    _torch("vgg11-8a719046", "vgg11"),
    _torch("vgg13-19584684", "vgg13"),
    _torch("vgg16-397923af", "vgg16"),
    _torch("vgg19-dcbb9e9d", "vgg19"),
    _torch("vgg11_bn-6002323d", "vgg11"),
    _torch("vgg13_bn-abd245e5", "vgg13"),
    _torch("vgg16_bn-6c64b313", "vgg16"),
    _torch("vgg19_bn-c79401a0", "vgg19"),
    _onnx("vgg16-12", "vgg16", "722c42f53ca03a5480296bf8f9c85a151de3eed9ec982d7d2302ff6e2900c67b"),
    _onnx("vgg19-7", "vgg19", "692f9f927f1df1b89033787a77a73eac59fd9b3344f9ecdf0b13221e41c2046f"),
    Published("compressed_SqueezeNet.net", "squeezenet", "Deep Compression",
              (("SHA-256", "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"),)),
    _gluon("squeezenet1.0", "264ba4970a0cc87a4f15c96e25246a1307caf523")._replace(network="squeezenet"),
    _gluon("squeezenet1.1", "33ba0f93753c83d86e1eb397f38a667eaf2e9376"),
    _torch("squeezenet1_0-b66bff10", "squeezenet"),
    _torch("squeezenet1_1-b8a52dc0", "squeezenet1.1"),
    _onnx("squeezenet1.0-12", "squeezenet", "dec81a8684617770b3cf13fadc1d92565d1d453d23935fc6388b792d99c992bd"),
    _caffe("bvlc_googlenet", "googlenet", "Berkeley", "405fc5acd08a3bb12de8ee5e23a96bec22f08204"),
    _onnx("googlenet-12", "googlenet", "c99c507058eaf41de8723408fdda7db8325cb57f0a89f2ee07a716d6e963e14e"),
    _caffe("bvlc_reference_caffenet", "caffenet", "Berkeley", "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46"),
    _onnx("caffenet-12", "caffenet", "ea563e5c47d1f58e1717cf1a2d8bf288b8adc07af0ad228b622096cd243aeecb"),
)  # fmt: skip

PUBLISHERS = {
    network: tuple(dict.fromkeys(file.by for file in PUBLISHED if file.network == network))
    for network in dict.fromkeys(file.network for file in PUBLISHED)
}
# by which a file is known not to be one of these, before its slow checksums are computed
BEGINNINGS = {".mat": b"MATLAB", ".params": b"\x12\x01\0\0"}
BY_NAME = {file.name: file for file in PUBLISHED}


class Found(NamedTuple):
    """A published file that another file is equal to, and the checksum that says so."""

    file: Published
    proof: str

    @property
    def origin(self) -> str:
        """The published file in words."""
        return f"{self.file.name}, published by {self.file.by}"


def find(path, sha256=None) -> Optional[Found]:
    """The published file whose content a file has.

    Parameters
    ----------
    path : Path
    sha256 : str, optional
        That of the file, where it is known already.

    Returns
    -------
    Found or None

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    sums = {} if sha256 is None else {"SHA-256": sha256}
    with path.open("rb") as opened:
        head = opened.read(max(map(len, BEGINNINGS.values())))
    for file in PUBLISHED:
        if not head.startswith(BEGINNINGS.get(PurePath(file.name).suffix, b"")):
            continue
        for kind, value in file.checksums:
            if kind not in sums:
                sums[kind] = checksum(path, kind)
            if sums[kind].startswith(value):
                return Found(file, f"{kind} {value}")
    return None
