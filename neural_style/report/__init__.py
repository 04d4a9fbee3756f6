"""What a person looks at after a run: the page, the contact sheet, the animation.

May import: pictures, errors, files.
"""
