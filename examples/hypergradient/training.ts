import { Generator, grad, linspace, nn, noGrad, optim, type Parameter, type Tensor } from "gradtape";

/** What is learnt about the training: one number each, or a tensor of one element through which gradients flow. */
export interface Hyper {
  readonly lr: number | Tensor;
  readonly momentum: number | Tensor;
}

/** A small network that fits a curve, always from the same first weights. */
export class Fit {
  readonly steps: number;
  readonly #model: nn.Sequential;
  readonly #first: readonly Tensor[];
  readonly #x: Tensor;
  readonly #y: Tensor;

  constructor(steps: number) {
    const generator = new Generator(3);
    this.steps = steps;
    this.#model = new nn.Sequential(
      new nn.Linear(1, 8, { generator, dtype: "float64" }),
      new nn.Tanh(),
      new nn.Linear(8, 1, { generator, dtype: "float64" }),
    );
    this.#first = noGrad(() => this.#model.parameters().map((parameter) => parameter.detach().clone()));
    this.#x = linspace(-2, 2, 33, { dtype: "float64" }).unsqueeze(1);
    this.#y = this.#x.mul(2).sin();
  }

  #loss(): Tensor {
    return this.#model.forward(this.#x).mseLoss(this.#y);
  }

  #restart(): Parameter[] {
    const parameters = this.#model.parameters();
    parameters.forEach((parameter, k) => void parameter.become(this.#first[k]));
    return parameters;
  }

  /** The loss after all steps, recorded with every update, so that it can be differentiated by whatever is a tensor in `hyper`. */
  lossAfter({ lr, momentum }: Hyper): Tensor {
    const parameters = this.#restart();
    const optimizer = new optim.SGD(parameters, { lr, momentum, differentiable: true });
    for (let step = 0; step < this.steps; step++) {
      const gradients = grad(this.#loss(), parameters, { createGraph: true });
      parameters.forEach((parameter, k) => void (parameter.grad = gradients[k]));
      optimizer.step();
    }
    return this.#loss();
  }

  /** The losses before every step and after the last, of a plain training with these numbers. */
  losses({ lr, momentum }: Readonly<Record<keyof Hyper, number>>): number[] {
    const optimizer = new optim.SGD(this.#restart(), { lr, momentum });
    const losses: number[] = [];
    for (let step = 0; step < this.steps; step++) {
      optimizer.zeroGrad();
      const loss = this.#loss();
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    }
    return [...losses, noGrad(() => this.#loss().item())];
  }
}
