"""What `--painter` makes of a photograph: of one painter, or of several, mixed."""

import numpy as np

from ..painters import reading
from ..pictures import colors, denoising, masks


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
        """A photograph (H, W, 3) in 0..1 as the painters repaint it, in the shares that they have where they paint.

        Raises
        ------
        InputError
            If a painter's mask cannot be used.
        """
        shares, strength = self._shares, np.float32(self._settings.painter_strength)
        if self._settings.painter_mask:
            shares, anywhere = self._by_masks(photograph.shape[:2])
            strength = strength * anywhere
        mixed = None
        for each, share in zip(self.painters, shares):
            if np.any(share):
                part = each.paint(self._engine, photograph)
                part *= np.asarray(share, np.float32)
                mixed = part if mixed is None else mixed + part
        if np.any(strength < 1):
            mixed = photograph + strength * (mixed - photograph)
        return np.clip(mixed, 0, 1, out=mixed)

    def _by_masks(self, size):
        """For each painter its share at every pixel, (H, W, 1), and how much of them all there is."""
        masks_of = masks.of_painters(self._settings.painter_mask, size, self._settings.max_pixels)
        shares = [share * mask[..., None] for share, mask in zip(self._shares, masks_of)]
        whole = np.maximum(sum(shares), np.float32(1e-6))
        return [share / whole for share in shares], np.minimum(sum(masks_of), 1)[..., None]

    def finished(self, photograph, painted=None):
        """As `picture`, with what options do to every picture that is written.

        Parameters
        ----------
        photograph : ndarray, (H, W, 3) in 0..1
        painted : ndarray, (H, W) in 0..1, optional
            Where it may change.
        """
        it = self._settings
        picture = denoising.denoised(self.picture(photograph), it.remove_noise)
        if it.preserve_colors == "luminance":
            picture = colors.with_colors_of(photograph, picture)
        elif it.preserve_colors != "none":
            picture = colors.matched_style(picture, photograph, it.preserve_colors)
        if painted is not None:
            picture = photograph + painted[..., None] * (picture - photograph)
        return picture
