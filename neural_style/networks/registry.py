"""The networks by the name that `--model` gives them."""

from .squeezenet import SQUEEZENET
from .vgg import VGG19

NETWORKS = {network.name: network for network in (VGG19, SQUEEZENET)}
