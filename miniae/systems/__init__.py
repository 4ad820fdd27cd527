"""Systems: whole trainings on real data, each with a figure to be held against a target.

Those numbered 000 to 004 are the systems of five articles on autoencoders: "the article" in such a file is the one of
that number. ufldl1 to ufldl10 are the exercises of Stanford's UFLDL tutorial.

``SYSTEMS`` is the table of all of them, by the name that ``miniae results`` takes. A new system is one new file beside
this one and one entry here.
"""

from miniae.systems import (
    contractive,
    dictionary,
    k_sparse,
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
    ufldl2_vectorisation,
    ufldl3_pca_and_whitening,
    ufldl4_softmax_regression,
    ufldl5_self_taught_learning,
    ufldl6_stacked_autoencoder,
    ufldl7_linear_decoder,
    ufldl8_convolution_and_pooling,
    ufldl9_sparse_coding,
    ufldl10_ica,
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
    "k-sparse": k_sparse.SYSTEM,
    "linear": linear.SYSTEM,
    "ufldl1": ufldl1_sparse_autoencoder.SYSTEM,
    "ufldl10": ufldl10_ica.SYSTEM,
    "ufldl2": ufldl2_vectorisation.SYSTEM,
    "ufldl3": ufldl3_pca_and_whitening.SYSTEM,
    "ufldl4": ufldl4_softmax_regression.SYSTEM,
    "ufldl5": ufldl5_self_taught_learning.SYSTEM,
    "ufldl6": ufldl6_stacked_autoencoder.SYSTEM,
    "ufldl7": ufldl7_linear_decoder.SYSTEM,
    "ufldl8": ufldl8_convolution_and_pooling.SYSTEM,
    "ufldl9": ufldl9_sparse_coding.SYSTEM,
}
