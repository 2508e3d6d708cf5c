import { data, elementwise, evaluate, Generator, nn, noGrad, Parameter, parseExpression, type Tensor, tensor } from "gradtape";

/** One attempt at a problem: what is trained, and what it costs now. */
export interface Attempt {
  readonly parameters: readonly Parameter[];
  /** Loss at a step, recorded: on surfaces always the same function, else that of the step's batch. */
  readonly loss: (step: number) => Tensor;
  /** Where the point is; only on surfaces. */
  readonly point?: () => readonly [number, number];
  /** Share of right answers on data that were not trained on; only where there are any. */
  readonly accuracy?: () => number;
}

/** What the optimizers compete in. */
export interface Problem {
  readonly name: string;
  readonly about: string;
  /** Reached when the loss (on digits: its mean over ten batches) is no larger. */
  readonly threshold: number;
  /** Steps of a run, and of a run that only looks for the rate. */
  readonly steps: number;
  readonly searchSteps: number;
  readonly begin: () => Attempt;
  readonly surface?: Surface;
}

/** A function of a point (a, b), with what is drawn of it. */
export interface Surface {
  readonly formula: string;
  readonly start: readonly [number, number];
  readonly minimum: readonly [number, number];
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** The value of a surface at a point, from the same formula that is trained on. */
export function heightOf({ formula }: Surface): (a: number, b: number) => number {
  const expression = parseExpression(formula);
  return (a, b) => evaluate(expression, { a, b });
}

function surface(name: string, about: string, drawn: Surface): Problem {
  const height = elementwise(name.toLowerCase().replaceAll(/\W/g, ""), drawn.formula, { operands: ["a", "b"] });
  const begin = (): Attempt => {
    // A matrix of one row, so that Muon takes it too.
    const point = new Parameter(tensor([drawn.start], { dtype: "float64" }));
    return {
      parameters: [point],
      loss: () => height(point.select(1, 0), point.select(1, 1)).sum(),
      point: () => point.data().slice(0, 2) as unknown as readonly [number, number],
    };
  };
  return { name, about, threshold: 1e-3, steps: 1000, searchSteps: 1000, begin, surface: drawn };
}

const rosenbrock = surface("Rosenbrock", "A bent valley with a flat floor: easy to find, long to follow. The minimum is at (1, 1).", {
  formula: "(1 - a) ** 2 + 100 * (b - a ** 2) ** 2",
  start: [-1.5, 2],
  minimum: [1, 1],
  x: [-2, 2],
  y: [-1, 3],
});

const beale = surface("Beale", "Plateaus and steep walls: gradients from 0.01 to 10,000. The minimum is at (3, 0.5).", {
  formula: "(1.5 - a + a * b) ** 2 + (2.25 - a + a * b ** 2) ** 2 + (2.625 - a + a * b ** 3) ** 2",
  start: [1, 1.5],
  minimum: [3, 0.5],
  x: [-0.5, 4],
  y: [-1, 2],
});

const quadratic = surface("Ill-conditioned quadratic", "Curvatures 1 and 100, along axes that are turned: no rate per coordinate can undo it.", {
  formula: "0.5 * (0.8 * a + 0.6 * b) ** 2 + 50 * (0.8 * b - 0.6 * a) ** 2",
  start: [-1.6, -0.4],
  minimum: [0, 0],
  x: [-2, 1],
  y: [-1.75, 1.25],
});

const batch = 64;

/** Batches that come round again, and images to test on; drawn once. */
let drawn: { readonly batches: readonly (readonly [Tensor, Tensor])[]; readonly test: readonly [Tensor, Tensor] } | undefined;

function digits(): NonNullable<typeof drawn> {
  if (drawn === undefined) {
    const flat = ([images, labels]: data.LabelledImage): [Tensor, Tensor] => [images.flatten({ startDim: 1 }), labels];
    const load = (count: number, split: "train" | "test", batchSize: number): [Tensor, Tensor][] => {
      const set = data.digits({ count, split }).normalize(data.digitsNormalization);
      return [...new data.DataLoader(set, { batchSize, shuffle: split === "train", seed: 0 })].map(flat);
    };
    drawn = { batches: load(24 * batch, "train", batch), test: load(500, "test", 500)[0] };
  }
  return drawn;
}

const handwriting: Problem = {
  name: "Digits",
  about: "A network 784-32-10 on drawn digits, 64 at a time; every optimizer sees the same batches and the same first weights.",
  threshold: 0.5,
  steps: 150,
  searchSteps: 150,
  begin() {
    const { batches, test } = digits();
    const generator = new Generator(1);
    const model = new nn.Sequential(new nn.Linear(784, 32, { generator }), new nn.ReLU(), new nn.Linear(32, 10, { generator }));
    return {
      parameters: model.parameters(),
      loss: (step) => {
        const [images, labels] = batches[step % batches.length];
        return model.forward(images).crossEntropy(labels);
      },
      accuracy: () => noGrad(() => model.forward(test[0]).argmax(1).eq(test[1]).to("float32").mean().item()),
    };
  },
};

/** The problems of the race. */
export const problems: readonly Problem[] = [rosenbrock, beale, quadratic, handwriting];
