"""The command line: ``miniae demo``, ``miniae results``."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Autoencoders with every gradient derived by hand: learn, teach and verify backpropagation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def demo(
    data: Annotated[str, typer.Option(help="photos, digits or mnist")] = "photos",
    out: Annotated[Path, typer.Option(help="folder for the pictures")] = Path("miniae-demo"),
    seed: Annotated[int, typer.Option(help="of the patches and the initial weights")] = 0,
) -> None:
    """Check a gradient, train a sparse autoencoder, draw what it learned, and catch a bug. Half a minute."""
    from miniae.demo import demo as run

    try:
        as_expected = run(data, out, seed)
    except (ValueError, ImportError, OSError) as error:
        _refuse(error)
    if not as_expected:
        raise typer.Exit(1)


@app.command()
def results(
    names: Annotated[list[str] | None, typer.Argument(help="systems to run; none lists them")] = None,
    out: Annotated[Path, typer.Option(help="folder for pictures")] = Path("miniae-results"),
    record: Annotated[
        Path | None, typer.Option(help="folder whose results.jsonl and results.md to bring up to date")
    ] = None,
) -> None:
    """Train a system, hold its figure against the target, and record it. Exit code 1 if a target is missed."""
    from miniae.systems import SYSTEMS
    from miniae.systems.record import run

    if not names:
        for name, system in SYSTEMS.items():
            typer.echo(f"{name:10} {system.title} ({system.data})")
        return
    try:
        met = [run(name, out, record) for name in names]
    except (ValueError, ImportError, OSError) as error:
        _refuse(error)
    if not all(met):
        raise typer.Exit(1)


def _refuse(error: Exception) -> None:
    typer.echo(f"miniae: {error}", err=True)
    raise typer.Exit(2)
