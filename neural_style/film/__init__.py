"""Films as streams of frames: read, written, the flow from frame to frame, and how steady a film is.

A frame is a picture, (H, W, 3) in 0..1. No function here holds more than a few of them.

May import: pictures, errors, files.
"""
