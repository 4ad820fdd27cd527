"""The command line: ``miniae demo``, ``check``, ``mutants``, ``results``, ``bench``, ``info``."""

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
    model: Annotated[str, typer.Option(help="sparse (sparse autoencoder) or conv (convolutional)")] = "sparse",
    data: Annotated[str | None, typer.Option(help="photos (sparse only), digits or mnist")] = None,
    out: Annotated[Path, typer.Option(help="folder for the pictures")] = Path("miniae-demo"),
    seed: Annotated[int, typer.Option(help="of the patches and the initial weights")] = 0,
) -> None:
    """Check a gradient, train an autoencoder, draw what it learned, and catch a bug. Half a minute."""
    from miniae.demo import demo as sparse
    from miniae.demo_conv import demo_conv as conv

    try:
        if model not in ("sparse", "conv"):
            raise ValueError(f"model: {model!r} is unknown; known: sparse, conv")
        as_expected = conv(data or "digits", out, seed) if model == "conv" else sparse(data or "photos", out, seed)
    except (ValueError, ImportError, OSError) as error:
        _refuse(error)
    if not as_expected:
        raise typer.Exit(1)


@app.command()
def results(
    names: Annotated[list[str] | None, typer.Argument(help="systems to run; none lists them")] = None,
    everything: Annotated[bool, typer.Option("--all", help="run all of them")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="on small data, in seconds; with other targets")] = False,
    out: Annotated[Path, typer.Option(help="folder for pictures")] = Path("miniae-results"),
    record: Annotated[
        Path | None, typer.Option(help="folder whose results.jsonl and results.md to bring up to date")
    ] = None,
) -> None:
    """Train systems, hold their figures against the targets, and record them.

    Exit code 1: a target was missed, 2: one could not be run, for want of data or of a package. The others are run.
    """
    from miniae.diverged import TrainingDiverged
    from miniae.systems import SYSTEMS
    from miniae.systems.record import run

    unknown = [name for name in names or () if name not in SYSTEMS]
    try:
        if unknown:
            raise ValueError(f"system: {unknown[0]!r} is unknown; known: {', '.join(SYSTEMS)}")
        if everything and names:
            raise ValueError(f"--all: expected no names beside it, got {' '.join(names)}")
        if record is not None and quick:
            raise ValueError("--record: a quick run is there to see that all works; its figures are not recorded")
    except ValueError as error:
        _refuse(error)
    names = list(SYSTEMS) if everything else names
    if not names:
        for name, system in SYSTEMS.items():
            typer.echo(f"{name:10} {system.title} ({system.data})")
        return
    codes = [0]
    for name in names:
        try:
            codes.append(0 if run(name, out, record, quick=quick) else 1)
        except (ValueError, ImportError, OSError, TrainingDiverged) as error:
            typer.echo(f"miniae: {name}: {error}", err=True)
            codes.append(2)
    raise typer.Exit(max(codes))


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="path/to/file.py::function, or path/to/file.py::cost,gradient")],
    size: Annotated[int | None, typer.Option(help="check at this many random numbers")] = None,
    seed: Annotated[int | None, typer.Option(help="of the random numbers; with it, theta0 is not used")] = None,
    layout: Annotated[str | None, typer.Option(help='parts of theta: \'{"W1": [64, 25], "b1": [25]}\'')] = None,
    tolerance: Annotated[float, typer.Option(help="largest relative error that passes")] = 1e-9,
    kinks: Annotated[float, typer.Option(help="fraction of the entries that may lie beside a kink")] = 0.0,
    time_limit: Annotated[float | None, typer.Option(help="seconds after which to give up")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Check the gradient of your own function(theta) -> (cost, gradient).

    The file may also hold theta0 (where to check), layout (names and shapes of the parts of theta) and context (the
    data and constants of the cost, for the diagnosis). Exit code 0: pass, 1: fail, 3: inconclusive, 2: the file cannot
    be checked.
    """
    from miniae.gradcheck.command import Options, run

    raise typer.Exit(run(target, Options(size, seed, layout, tolerance, kinks, time_limit, json)))


@app.command()
def mutants(
    seed: Annotated[int, typer.Option(help="of the arguments each is checked with")] = 0,
) -> None:
    """Check a shelf of gradients that are wrong on purpose and show what is caught. Exit code 1 if one is not."""
    from miniae.mutants import MUTANTS
    from miniae.mutants.table import row, table

    rows = [row(mutant, seed) for mutant in MUTANTS]
    typer.echo(table(rows))
    if any(row.verdict != "fail" for row in rows):
        raise typer.Exit(1)


@app.command()
def info(json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Show what is found on this machine and what is missing, with the remedy."""
    from json import dumps

    from miniae.info import info as gather
    from miniae.info import text

    found = gather()
    typer.echo(dumps(found, indent=2) if json else text(found))


@app.command()
def bench(
    rows: Annotated[
        list[str] | None,
        typer.Argument(help="D1-D5, C1, C2, L1, L2; none for all but L1 and L2, which run on a GPU or when named"),
    ] = None,
    backend: Annotated[str, typer.Option(help="of miniae, several with commas: numpy, cuda")] = "numpy",
    peers: Annotated[
        str | None, typer.Option(help="torch, jax, one of theirs as torch-eager, or none; default: all")
    ] = None,
    json: Annotated[
        str | None, typer.Option(help="file for the record, written after every workload; - for the screen")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file for a picture")] = None,
    seconds: Annotated[float, typer.Option(help="of timing, for each workload")] = 10.0,
    threads: Annotated[int | None, typer.Option(help="on the CPU; default: one for each processor")] = None,
) -> None:
    """Time a training step of each workload beside PyTorch and JAX, in turn, and print a table.

    Exit code 1: a peer computes something else and was not timed, or a workload failed, 2: the benchmark cannot be run.
    """
    from json import dumps

    from miniae import bench as benchmark
    from miniae.optional import require

    def each(so_far: benchmark.Record) -> None:
        if json not in (None, "-"):
            benchmark.keep(so_far, Path(json))

    try:
        for name, path in (("json", Path(json or "-")), ("plot", plot)):
            if path is not None and not path.parent.is_dir():
                raise ValueError(f"{name}: {path.parent} is no folder")
        if plot is not None:
            if plot.suffix != ".png":
                raise ValueError(f"plot: the file must end in .png, got {plot}")
            require("matplotlib", extra="course")
        record = benchmark.bench(rows or (), backend=backend, peers=peers, seconds=seconds, threads=threads, each=each)
    except (ValueError, ImportError, OSError) as error:
        _refuse(error)
    typer.echo(dumps(record, indent=1) + "\n" if json == "-" else benchmark.markdown(record), nl=False)
    if plot is not None:
        benchmark.picture(record).savefig(plot)
    if benchmark.refusals(record):
        raise typer.Exit(1)


def _refuse(error: Exception) -> None:
    typer.echo(f"miniae: {error}", err=True)
    raise typer.Exit(2)
