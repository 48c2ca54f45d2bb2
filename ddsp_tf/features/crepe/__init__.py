"""CREPE, its network and its Viterbi decoding."""
