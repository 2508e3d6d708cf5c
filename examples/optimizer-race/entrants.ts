import { optim, type Parameter } from "gradtape";
import { optimizers } from "../main/optimizers.ts";

/** What takes part in the race. */
export interface Entrant {
  readonly name: string;
  /** Learning rates that are tried first; the neighbours of the best come after them. */
  readonly rates: readonly number[];
  /** One optimizer, or two where it refuses some of the parameters. Its own defaults, but for the rate. */
  readonly make: (parameters: readonly Parameter[], lr: number) => readonly optim.AnyOptimizer[];
}

type Options = Readonly<Record<string, unknown>>;
type Class = new (parameters: readonly Parameter[], options: Options) => optim.Optimizer;

/** The decades from 0.0001 to 100. */
const decades: readonly number[] = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100];

/** LBFGS searches along its line, so it has no rate; a step is four of its iterations, all on the same batch, and it remembers ten. */
const lineSearch = { lineSearchFn: "strong_wolfe", maxIter: 4, historySize: 10 };

function entrant(name: string, Optimizer: Class, own: Options = {}, rates = decades): Entrant {
  const takes = (parameter: Parameter): boolean => (Optimizer as unknown) !== optim.Muon || parameter.ndim === 2;
  return {
    name,
    rates,
    make(parameters, lr) {
      const rest = parameters.filter((parameter) => !takes(parameter));
      const main = new Optimizer(parameters.filter(takes), { ...own, lr });
      return rest.length === 0 ? [main] : [main, new optim.AdamW(rest, { lr: 3e-3 })];
    },
  };
}

/** Every optimizer of the library, and SGD once more with momentum. */
export const entrants: readonly Entrant[] = [...optimizers].flatMap(([key, found]) => {
  const Optimizer = found as unknown as Class;
  if (key === "lbfgs") return [entrant(Optimizer.name, Optimizer, lineSearch, [1])];
  if (key !== "sgd") return [entrant(Optimizer.name, Optimizer)];
  return [entrant("SGD", Optimizer), entrant("SGD, momentum", Optimizer, { momentum: 0.9 })];
});
