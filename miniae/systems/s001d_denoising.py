"""System 001d: Gaussian noise, clipped to [0, 1], taken off pictures of digits."""

from miniae import plots
from miniae.layers import GaussianNoise
from miniae.systems.denoising import decibels, denoise, similarity
from miniae.systems.system import Figure, Run, System


def run(job: Run) -> list[Figure]:
    """Train noisy -> clean at two strengths of noise; PSNR and SSIM on the test set; draw noisy over denoised."""
    data = job.digits("float32")
    figures = []
    for sigma in (0.4, 0.5):
        shown = denoise(job, data, GaussianNoise(sigma, clip=(0.0, 1.0)), job.pick(12, 20))
        db = decibels(shown, data.x_test)
        at = f"at sigma {sigma}"
        least = 19.0 if sigma == 0.5 and not job.quick else db["noisy"]
        figures += [
            Figure(f"PSNR of noisy pictures {at}, dB", db["noisy"]),
            Figure(f"PSNR by the best linear denoiser {at}, dB", db["linear"]),
            Figure(f"PSNR, denoised {at}, dB", db["denoised"], least),
            Figure(f"dB above the best linear denoiser {at}", db["denoised"] - db["linear"], job.pick(1, 0)),
            Figure(f"SSIM of noisy pictures {at}", similarity(shown.noisy, data.x_test)),
            Figure(f"SSIM by the best linear denoiser {at}", similarity(shown.linear, data.x_test)),
            Figure(f"SSIM, denoised {at}", similarity(shown.denoised, data.x_test)),
        ]
        name, rows = f"001d-sigma-{sigma}", {"noisy": shown.noisy, "denoised": shown.denoised}
        job.save(plots.image_rows(rows), name)
        job.save(plots.image_rows({"clean": data.x_test, **rows, "linear": shown.linear}), f"{name}-compared")
        job.save(plots.curves(shown.history), f"{name}-cost")
    return figures


SYSTEM = System("denoising autoencoder 784-512-784, Gaussian noise", "MNIST", run)
