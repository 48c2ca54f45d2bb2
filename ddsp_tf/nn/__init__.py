"""The networks' parts: GRU, minimal GRU, convolutions, MLP stacks, and their precision."""

from ddsp_tf.nn.bi_gru import BiGru
from ddsp_tf.nn.block_sparse import BlockSparse, PairClip
from ddsp_tf.nn.causal_convolution import CausalConvolution
from ddsp_tf.nn.causal_convolutions import CausalConvolutions
from ddsp_tf.nn.dilated_stack import DilatedStack
from ddsp_tf.nn.dual_fc import DualFc
from ddsp_tf.nn.fc_stack import FcStack
from ddsp_tf.nn.frame_discriminator import FrameDiscriminator
from ddsp_tf.nn.gated_scan import gated_scan
from ddsp_tf.nn.gru import Gru, gru_scan
from ddsp_tf.nn.min_gru import MinGru
from ddsp_tf.nn.mixture_density import MixtureDensity
from ddsp_tf.nn.neural_filter_block import NeuralFilterBlock
from ddsp_tf.nn.precision import NetworkPrecision, Precision
from ddsp_tf.nn.res_net import ChannelNormalization, ResidualBlock, ResNet
from ddsp_tf.nn.vector_quantization import VectorQuantization
from ddsp_tf.nn.wave_net import WaveNet

__all__ = [
    "BiGru",
    "BlockSparse",
    "CausalConvolution",
    "CausalConvolutions",
    "ChannelNormalization",
    "DilatedStack",
    "DualFc",
    "FcStack",
    "FrameDiscriminator",
    "Gru",
    "MinGru",
    "MixtureDensity",
    "NetworkPrecision",
    "NeuralFilterBlock",
    "PairClip",
    "Precision",
    "ResNet",
    "ResidualBlock",
    "VectorQuantization",
    "WaveNet",
    "gated_scan",
    "gru_scan",
]
