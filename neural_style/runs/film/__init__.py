"""A run over the frames of a film: each is painted from where the one before it has moved.

`prepared.py` finds the film, `paint.py` the folder and what is in it, `running.py` is the run; `course.py` is the way
through the frames, scene by scene, `painter.py` paints one of them, `flows.py` knows how things move between them;
`scenes.py` has workers paint scenes; `stack.py` keeps frames on disk, `state.py` what going on needs, `results.py` what
a person looks at. The unit is a frame: what is painted is on disk before the next one begins.

May import: what runs may.
"""
