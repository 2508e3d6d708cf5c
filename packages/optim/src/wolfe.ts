import type { Tensor } from "@gradtape/core";

/** What a function is at one point of a line: its value, its gradient, and its slope along the line. */
export interface Probe {
  /** Where on the line, in lengths of the direction. */
  readonly at: number;
  readonly value: number;
  readonly gradient: Tensor;
  readonly slope: number;
}

/** The minimum of the cubic through two values and slopes, kept within bounds. Nocedal & Wright 2006, equation 3.59. */
function cubicMinimum(a: Probe, b: Probe, low: number = Math.min(a.at, b.at), high: number = Math.max(a.at, b.at)): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.at - b.at);
  const square = d1 ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const [left, right] = a.at <= b.at ? [a, b] : [b, a];
  const position = right.at - (right.at - left.at) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(position, low), high);
}

const ARMIJO = 1e-4;
const CURVATURE = 0.9;
const MAX_PROBES = 25;

/** What a line search found, and how often it looked. */
export interface Found {
  readonly probe: Probe;
  readonly evaluations: number;
}

/**
 * Looks along a line for a point that satisfies the strong Wolfe conditions: brackets one, then zooms in. Nocedal & Wright 2006, Algorithms 3.5 and 3.6,
 * with the safeguards of minFunc (Schmidt 2005), as in PyTorch; at most 25 points are probed.
 * @param start the point where the line begins; its slope is negative.
 * @param look evaluates the function at a point of the line.
 * @param first where to look first.
 * @param tolerance how short the bracket may become, in units of the largest coordinate.
 * @param size largest coordinate of the direction.
 */
export function strongWolfe(start: Probe, look: (at: number) => Probe, first: number, tolerance: number, size: number): Found {
  const fallsShort = (probe: Probe): boolean => probe.value > start.value + ARMIJO * probe.at * start.slope;
  const isFlat = (probe: Probe): boolean => Math.abs(probe.slope) <= -CURVATURE * start.slope;
  let previous = start;
  let probe = look(first);
  let probes = 0;
  let bracket: [Probe, Probe] | undefined;
  for (; probes < MAX_PROBES; probes++) {
    if (fallsShort(probe) || (probes > 1 && probe.value >= previous.value)) bracket = [previous, probe];
    else if (isFlat(probe)) return { probe, evaluations: probes + 1 };
    else if (probe.slope >= 0) bracket = [previous, probe];
    if (bracket !== undefined) break;
    const { at } = probe;
    const next = cubicMinimum(previous, probe, at + 0.01 * (at - previous.at), at * 10);
    previous = probe;
    probe = look(next);
  }
  return zoom(bracket ?? [start, probe], probes);

  function zoom(bracket: readonly [Probe, Probe], before: number): Found {
    const ends = [...bracket];
    let low = ends[0].value <= ends[1].value ? 0 : 1;
    let stuck = false;
    let looked = before;
    for (let done = false; !done && looked < MAX_PROBES && Math.abs(ends[1].at - ends[0].at) * size >= tolerance; looked++) {
      const [left, right] = [Math.min(ends[0].at, ends[1].at), Math.max(ends[0].at, ends[1].at)];
      const guess = cubicMinimum(ends[0], ends[1]);
      const margin = 0.1 * (right - left);
      const close = Math.min(right - guess, guess - left) < margin;
      const pushed: boolean = close && (stuck || guess >= right || guess <= left);
      const inside = Math.abs(guess - right) < Math.abs(guess - left) ? right - margin : left + margin;
      stuck = close && !pushed;
      const next = look(pushed ? inside : guess);
      const high = 1 - low;
      if (fallsShort(next) || next.value >= ends[low].value) {
        ends[high] = next;
        low = ends[0].value <= ends[1].value ? 0 : 1;
      } else {
        done = isFlat(next);
        if (!done && next.slope * (ends[high].at - ends[low].at) >= 0) ends[high] = ends[low];
        ends[low] = next;
      }
    }
    return { probe: ends[low], evaluations: looked + 1 };
  }
}
