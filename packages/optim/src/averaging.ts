import { isFloat, type Kernel, kernel, noGrad, type Parameter, sameShape, showShape, type Tensor, tensor, update, Variable } from "@gradtape/core";
import { flag, type Range, settings } from "./setting.ts";

/** What averaging asks of a model; modules of `@gradtape/nn` have it. */
export interface Averageable {
  namedParameters(): Iterable<readonly [string, Parameter]>;
  namedBuffers(): Iterable<readonly [string, Variable]>;
  // biome-ignore lint/suspicious/noExplicitAny: every model has inputs and outputs of its own
  forward(...inputs: any[]): any;
  stateDict(): Readonly<Record<string, Tensor>>;
  loadStateDict(state: Readonly<Record<string, Tensor>>): unknown;
}

/** The next average, from the average of `n` values and one more. */
export type AverageFunction = (average: Tensor, value: Tensor, n: number) => Tensor;

/** Options of `AveragedModel`. */
export interface AveragedModelOptions {
  /** "swa": the mean of all; "ema": `decay * average + (1 - decay) * value`; or a function. Default: "ema" where a decay is given, else "swa". */
  readonly average?: "swa" | "ema" | AverageFunction | null;
  /** Decay of "ema", from 0 to 1. Default 0.999. */
  readonly decay?: number | null;
  /** Average floating-point buffers (running statistics) too, instead of copying the model's. Default false. */
  readonly useBuffers?: boolean;
}

const swa = kernel("average = average + (value - average) / (n + 1)", ["n"]);
const ema = kernel("average = decay * average + (1 - decay) * value", ["decay"]);

const averages: Range = {
  text: '"swa", "ema", a function or null',
  holds: (value) => value === null || value === "swa" || value === "ema" || typeof value === "function",
};
const decays: Range = {
  text: "between 0 and 1, or null",
  holds: (value) => value === null || (typeof value === "number" && value >= 0 && value <= 1),
};

const namedVariables = (model: Averageable): [string, Variable, "parameter" | "buffer"][] => [
  ...[...model.namedParameters()].map(([name, variable]): [string, Variable, "parameter"] => [name, variable, "parameter"]),
  ...[...model.namedBuffers()].map(([name, variable]): [string, Variable, "buffer"] => [name, variable, "buffer"]),
];

/**
 * The running average of a model's weights, for evaluation: of stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407) or with exponential decay
 * (Polyak & Juditsky 1992). It starts from a copy of the model, and the first `updateParameters` copies again. It holds the averages alone and lends them to
 * the model while `forward`, `use` or `stateDict` run; the model's own weights are back afterwards.
 */
export class AveragedModel<M extends Averageable = Averageable> {
  /** The model that computes. */
  readonly model: M;
  readonly #options: Required<AveragedModelOptions>;
  readonly #averages: ReadonlyMap<string, Variable>;
  #count = 0;

  constructor(model: M, options: AveragedModelOptions = {}) {
    const given = settings<AveragedModelOptions>("AveragedModel", options, {
      average: [null, averages],
      decay: [null, decays],
      useBuffers: [false, flag],
    });
    const { average = null, decay = null } = given;
    if (decay !== null && average !== null && average !== "ema")
      throw new TypeError(`AveragedModel: decay belongs to { average: "ema" }; leave it out for ${average === "swa" ? '"swa"' : "a function"}`);
    this.#options = { ...given, average: average ?? (decay === null ? "swa" : "ema"), decay: decay ?? 0.999 };
    this.model = model;
    this.#averages = new Map(namedVariables(model).map(([name, variable]) => [name, new Variable(variable.detach())]));
  }

  /** How many models were averaged. */
  get nAveraged(): number {
    return this.#count;
  }

  /** Takes the weights of the model, or of another one of the same structure, into the average. Errors, before anything changes: other names or shapes. */
  updateParameters(model: Averageable = this.model): void {
    const work = namedVariables(model).map(([name, value, kind]) => {
      const average = this.#averages.get(name);
      if (average === undefined) throw new Error(`AveragedModel: the model has a ${kind} ${name} that the averaged one lacks`);
      if (!sameShape(average.shape, value.shape))
        throw new RangeError(`AveragedModel: ${name} has shape ${showShape(value.shape)}, its average ${showShape(average.shape)}`);
      return { average, value, copied: this.#count === 0 || !isFloat(value.dtype) || (kind === "buffer" && !this.#options.useBuffers) };
    });
    if (work.length !== this.#averages.size)
      throw new Error(`AveragedModel: the model has ${work.length} parameters and buffers, the averaged one ${this.#averages.size}`);
    noGrad(() => {
      for (const { average, value, copied } of work) {
        if (copied) average.assign(value);
        else this.#include(average, value);
      }
    });
    this.#count++;
  }

  #include(average: Variable, value: Variable): void {
    const { average: rule, decay } = this.#options;
    if (typeof rule === "function") {
      average.assign(rule(average, value.detach(), this.#count));
      return;
    }
    const formula: Kernel = rule === "ema" ? ema : swa;
    const tensors: Readonly<Record<string, Tensor>> = { average, value };
    const scalars = { n: this.#count, decay: decay ?? 0 };
    update(
      formula,
      formula.inputs.map((name) => tensors[name]),
      formula.uniformValues(scalars),
      [average],
    );
  }

  /**
   * Runs `fn` while the model holds the averages, then gives the model its own weights back. What `fn` writes to the model's tensors (`updateBn`, say) stays
   * with the average. `fn` may be asynchronous.
   */
  use<T>(fn: () => T): T {
    const lent = namedVariables(this.model).map(([name, variable]) => ({
      variable,
      average: this.#averages.get(name) as Variable,
      own: noGrad(() => variable.detach().clone()),
    }));
    const versions = lent.map(({ variable, average }) => variable.assign(average).version);
    const giveBack = (): void =>
      lent.forEach(({ variable, average, own }, k) => {
        if (variable.version !== versions[k]) average.assign(variable);
        variable.assign(own);
      });
    let result: T;
    try {
      result = fn();
    } catch (error) {
      giveBack();
      throw error;
    }
    if (result instanceof Promise) return result.finally(giveBack) as T;
    giveBack();
    return result;
  }

  /** The model's output with the averaged weights, without gradients. */
  forward(...inputs: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return this.use(() => noGrad(() => this.model.forward(...inputs)));
  }

  /** The averages under the model's keys, and their count as `n_averaged`. */
  stateDict(): Record<string, Tensor> {
    return { ...this.use(() => this.model.stateDict()), n_averaged: tensor(this.#count, { dtype: "int32" }) };
  }

  /** Continues from saved averages. Errors, before anything changes: no count, keys or shapes that do not fit the model. */
  loadStateDict(state: Readonly<Record<string, Tensor>>): void {
    const { n_averaged: count, ...rest } = state;
    if (count === undefined) throw new Error("AveragedModel: the state has no n_averaged; for the weights of a plain model call model.loadStateDict");
    this.use(() => this.model.loadStateDict(rest));
    this.#count = count.item();
  }
}
