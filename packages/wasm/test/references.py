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


def below(low, count):
    """Numbers from a bound to 0 that are no integers."""
    return [x for x in between(low, 0, count) if x != round(x)]


def lgamma(x):
    return mp.re(mp.loggamma(x)) if x > 0 else mp.log(mp.pi / abs(x * mp.sin(mp.pi * x))) - lgamma(-x)


def digamma(x):
    return mp.psi(0, x) if x > 0 else mp.psi(0, 1 - x) - mp.pi * mp.cot(mp.pi * x)


def polygamma(n, x):
    # zeta loses digits where the argument is far from 1, more than those at hand.
    with mp.workdps(300):
        return (-1) ** (n + 1) * mp.factorial(n) * mp.zeta(n + 1, x)


tails = [1 - 2.0**x for x in between(-53, -1, 40)]
gamma = [abs(x) for x in every_size(-1022, 1000, 60)] + between(0, 5, 60) + between(4, 30, 20) + [1 + x for x in every_size(-52, -2, 20)]
orders = [(float(n), x) for n in (1, 2, 3, 5, 20, 150) for x in [abs(y) for y in every_size(-6, 6, 6)] + between(0.1, 12, 10)]

cases = {
    "pow": (lambda a, b: a**b, powers(40)),
    "erf": (mp.erf, single(every_size(-1074, 2, 60) + between(-6, 6, 60))),
    "erfc": (mp.erfc, single(every_size(-60, 2, 40) + between(-6, 6, 40) + between(0.4, 27.2, 80))),
    "erfinv": (mp.erfinv, single(every_size(-1070, -1, 40) + between(-1, 1, 40) + between(0.5, 0.56, 10) + tails)),
    "lgamma": (lgamma, single(gamma + below(-2, 40) + below(-40, 40) + [-(2.0**-300)])),
    "digamma": (digamma, single(gamma + below(-2, 40) + below(-40, 40))),
    "polygamma": (polygamma, orders),
}


def row(function, arguments):
    exact = function(*map(mp.mpf, arguments))
    value = float(exact)
    return [*arguments, value, round(float((exact - mp.mpf(value)) / math.ulp(value)), 2)]


table = {name: [r for r in (row(function, arguments) for arguments in points) if math.isfinite(r[-2])] for name, (function, points) in cases.items()}
Path(__file__).with_suffix(".json").write_text(json.dumps(table) + "\n")
