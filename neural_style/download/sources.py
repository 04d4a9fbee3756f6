"""What `sh download.sh` can fetch: each file, its sources in the order they are tried, their published checksums."""
import os
from typing import NamedTuple


class Source(NamedTuple):
    """One published file from which a file of ours can be had."""

    name: str  # its usual name: in a mirror, or carried over by hand
    url: str = ""  # where it was published (a .zip holds it as a member); empty: only mirrors can have it
    checksums: tuple = ()  # (kind, hexadecimal) pairs of its releases: one has to match
    size: int = 0  # bytes, 0 where not known exactly
    about: str = ""  # its size in words, where not known exactly


class File(NamedTuple):
    """One file of the suite. A source of another name than the file's own is converted into it."""

    path: str  # relative to the folder of download.sh
    network: str  # 'vgg19' or 'squeezenet'; empty for a picture
    sources: tuple


_SAMPLES = "https://github.com/dmlc/web-data/raw/master/mxnet/neural-style/"
_ZOO = os.environ.get("MXNET_GLUON_REPO", "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/").rstrip("/")

FILES = (
    File("input/IMG_4343.jpg", "", (
        Source("IMG_4343.jpg", _SAMPLES + "input/IMG_4343.jpg",
               (("SHA-256", "f030b5f903509865604e9ec823dc509883619a16fdc0a2d5c0fff70cb8b83fcf"),), 230594),
    )),
    File("input/starry_night.jpg", "", (
        Source("starry_night.jpg", _SAMPLES + "input/starry_night.jpg",
               (("SHA-256", "0592ab0f7b51b3ce72608a95e53880bd93971e5b48f93a0ce8dfd3cbccf3d098"),), 315236),
    )),
    File("model/squeezenet.params", "squeezenet", (
        Source("compressed_SqueezeNet.net",
               "https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/compressed_SqueezeNet.net",
               (("SHA-256", "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"),), 675763),
        Source("squeezenet.params", about="about 5 MB"),
        Source("squeezenet1.0-264ba497.params", _ZOO + "/gluon/models/squeezenet1.0-264ba497.zip",
               (("SHA-1", "264ba4970a0cc87a4f15c96e25246a1307caf523"),), about="about 5 MB"),
    )),
    File("model/vgg19.params", "vgg19", (
        Source("vgg19.params", _SAMPLES + "model/vgg19.params",
               (("git blob SHA-1", "9dfbe2ed44e0e8914f9551888bf763e14c09c778"),), about="about 80 MB"),
        Source("imagenet-vgg-verydeep-19.mat",
               "https://www.vlfeat.org/matconvnet/models/imagenet-vgg-verydeep-19.mat",
               (("SHA-256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
                ("MD5", "8ee3263992981a1d26e73b3ca028a123")), about="about 550 MB"),
        Source("vgg19-ad2f660d.params", _ZOO + "/gluon/models/vgg19-ad2f660d.zip",
               (("SHA-1", "ad2f660d101905472b83590b59708b71ea22b2e5"),), about="about 575 MB"),
    )),
)
