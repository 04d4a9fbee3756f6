"""From a command to the files of a run: options, preparing, the loop's listeners, resuming, batches.

May import: everything but download.
"""
