"""What `--painter` makes of a photograph: of one painter, or of several, mixed."""

import numpy as np

from ..painters import reading
from ..pictures import colors, images


class Repainter:
    """The painters of a command, ready on an engine.

    Parameters
    ----------
    settings : argparse.Namespace
        As `options.complete` gives it.
    engine : engines.contract.Engine

    Raises
    ------
    InputError
        If a painter cannot be read.
    """

    def __init__(self, settings, engine):
        self._engine, self._settings = engine, settings
        shares = settings.painter_shares * (len(settings.painter) // len(settings.painter_shares))
        self.painters = [reading.read(path).on(engine) for path in settings.painter]
        self._shares = [share / sum(shares) for share in shares]

    def picture(self, photograph):
        """A photograph (H, W, 3) in 0..1 as the painters repaint it, in the shares that they have."""
        mixed = None
        for each, share in zip(self.painters, self._shares):
            if share:
                part = each.paint(self._engine, photograph)
                part *= np.float32(share)
                mixed = part if mixed is None else mixed + part
        strength = np.float32(self._settings.painter_strength)
        if strength < 1:
            mixed = photograph + strength * (mixed - photograph)
        return np.clip(mixed, 0, 1, out=mixed)

    def finished(self, photograph, painted=None):
        """As `picture`, with what options do to every picture that is written.

        Parameters
        ----------
        photograph : ndarray, (H, W, 3) in 0..1
        painted : ndarray, (H, W) in 0..1, optional
            Where it may change.
        """
        it = self._settings
        picture = images.denoised(self.picture(photograph), it.remove_noise)
        if it.preserve_colors == "luminance":
            picture = colors.with_colors_of(photograph, picture)
        elif it.preserve_colors != "none":
            picture = colors.matched_style(picture, photograph, it.preserve_colors)
        if painted is not None:
            picture = photograph + painted[..., None] * (picture - photograph)
        return picture
