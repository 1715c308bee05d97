"""``minigrad attention``: self-attention, trained on the digits, explained, proved and drawn."""

from __future__ import annotations

from typing import Any

import click

from minigrad.cli.attention import files
from minigrad.cli.attention.study import Study
from minigrad.cli.common import path
from minigrad.cli.common import seed as seed_option
from minigrad.cli.folder import OutputFolder
from minigrad.cli.terminal import (
    OF_VERDICT,
    heading,
    progress,
    report_table,
    say,
    table,
    tell,
    tell_json,
)


@click.command()
@seed_option("Decides the split, the first weights and the shuffling.")
@click.option(
    "--epochs",
    default=60,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often each training digit is seen.",
)
@click.option(
    "--out",
    default="minigrad-attention",
    show_default=True,
    metavar="FOLDER",
    help="Where report, picture, formulas, weights and metrics go.",
)
@click.option("--overwrite", is_flag=True, help="Replace the files of an earlier run in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON, and only that.")
@click.pass_context
def attention(
    ctx: click.Context, seed: int, epochs: int, out: str, overwrite: bool, as_json: bool
) -> None:
    """Train self-attention on digits, and explain its gradients.

    It learns to tell even digits from odd ones, reading an image as 8 tokens of 8 features. The
    gradients of Wq, Wk, Wv and X and the softmax Jacobian are derived, proved on the trained model
    and digits it has not seen, and drawn.
    """
    if not overwrite:
        files.spare(path(out))
    with OutputFolder(out) as folder:
        study = Study(seed)
        with progress(epochs) as bar:
            for epoch in study.train(epochs):
                bar.show(epoch)
        metrics = study.metrics()
        problem = files.write(folder, study, metrics)
        written = [str(path) for path in folder.publish()]
    if problem:
        tell(f"warning: {problem}", err=True)
    if as_json:
        tell_json(metrics | {"files": written})
    else:
        _tell(study, metrics, written)
    ctx.exit(OF_VERDICT[metrics["verdict"]])


def _tell(study: Study, metrics: dict[str, Any], written: list[str]) -> None:
    """Print the derivation, the proof, and a summary."""
    heading("Self-attention, its loss, and its gradients")
    say(str(study.gradients), indent=2)
    jacobian = study.jacobian["x"]
    heading("The softmax Jacobian")
    say(str(study.jacobian), indent=2)
    say(jacobian.index, indent=2)
    for case, value in jacobian.cases.items():
        say(f"{case}:  {value}", indent=4)
    for output, report in study.reports.items():
        heading(f"Check of the derivatives of {output}, by independent witnesses")
        report_table(report)
    heading("Summary")
    on = {
        part: f"{metrics[part + '_accuracy']:.3f} on {metrics[part + '_examples']} digits"
        for part in ("test", "train")
    }
    table(
        [
            ("test accuracy", on["test"]),
            ("train accuracy", on["train"]),
            ("proof", metrics["verdict"]),
            ("files", "\n".join(written)),
        ]
    )
