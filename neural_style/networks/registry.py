"""The networks by the name that `--model` gives them."""

from .caffenet import CAFFENET
from .googlenet import GOOGLENET
from .nin import NIN
from .squeezenet import SQUEEZENET, SQUEEZENET11
from .vgg import VGG11, VGG13, VGG16, VGG19

NETWORKS = {
    network.name: network
    for network in (VGG19, VGG16, VGG13, VGG11, SQUEEZENET, SQUEEZENET11, GOOGLENET, CAFFENET, NIN)
}
