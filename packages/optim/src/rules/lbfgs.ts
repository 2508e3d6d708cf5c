import { concat, enableGrad, keep, noGrad, type Parameter, Tensor } from "@gradtape/core";
import type { ParametersOrGroups } from "../group.ts";
import { Optimizer } from "../optimizer.ts";
import type { Given } from "../options.ts";
import { rule } from "../rule.ts";
import type { SavedState } from "../state.ts";
import { type Probe, strongWolfe } from "../wolfe.ts";

const options = {
  lr: 1,
  maxIter: 20,
  maxEval: null as number | null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null as "strong_wolfe" | null,
};

/** Hyper-parameters of `LBFGS`; `maxEval: null` stands for 1.25 `maxIter`. */
export type LBFGSOptions = typeof options;

const lbfgs = rule("LBFGS", { options, choices: { lineSearchFn: ["strong_wolfe"] } }, "");

/** A past step `s`, the change `y` of the gradient over it, and their product. */
interface Pair {
  readonly s: Tensor;
  readonly y: Tensor;
  readonly curvature: number;
}

/** What is known of the function: tensors are vectors over all parameters. */
interface Memory {
  /** The last direction, how far it was followed, and gradient and value before. */
  readonly direction: Tensor;
  readonly rate: number;
  readonly gradient: Tensor;
  readonly loss: number;
  readonly pairs: readonly Pair[];
  /** Size of the inverse Hessian before the pairs are applied. */
  readonly scale: number;
}

const tensorsOf = ({ direction, gradient, pairs }: Memory): Tensor[] => [direction, gradient, ...pairs.flatMap(({ s, y }) => [s, y])];

const dot = (a: Tensor, b: Tensor): number => a.mul(b).sum().item();
const largest = (x: Tensor): number => (x.size === 0 ? 0 : x.abs().amax().item());

/** The product of the inverse Hessian with the gradient, negated. Nocedal & Wright 2006, Algorithm 7.4 (two-loop recursion). */
function newtonDirection(gradient: Tensor, pairs: readonly Pair[], scale: number): Tensor {
  let q = gradient.neg();
  const alphas = pairs.toReversed().map(({ s, y, curvature }) => {
    const alpha = dot(s, q) / curvature;
    q = q.sub(y.mul(alpha));
    return alpha;
  });
  let r = q.mul(scale);
  for (const [k, { s, y, curvature }] of pairs.entries()) {
    const beta = dot(y, r) / curvature;
    r = r.add(s.mul(alphas[pairs.length - 1 - k] - beta));
  }
  return r;
}

/**
 * Limited-memory BFGS, optionally with a line search for the strong Wolfe conditions. Liu & Nocedal 1989, Math. Programming 45; Nocedal & Wright 2006,
 * section 7.2. A step makes up to `maxIter` iterations; its closure clears the gradients, computes the loss, calls `backward()` and returns the loss.
 * All parameters move together: there is one group.
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  #memory: Memory | undefined;
  #funcEvals = 0;
  #nIter = 0;

  /** Errors: more than one group. */
  constructor(params: ParametersOrGroups<LBFGSOptions>, options?: Given<LBFGSOptions>) {
    super(lbfgs, params, options);
  }

  override addParamGroup(group: Parameters<Optimizer<LBFGSOptions>["addParamGroup"]>[0]): void {
    if (this.paramGroups.length > 0) throw new Error("LBFGS: all parameters move together, so there is one group; pass them in one list");
    if (this.differentiable)
      throw new Error("LBFGS: a step decides by numbers how to go on and cannot be differentiated; leave out { differentiable }");
    super.addParamGroup(group);
  }

  protected override move(closure?: () => Tensor): number {
    if (typeof closure !== "function")
      throw new TypeError("LBFGS: step needs a closure, step(() => { optimizer.zeroGrad(); const loss = …; loss.backward(); return loss; })");
    this.check();
    return noGrad(() => this.#iterate(() => enableGrad(closure).item()));
  }

  #iterate(closure: () => number): number {
    const { lr, maxIter, toleranceGrad, toleranceChange, historySize, lineSearchFn } = this.paramGroups[0];
    const maxEval = this.paramGroups[0].maxEval ?? Math.floor((maxIter * 5) / 4);
    const first = closure();
    let evaluations = 1;
    this.#funcEvals++;
    let loss = first;
    let gradient = this.#gradient();
    if (largest(gradient) <= toleranceGrad) return first;
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      this.#nIter++;
      const memory = remember(this.#memory, gradient, historySize);
      const direction = this.#memory === undefined ? gradient.neg() : newtonDirection(gradient, memory.pairs, memory.scale);
      const begin: Probe = { at: 0, value: loss, gradient, slope: dot(gradient, direction) };
      let rate = this.#memory === undefined ? Math.min(1, 1 / gradient.abs().sum().item()) * lr : lr;
      const settle = (): void => this.#settle({ ...memory, direction, rate, gradient: begin.gradient, loss: begin.value });
      settle();
      if (begin.slope > -toleranceChange) break;
      let looked = 0;
      if (lineSearchFn === "strong_wolfe") {
        const home = this.parameters.map((parameter) => parameter.clone());
        const look = (at: number): Probe => {
          this.#go(direction, at);
          const value = closure();
          const there = this.#gradient();
          this.parameters.forEach((parameter, k) => void parameter.assign(home[k]));
          return { at, value, gradient: there, slope: dot(there, direction) };
        };
        const { probe, evaluations: probes } = strongWolfe(begin, look, rate, toleranceChange, largest(direction));
        ({ at: rate, value: loss, gradient } = probe);
        looked = probes;
        this.#go(direction, rate);
      } else {
        this.#go(direction, rate);
        if (iteration !== maxIter) {
          loss = closure();
          gradient = this.#gradient();
          looked = 1;
        }
      }
      settle();
      evaluations += looked;
      this.#funcEvals += looked;
      if (iteration === maxIter || evaluations >= maxEval || largest(gradient) <= toleranceGrad) break;
      if (largest(direction.mul(rate)) <= toleranceChange || Math.abs(loss - begin.value) < toleranceChange) break;
    }
    return first;
  }

  /** Remembers: owns the tensors of this memory, and frees those of the one before that are in it no longer. */
  #settle(memory: Memory | undefined): void {
    const before = this.#memory;
    this.#memory = memory;
    const owned = new Set(memory === undefined ? [] : tensorsOf(memory));
    for (const x of owned) keep(x);
    for (const x of before === undefined ? [] : tensorsOf(before)) if (!owned.has(x)) x.dispose();
  }

  /** The gradients of all parameters as one vector; 0 where there is none. */
  #gradient(): Tensor {
    return concat(this.parameters.map((parameter) => (parameter.grad ?? parameter.newZeros()).reshape([-1]))).clone();
  }

  #go(direction: Tensor, rate: number): void {
    let from = 0;
    for (const parameter of this.parameters) {
      const part = direction.slice([from, from + parameter.size]).reshape(parameter.shape);
      parameter.assign(parameter.detach().add(part.mul(rate)));
      from += parameter.size;
    }
  }

  /** Evaluations of the closure and iterations so far, kept with the first parameter. */
  override stateOf(parameter: Parameter): Readonly<Record<string, Tensor | number>> {
    return parameter === this.parameters[0] && this.#funcEvals > 0 ? { funcEvals: this.#funcEvals, nIter: this.#nIter } : {};
  }

  protected override savedState(parameter: Parameter): SavedState | undefined {
    if (parameter !== this.parameters[0] || this.#funcEvals === 0) return undefined;
    const counts = { funcEvals: this.#funcEvals, nIter: this.#nIter };
    if (this.#memory === undefined) return counts;
    const { direction, gradient, rate, loss, scale, pairs } = this.#memory;
    const history = Object.fromEntries(
      pairs.flatMap(({ s, y }, k) => [
        [`s${k}`, s.clone()],
        [`y${k}`, y.clone()],
      ]),
    );
    return { ...counts, rate, loss, scale, direction: direction.clone(), gradient: gradient.clone(), ...history };
  }

  protected override prepareState(parameter: Parameter, index: number, saved: SavedState | undefined): () => void {
    if (index > 0) {
      if (saved !== undefined) throw new Error(`LBFGS: its state is kept with parameter 0, not ${index}`);
      return () => {};
    }
    const { funcEvals = 0, nIter = 0, rate, loss, scale, direction, gradient, ...history } = saved ?? {};
    const size = this.parameters.reduce((sum, { size }) => sum + size, 0);
    const number = (name: string, value: unknown): number => {
      if (typeof value !== "number") throw new TypeError(`LBFGS: the state's ${name} is no number`);
      return value;
    };
    const vector = (name: string, value: unknown): Tensor => {
      if (!(value instanceof Tensor) || value.ndim !== 1 || value.size !== size)
        throw new RangeError(`LBFGS: the state's ${name} is no vector over all ${size} elements of the parameters`);
      return noGrad(() => value.detach().to(parameter.dtype).clone());
    };
    const memory =
      direction === undefined
        ? undefined
        : {
            direction: vector("direction", direction),
            gradient: vector("gradient", gradient),
            rate: number("rate", rate),
            loss: number("loss", loss),
            scale: number("scale", scale),
            pairs: Array.from({ length: Object.keys(history).length / 2 }, (_, k) => {
              const [s, y] = [vector(`s${k}`, history[`s${k}`]), vector(`y${k}`, history[`y${k}`])];
              return { s, y, curvature: dot(y, s) };
            }),
          };
    const counts = [number("funcEvals", funcEvals), number("nIter", nIter)];
    return () => {
      this.#settle(memory);
      [this.#funcEvals, this.#nIter] = counts;
    };
  }
}

/** The pairs and the scale, with the last step added when the function curved upwards along it. */
function remember(memory: Memory | undefined, gradient: Tensor, historySize: number): Pick<Memory, "pairs" | "scale"> {
  if (memory === undefined) return { pairs: [], scale: 1 };
  const y = gradient.sub(memory.gradient);
  const s = memory.direction.mul(memory.rate);
  const curvature = dot(y, s);
  if (!(curvature > 1e-10)) return memory;
  const kept = memory.pairs.length === historySize ? memory.pairs.slice(1) : memory.pairs;
  return { pairs: [...kept, { s, y, curvature }], scale: curvature / dot(y, y) };
}
