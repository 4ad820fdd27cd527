"""System 003b: denoising with a noise layer in the network: Gaussian noise, dropout, masking, salt and pepper."""

from miniae import plots
from miniae.layers import Dropout, GaussianNoise, MaskingNoise, SaltAndPepper
from miniae.systems.denoising import decibels, denoise, similarity
from miniae.systems.system import Figure, Run, System

NOISES = {
    "Gaussian noise": GaussianNoise(0.5),
    "dropout": Dropout(0.5),
    "masking": MaskingNoise(0.5),
    "salt and pepper": SaltAndPepper(0.3),
}


def run(job: Run) -> list[Figure]:
    """Train one network for each noise; its PSNR against that of the best linear denoiser of the same noise."""
    data = job.digits("float32")
    figures = []
    for name, noise in NOISES.items():
        shown = denoise(job, data, noise, job.pick(6, 15))
        db = decibels(shown, data.x_test)
        figures += [
            Figure(f"{name}: PSNR of noisy pictures, dB", db["noisy"]),
            Figure(f"{name}: PSNR by the best linear denoiser, dB", db["linear"]),
            Figure(f"{name}: PSNR, denoised, dB", db["denoised"], db["noisy"]),
            Figure(f"{name}: dB above the best linear denoiser", db["denoised"] - db["linear"], job.pick(1, 0)),
            Figure(f"{name}: SSIM, denoised", similarity(shown.denoised, data.x_test)),
        ]
        rows = {"clean": data.x_test, "noisy": shown.noisy.clip(0, 1), "denoised": shown.denoised}
        job.save(plots.image_rows(rows), f"003b-{name.replace(' ', '-')}")
    return figures


SYSTEM = System("denoising autoencoder 784-512-784, four noise layers", "MNIST", run)
