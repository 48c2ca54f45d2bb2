"""What ddsp~ calls."""

from torch import Tensor, nn

from ddsp_tf.export.torchscript.modules.players import ControlPlayer


class DdspTildeModule(nn.Module):
    """Plays blocks of pitch in Hz and of `sigmund~`'s envelope.

    Args:
        player: An instrument without its room, which `partconv~` is for.
        envelope_at_0_db: What `sigmund~` says of a sound whose loudness is 0 dB.
    """

    def __init__(self, player: ControlPlayer, envelope_at_0_db: float) -> None:
        super().__init__()
        self.player = player
        self.envelope_at_0_db = envelope_at_0_db

    def forward(self, pitch: Tensor, loudness: Tensor) -> Tensor:
        """Plays `[batch, n_samples, 1]` of `[batch, n_samples, 1]` each."""
        loudness_db = loudness[..., 0] - self.envelope_at_0_db
        return self.player(pitch[..., 0], loudness_db).unsqueeze(-1).contiguous()
