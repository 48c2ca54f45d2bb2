# %% [markdown]
# # Inside an instrument
#
# Pitch and loudness go in, controls of the synthesisers come out, and these make the sound. Here
# each is looked at and changed. Run it as it is, or cell by cell: editors and Jupyter (with
# jupytext) open this file as a notebook.

# %%
import numpy as np
import soundfile

from ddsp_tf import Instrument, dsp, extract_features
from ddsp_tf.plotting import controls_overview, f0_and_loudness
from ddsp_tf.presets import MELODY
from ddsp_tf.processors import lookup

violin = Instrument.load("violin")
settings = violin.features
audio, sample_rate = soundfile.read(MELODY, dtype="float32", frames=3 * settings.sample_rate)

# %% [markdown]
# ## What the model hears
#
# Two curves, 250 times a second.

# %%
features = extract_features(audio, settings)
f0_and_loudness(features.f0_hz, features.loudness_db, frame_rate=settings.frame_rate)

# %% [markdown]
# ## Change them before it plays
#
# An octave up, where this violin was recorded, with a vibrato of 30 cents, six times a second. Any
# curve would do: that is how a model is played from MIDI, from a sensor, or from a formula.

# %%
time_s = np.arange(features.n_frames) / settings.frame_rate
cents = 30.0 * np.sin(2.0 * np.pi * 6.0 * time_s)
conditioning = features.as_batch()
conditioning["f0_hz"] = conditioning["f0_hz"] * 2.0 ** (1.0 + cents[None, :, None] / 1200.0)
conditioning = {name: values.astype(np.float32) for name, values in conditioning.items()}
outputs = violin.model(conditioning)
soundfile.write("vibrato.wav", outputs["audio"][0].numpy(), settings.sample_rate)

# %% [markdown]
# ## What the decoder asked of the synthesisers

# %%
controls = {
    name: lookup(outputs["controls"], f"harmonic/controls/{name}")
    for name in ("amplitudes", "harmonic_distribution", "f0_hz")
}
noise = lookup(outputs["controls"], "filtered_noise/controls/noise_magnitudes")
controls_overview(
    amplitudes=controls["amplitudes"][0],
    harmonic_distribution=controls["harmonic_distribution"][0],
    noise_magnitudes=noise[0],
    frame_rate=settings.frame_rate,
    sample_rate=settings.sample_rate,
)

# %% [markdown]
# ## Change what they were told
#
# The same bow without its noise, and with odd harmonics alone: half a clarinet.

# %%
distribution = controls["harmonic_distribution"].numpy()
distribution[..., 1::2] = 0.0
hollow = dsp.harmonic(
    controls["f0_hz"],
    controls["amplitudes"],
    distribution,
    hop_length=settings.hop_length,
    sample_rate=settings.sample_rate,
)
soundfile.write("hollow.wav", hollow[0].numpy(), settings.sample_rate)
