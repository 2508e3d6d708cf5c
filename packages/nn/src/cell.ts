import { checkOptions, Parameter, showShape, type Tensor, zeros } from "@gradtape/core";
import { uniform } from "./init.ts";
import { checkSize, type LayerOptions } from "./linear.ts";
import { Module } from "./module.ts";
import { gruRecurrence, lstmRecurrence, type Recurrence, reluRecurrence, type State, tanhRecurrence } from "./recurrence.ts";

/** Options of `RNNCell`. */
export interface RNNCellOptions extends LayerOptions {
  /** "tanh" (default) or "relu". */
  readonly nonlinearity?: "tanh" | "relu";
}

/** The recurrence of a simple network. */
export function recurrenceOf(name: string, nonlinearity: RNNCellOptions["nonlinearity"] = "tanh"): Recurrence {
  if (nonlinearity !== "tanh" && nonlinearity !== "relu")
    throw new TypeError(`${name}: unknown nonlinearity "${String(nonlinearity)}"; use "tanh" or "relu"`);
  return nonlinearity === "relu" ? reluRecurrence : tanhRecurrence;
}

/** One step of a recurrence as a layer. */
abstract class Cell extends Module {
  /** `[gates·hiddenSize, inputSize]`. */
  readonly weightIh: Parameter;
  /** `[gates·hiddenSize, hiddenSize]`. */
  readonly weightHh: Parameter;
  /** `[gates·hiddenSize]`; `null` without bias. */
  readonly biasIh: Parameter | null;
  /** `[gates·hiddenSize]`; `null` without bias. */
  readonly biasHh: Parameter | null;
  readonly #recurrence: Recurrence;
  readonly #sizes: readonly [number, number];

  constructor(recurrence: Recurrence, inputSize: number, hiddenSize: number, options: LayerOptions) {
    super();
    checkSize(new.target.name, "inputSize", inputSize);
    checkSize(new.target.name, "hiddenSize", hiddenSize);
    const { bias = true, dtype = "float32", generator } = options;
    const bound = 1 / Math.sqrt(hiddenSize);
    const range = { low: -bound, high: bound, ...(generator === undefined ? {} : { generator }) };
    const draw = (...shape: number[]): Parameter => uniform(new Parameter(zeros(shape, { dtype })), range);
    const rows = recurrence.gates * hiddenSize;
    this.weightIh = draw(rows, inputSize);
    this.weightHh = draw(rows, hiddenSize);
    this.biasIh = bias ? draw(rows) : null;
    this.biasHh = bias ? draw(rows) : null;
    this.#recurrence = recurrence;
    this.#sizes = [inputSize, hiddenSize];
  }

  /** The next state; both input and state may lack the batch dimension. */
  protected next(x: Tensor, given: State | undefined): State {
    const [inputSize, hiddenSize] = this.#sizes;
    const { name } = this.constructor;
    if (x.ndim < 1 || x.ndim > 2 || x.shape[x.ndim - 1] !== inputSize)
      throw new RangeError(`${name}: needs an input [batch,${inputSize}] or [${inputSize}], got ${showShape(x.shape)}`);
    const shape = [...x.shape.slice(0, -1), hiddenSize];
    const state = given ?? Array.from({ length: this.#recurrence.states }, () => x.newZeros(shape));
    if (state.length !== this.#recurrence.states)
      throw new TypeError(`${name}: the state consists of ${this.#recurrence.states} tensors, got ${state.length}`);
    for (const part of state)
      if (showShape(part.shape) !== showShape(shape))
        throw new RangeError(
          `${name}: a state of shape ${showShape(part.shape)} does not fit the input ${showShape(x.shape)}; it must be ${showShape(shape)}`,
        );
    return this.#recurrence.step(x.linear(this.weightIh, this.biasIh), state[0].linear(this.weightHh, this.biasHh), state);
  }

  override extraRepr(): string {
    return `${this.#sizes.join(", ")}${this.biasIh === null ? ", bias=false" : ""}`;
  }
}

const known = ["bias", "dtype", "generator"];

/** One step of a simple recurrent network: `tanh(W_ih x + b_ih + W_hh h + b_hh)`. Initial values as in PyTorch: uniform within 1/√hiddenSize. */
export class RNNCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    checkOptions("RNNCell", options, [...known, "nonlinearity"]);
    super(recurrenceOf("RNNCell", options.nonlinearity), inputSize, hiddenSize, options);
  }

  /** `[B,inputSize]` and the hidden state `[B,hiddenSize]` (zeros unless given) to the next hidden state. */
  override forward(x: Tensor, h?: Tensor): Tensor {
    return this.next(x, h && [h])[0];
  }
}

/** One step of a gated recurrent unit. Cho et al. 2014, arXiv:1406.1078, as in PyTorch. Initial values: uniform within 1/√hiddenSize. */
export class GRUCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: LayerOptions = {}) {
    checkOptions("GRUCell", options, known);
    super(gruRecurrence, inputSize, hiddenSize, options);
  }

  /** `[B,inputSize]` and the hidden state `[B,hiddenSize]` (zeros unless given) to the next hidden state. */
  override forward(x: Tensor, h?: Tensor): Tensor {
    return this.next(x, h && [h])[0];
  }
}

/** One step of a long short-term memory. Hochreiter & Schmidhuber 1997; Gers et al. 2000. Initial values as in PyTorch: uniform within 1/√hiddenSize. */
export class LSTMCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: LayerOptions = {}) {
    checkOptions("LSTMCell", options, known);
    super(lstmRecurrence, inputSize, hiddenSize, options);
  }

  /** `[B,inputSize]` and the state, hidden and memory `[B,hiddenSize]` each (zeros unless given), to the next state. */
  override forward(x: Tensor, state?: readonly [h: Tensor, c: Tensor]): [h: Tensor, c: Tensor] {
    const [h, c] = this.next(x, state);
    return [h, c];
  }
}
