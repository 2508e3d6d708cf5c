"""Writes references.json: double-precision arguments, the function's value rounded to double, and what that lost, in units in the last place.

The values are mpmath's to 60 digits: pip install mpmath; python references.py
"""

import json
import math
import random
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60
random.seed(1)


def between(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def every_size(low, high, count):
    """Numbers of either sign whose binary exponents cover a range."""
    return [random.choice((-1, 1)) * random.uniform(1, 2) * 2.0**e for e in (round(low + (high - low) * k / (count - 1)) for k in range(count))]


def powers(count):
    """Bases of all sizes with exponents that keep the power in range; bases beside 1; negative bases."""
    bases = [math.exp(x) for x in between(-700, 700, count)] + between(0.5, 2, count) + [1 + x for x in every_size(-52, -3, count)]
    pairs = [(a, random.uniform(-744, 709) / math.log(a)) for a in bases if a != 1]
    return pairs + [(-a, float(round(b))) for a, b in pairs[::8] if b < 2**52] + [(2.0**-1074, 0.3), (2.0**-1060, -0.5)]


def single(arguments):
    return [(x,) for x in arguments]


cases = {
    "pow": (lambda a, b: a**b, powers(40)),
    "erf": (mp.erf, single(every_size(-1074, 2, 60) + between(-6, 6, 60))),
    "erfc": (mp.erfc, single(every_size(-60, 2, 40) + between(-6, 6, 40) + between(0.4, 27.2, 80))),
}


def row(function, arguments):
    exact = function(*map(mp.mpf, arguments))
    value = float(exact)
    return [*arguments, value, round(float((exact - mp.mpf(value)) / math.ulp(value)), 2)]


table = {name: [row(function, arguments) for arguments in points] for name, (function, points) in cases.items()}
Path(__file__).with_suffix(".json").write_text(json.dumps(table) + "\n")
