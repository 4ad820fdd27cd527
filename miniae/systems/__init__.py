"""Systems: whole trainings on real data, each with a figure to be held against a target.

``SYSTEMS`` is the table of all of them, by the name that ``miniae results`` takes. A new system is one new file beside
this one and one entry here.
"""

from miniae.systems import (
    contractive,
    dictionary,
    linear,
    s000_cnn_sparse_autoencoder,
    s001a_sparse_autoencoder,
    s001b_features,
    s001c_anomaly_detection,
    s001d_denoising,
    s002_colouring,
    s002_convolutional_autoencoder,
    s002_pretraining,
    s003a_deep_autoencoder,
    s003b_denoising_layers,
    s003c_latent_plane,
    s003c_variational_autoencoder,
    s003d_digits,
    s003d_ring,
    s004_stacked_autoencoder,
    ufldl1_sparse_autoencoder,
    ufldl3_pca_and_whitening,
    ufldl4_softmax_regression,
    ufldl6_stacked_autoencoder,
    ufldl8_convolution_and_pooling,
)
from miniae.systems.system import System

SYSTEMS: dict[str, System] = {
    "000": s000_cnn_sparse_autoencoder.SYSTEM,
    "001a": s001a_sparse_autoencoder.SYSTEM,
    "001b": s001b_features.SYSTEM,
    "001c": s001c_anomaly_detection.SYSTEM,
    "001d": s001d_denoising.SYSTEM,
    "002": s002_convolutional_autoencoder.SYSTEM,
    "002-colour": s002_colouring.SYSTEM,
    "002-pretraining": s002_pretraining.SYSTEM,
    "003a": s003a_deep_autoencoder.SYSTEM,
    "003b": s003b_denoising_layers.SYSTEM,
    "003c": s003c_variational_autoencoder.SYSTEM,
    "003c-plane": s003c_latent_plane.SYSTEM,
    "003d": s003d_ring.SYSTEM,
    "003d-digits": s003d_digits.SYSTEM,
    "004": s004_stacked_autoencoder.SYSTEM,
    "contractive": contractive.SYSTEM,
    "dictionary": dictionary.SYSTEM,
    "linear": linear.SYSTEM,
    "ufldl1": ufldl1_sparse_autoencoder.SYSTEM,
    "ufldl3": ufldl3_pca_and_whitening.SYSTEM,
    "ufldl4": ufldl4_softmax_regression.SYSTEM,
    "ufldl6": ufldl6_stacked_autoencoder.SYSTEM,
    "ufldl8": ufldl8_convolution_and_pooling.SYSTEM,
}
