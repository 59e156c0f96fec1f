"""Attack the public reports of 2,000 random histories of returns, and measure what some schemes cost the reader."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from attack import History, Reports, draw_history, find_told

from htanalysis import settings
from htanalysis.returns.views import State, make_state


def main() -> None:
    """Attack each history as a stranger and as two of its task forces, and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=2000)
    seeds = parser.parse_args()
    begun, told, states = time.monotonic(), 0, []
    for seed in range(seeds.first, seeds.last):
        generator = np.random.default_rng(seed)
        history = draw_history(generator)
        states += list_last(history)
        for insider in (None, *generator.choice(sorted(history.reporting), 2, replace=False)):
            if found := find_told(history, insider, generator):
                told += 1
                print(f"history {seed}, {insider or 'a stranger'}: {found}", flush=True)
        if seed % 100 == 99:
            print(f"{seed + 1} attacked", file=sys.stderr)
    print(f"{seeds.last - seeds.first} histories, three attackers each: {told} told a count to fewer than")
    print(f"{settings.PROTECTION_WIDTH} values; {time.monotonic() - begun:.0f} seconds")
    compare(states, np.random.default_rng(1))


def list_last(history: History) -> list[tuple[State, int | None]]:
    """List the last state of each quarter that all task forces have returned, and the sum that is shown of it."""
    reports, found = Reports(history), []
    for quarter, rows in history.rows.items():
        _, places = reports.states[quarter][-1]
        state = make_state([rows[place][1:4] for place in places], history.reporting)
        if state.add_up("all"):
            found.append((state, reports.looks[quarter][0][-1][0][1]))
    return found


def give_range(value: int) -> tuple[int, int]:
    """Give the range shown for a count by a scheme of ranges: none, below the threshold, or a power of ten."""
    low, high = (0, 0) if value == 0 else (1, settings.SMALLEST_SHOWN - 1)
    while value > high:
        low, high = high + 1, max(10 * high, 100) if high >= settings.SMALLEST_SHOWN else 100 if value else high
    return low, high


def compare(states: list[tuple[State, int | None]], generator: np.random.Generator) -> None:
    """Print how much of the counts and of their sums a reader is shown."""
    hidden = np.mean([shown is None for _, shown in states])
    ranges = [np.sum([give_range(value) for value in state.counts.values()], axis=0) for state, _ in states]
    width = [(high - low) / state.add_up("all") for (low, high), (state, _) in zip(ranges, states, strict=True)]
    # Noise from a key of each cell, as the ABS's: whole, symmetric, here normal with a deviation of the width.
    noise = np.abs(np.round(generator.normal(0, settings.PROTECTION_WIDTH, len(states))))
    share = [own / state.add_up("all") for own, (state, _) in zip(noise, states, strict=True)]
    print(f"{len(states)} sums that all task forces have returned")
    print(f"sums alone: {hidden:.0%} of the sums hidden, all counts; the others exact")
    print(f"ranges: no sum exact; the median range is {np.median(width):.0%} of the sum wide, no count exact")
    print(f"noise: no number exact; a sum is off by {noise.mean():.1f} on average, the median {np.median(share):.0%}")


if __name__ == "__main__":
    main()
