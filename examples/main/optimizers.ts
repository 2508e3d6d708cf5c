import { optim, Parameter } from "gradtape";

type OptimizerClass = new (parameters: optim.Parameters, options?: Record<string, number>) => optim.Optimizer;

/** Hyper-parameters with which the lesson starts; any other optimizer starts with its own defaults. */
const lesson: Readonly<Record<string, Hyperparameters>> = {
  adamw: { lr: 3e-4, weightDecay: 0.01 },
  adam: { lr: 3e-4 },
  sgd: { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 },
};

/** What the command line can set, and SGD's momentum. */
export interface Hyperparameters {
  readonly lr: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
}

/** Every optimizer that `optim` exports, by its name in lower case. */
export const optimizers: ReadonlyMap<string, OptimizerClass> = new Map(
  Object.entries(optim)
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof optim.Optimizer)
    .map(([name, value]) => [name.toLowerCase(), value as unknown as OptimizerClass]),
);

/** Makes the optimizer of this name; errors are those of its class. */
export function makeOptimizer(name: string, parameters: optim.Parameters, hyperparameters: Hyperparameters): optim.Optimizer {
  const Optimizer = optimizers.get(name);
  if (Optimizer === undefined) throw new RangeError(`--optimizer: "${name}" is none of ${[...optimizers.keys()].join(", ")}`);
  return new Optimizer(parameters, { ...hyperparameters });
}

/** The hyper-parameters of an optimizer before the command line changes them. */
export function usualHyperparameters(name: string): Hyperparameters {
  if (Object.hasOwn(lesson, name)) return lesson[name];
  const Optimizer = optimizers.get(name);
  const lr = Optimizer && new Optimizer(new Parameter([[0]])).defaults.lr;
  return { lr: typeof lr === "number" ? lr : 1e-3 };
}
