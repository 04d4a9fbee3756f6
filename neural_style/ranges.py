"""The two ranges of a picture's values: 0..1 as files hold them, and the network range that all networks here take.

Network range is RGB times 256 minus the mean pixel of ImageNet, shape (1, 3, H, W): the input of VGG-19 as it was
published; the weights of every other network are rewritten for it when they are read.
"""

MEAN_PIXEL = (123.68, 116.779, 103.939)  # red, green, blue
LEVELS = 256
