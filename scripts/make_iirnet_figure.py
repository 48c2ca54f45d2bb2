"""Measures filter designers, prints the table of docs/systems/iirnet.md, and draws its picture.

Filters that no training has drawn, of all six families, are designed by the network alone, by the
network and some steps of gradient descent after it, by the modified Yule-Walker equations, and by
gradient descent from random starts on the same poles and zeros. A filter's error is the root of
its mean squared error in dB over 512 frequencies.

Example:
    python scripts/make_iirnet_figure.py docs/images/ --model iirnet
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure

from ddsp_tf import dsp
from ddsp_tf.inference import refine_roots
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import draw_magnitude_responses, make_figure, save_figure

SEED = 20_221_127
"""Of the held-out filters; a training draws from `[seed, split, index]`."""

DESCENT_RATES = (0.01, 0.03, 0.1)
"""Of gradient descent from random starts: the best one counts, which favours it."""

YULE_WALKER = "modified Yule-Walker"

Designs = dict[str, np.ndarray]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", default="iirnet", help="A shipped model, or a run's folder.")
@click.option("--filters", default=100, help="Of each family.")
@click.option(
    "--steps", multiple=True, default=(400, 1000), help="Of gradient descent after the network."
)
@click.option("--descent-steps", default=1000, help="Of gradient descent from random starts.")
def main(
    folder: Path, model: str, filters: int, steps: tuple[int, ...], descent_steps: int
) -> None:
    """Prints errors by family, and writes iirnet.png into FOLDER, replacing it."""
    network = Instrument.load(model).model
    random = np.random.default_rng(SEED)
    order = network.order
    targets = {
        family: dsp.sections_magnitude_db(
            dsp.random_filters(random, family, filters, order=order), n_points=network.n_points
        )
        for family in dsp.FILTER_FAMILIES
    }
    wanted = np.concatenate(list(targets.values()))
    designers: dict[str, Callable[[], np.ndarray]] = {
        "network": lambda: by_network(network, wanted),
        **{f"network + {n} steps": partial(by_network, network, wanted, n_steps=n) for n in steps},
        YULE_WALKER: lambda: dsp.yule_walker_sections(wanted, order=order),
        f"random + {descent_steps} steps": lambda: by_descent(
            wanted, order // 2, descent_steps, random
        ),
    }
    designs: Designs = {}
    for name, design in designers.items():
        start = time.monotonic()
        sections = design()
        seconds = time.monotonic() - start
        radius = float(np.max(dsp.biquad_radius(sections)))
        designs[name] = dsp.sections_magnitude_db(sections, n_points=wanted.shape[-1])
        print(
            f"{name:22} {1000 * seconds / len(wanted):7.2f} ms a filter, outermost pole at "
            f"{radius:.7f}"
        )
    designs = {"the command": the_nearer(wanted, designs), **designs}
    print_table(list(targets), wanted, designs)
    save_figure(picture(list(targets), wanted, designs), folder / "iirnet.png", overwrite=True)


def the_nearer(wanted: np.ndarray, designs: Designs) -> np.ndarray:
    """What `ddsp-tf match` takes: of the most steps after the network and of Yule-Walker."""
    ours = [designed for name, designed in designs.items() if name.startswith("network +")][-1]
    rival = designs[YULE_WALKER]
    nearer = errors(wanted, ours) < errors(wanted, rival)
    return np.where(nearer[:, np.newaxis], ours, rival)


def by_network(network, wanted: np.ndarray, n_steps: int = 0) -> np.ndarray:  # type: ignore[no-untyped-def]
    """The network's designs, with steps of gradient descent after them."""
    limited = network.limited(wanted)
    raw = network.roots(limited[np.newaxis])[0]
    if n_steps:
        raw = refine_roots(raw, limited, n_steps=n_steps)
    return dsp.design_poles_and_zeros(raw, limited).sections().numpy()


def by_descent(
    wanted: np.ndarray, n_sections: int, n_steps: int, random: np.random.Generator
) -> np.ndarray:
    """Gradient descent from random starts, with the rate that is best on the whole."""
    start = random.normal(size=[len(wanted), n_sections, 4]).astype(np.float32)
    found = []
    for rate in DESCENT_RATES:
        raw = refine_roots(start, wanted, n_steps=n_steps, learning_rate=rate)
        sections = dsp.design_poles_and_zeros(raw, wanted).sections().numpy()
        error = errors(wanted, dsp.sections_magnitude_db(sections, n_points=wanted.shape[-1]))
        print(f"  gradient descent at {rate:g}: {np.mean(error):.3f} dB")
        found.append((float(np.mean(error)), sections))
    return min(found, key=lambda each: each[0])[1]


def errors(wanted: np.ndarray, designed: np.ndarray) -> np.ndarray:
    """Each filter's root of the mean squared error in dB."""
    return np.sqrt(np.mean(np.square(wanted - designed), axis=-1))


def print_table(families: list[str], wanted: np.ndarray, designs: Designs) -> None:
    """Means over each family's filters, and over all; below, how often the network wins."""
    print("| family | " + " | ".join(designs) + " |\n|---|" + "---|" * len(designs))
    found = {name: errors(wanted, designed) for name, designed in designs.items()}
    for index, family in enumerate(families):
        rows = slice(index * len(wanted) // len(families), None)
        rows = slice(rows.start, rows.start + len(wanted) // len(families))
        cells = [
            f"{np.mean(error[rows]):.2f} ({np.median(error[rows]):.2f})" for error in found.values()
        ]
        print(f"| {family} | " + " | ".join(cells) + " |")
    cells = [f"{np.mean(error):.2f} ({np.median(error):.2f})" for error in found.values()]
    print("| all | " + " | ".join(cells) + " |")
    rivals = list(found)[-2:]
    for name in rivals:
        for ours in list(found)[:-2]:
            print(f"{ours} is nearer than {name} for {np.mean(found[ours] < found[name]):.0%}")


def picture(families: list[str], wanted: np.ndarray, designs: Designs) -> Figure:
    """The filter of each family whose error by the network is the median."""
    figure, axes = make_figure(3, 2, width=11.0, row_height=2.7)
    frequency = np.linspace(0.0, 24000.0, wanted.shape[-1])
    found = errors(wanted, designs["network"])
    count = len(wanted) // len(families)
    for index, (family, panel) in enumerate(zip(families, axes, strict=True)):
        order = np.argsort(found[index * count : (index + 1) * count])
        row = index * count + int(order[count // 2])
        curves = {"wanted": wanted[row]}
        for name in ("network", YULE_WALKER):
            curves[name] = designs[name][row]
        draw_magnitude_responses(panel, frequency, curves)
        panel.set_title(family.replace("_", " "), loc="left", fontsize=10)
        panel.set_xscale("linear")
    return figure


if __name__ == "__main__":
    main()
