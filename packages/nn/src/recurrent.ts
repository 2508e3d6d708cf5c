import { checkOptions, concat, Parameter, sameShape, showShape, stack, type Tensor, zeros } from "@gradtape/core";
import { type RNNCellOptions, recurrenceOf } from "./cell.ts";
import { uniform } from "./init.ts";
import { checkSize, type LayerOptions } from "./linear.ts";
import { Module } from "./module.ts";
import { gruRecurrence, lstmRecurrence, type Recurrence, type State } from "./recurrence.ts";

/** Options of `GRU`. */
export interface RecurrentOptions extends LayerOptions {
  /** Layers on top of each other. Default 1. */
  readonly numLayers?: number;
  /** Input and output are `[batch,time,…]` instead of `[time,batch,…]`; states are not concerned. Default false. */
  readonly batchFirst?: boolean;
  /** Probability with which outputs of all layers but the last are dropped in training. Default 0. */
  readonly dropout?: number;
  /** Adds a second set of weights that reads backwards in time. Default false. */
  readonly bidirectional?: boolean;
}

/** Options of `RNN`. */
export interface RNNOptions extends RecurrentOptions, Pick<RNNCellOptions, "nonlinearity"> {}

/** Options of `LSTM`. */
export interface LSTMOptions extends RecurrentOptions {
  /** Size to which the hidden state is projected; 0 (the default) for none. Sak, Senior & Beaufays 2014, arXiv:1402.1128. */
  readonly projSize?: number;
}

const known = ["bias", "dtype", "generator", "numLayers", "batchFirst", "dropout", "bidirectional"];

interface Layout {
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly directions: readonly string[];
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Size of the output of one direction. */
  readonly outputSize: number;
}

/** Layers of a recurrence over a sequence, in one direction or both. Parameters have PyTorch's names, `weightIhL0`, `biasHhL1Reverse` and so on. */
abstract class Recurrent extends Module {
  /** `[gates·hiddenSize, input]` (Ih), `[gates·hiddenSize, hidden]` (Hh), `[projSize, hiddenSize]` (Hr) of a layer. */
  readonly [weight: `weight${"Ih" | "Hh" | "Hr"}L${string}`]: Parameter;
  /** `[gates·hiddenSize]` of a layer. */
  readonly [bias: `bias${"Ih" | "Hh"}L${string}`]: Parameter;
  readonly #recurrence: Recurrence;
  readonly #layout: Layout;
  readonly #text: string;

  constructor(recurrence: Recurrence, sizes: readonly [number, number], options: LSTMOptions) {
    super();
    const { name } = new.target;
    const [inputSize, hiddenSize] = sizes;
    const { numLayers = 1, batchFirst = false, dropout = 0, bidirectional = false, projSize = 0 } = options;
    checkSize(name, "inputSize", inputSize);
    checkSize(name, "hiddenSize", hiddenSize);
    checkSize(name, "numLayers", numLayers);
    if (!(dropout >= 0 && dropout <= 1)) throw new RangeError(`${name}: dropout is a probability from 0 to 1, got ${dropout}`);
    if (!Number.isInteger(projSize) || projSize < 0 || projSize >= hiddenSize)
      throw new RangeError(`${name}: projSize is an integer from 0 to below hiddenSize ${hiddenSize}, got ${projSize}`);
    this.#recurrence = recurrence;
    const directions = bidirectional ? ["", "Reverse"] : [""];
    this.#layout = { numLayers, batchFirst, dropout, directions, inputSize, hiddenSize, outputSize: projSize === 0 ? hiddenSize : projSize };
    this.#fill(projSize, options);
    const shown = Object.entries(options).filter(([key]) => !["dtype", "generator"].includes(key));
    this.#text = [...sizes, ...shown.map(([key, value]) => `${key}=${value}`)].join(", ");
  }

  /** Makes the parameters, all uniform within 1/√hiddenSize as in PyTorch, and in its order. */
  #fill(projSize: number, { bias = true, dtype = "float32", generator }: LayerOptions): void {
    const { numLayers, directions, inputSize, hiddenSize, outputSize } = this.#layout;
    const bound = 1 / Math.sqrt(hiddenSize);
    const range = { low: -bound, high: bound, ...(generator === undefined ? {} : { generator }) };
    const rows = this.#recurrence.gates * hiddenSize;
    const draw = (name: string, ...shape: number[]): void => {
      Object.assign(this, { [name]: uniform(new Parameter(zeros(shape, { dtype })), range) });
    };
    for (let layer = 0; layer < numLayers; layer++)
      for (const direction of directions) {
        const place = `L${layer}${direction}`;
        draw(`weightIh${place}`, rows, layer === 0 ? inputSize : outputSize * directions.length);
        draw(`weightHh${place}`, rows, outputSize);
        if (bias) for (const name of ["biasIh", "biasHh"]) draw(name + place, rows);
        if (projSize > 0) draw(`weightHr${place}`, projSize, hiddenSize);
      }
  }

  /** Outputs of the last layer, and for each part of the state its last values `[numLayers·directions, B, …]`. */
  protected run(x: Tensor, given: State | undefined): { readonly output: Tensor; readonly state: Tensor[] } {
    const { numLayers, batchFirst, dropout, directions, inputSize } = this.#layout;
    const { name } = this.constructor;
    if (x.ndim < 2 || x.ndim > 3 || x.shape[x.ndim - 1] !== inputSize)
      throw new RangeError(
        `${name}: needs an input ${batchFirst ? "[batch,time" : "[time,batch"},${inputSize}] or [time,${inputSize}], got ${showShape(x.shape)}`,
      );
    const batched = x.ndim === 3;
    const turned = batched && batchFirst;
    let sequence = batched ? (turned ? x.transpose(0, 1) : x) : x.unsqueeze(1);
    if (sequence.shape[0] === 0) throw new RangeError(`${name}: the sequence of shape ${showShape(x.shape)} has no steps`);
    const first = this.#initial(sequence, given, batched);
    const last: State[] = [];
    for (let layer = 0; layer < numLayers; layer++) {
      const outputs = directions.map((direction, k) => {
        const at = layer * directions.length + k;
        const run = this.#direction(
          sequence,
          `L${layer}${direction}`,
          first.map((part) => part.select(0, at)),
        );
        last.push(run.state);
        return run.output;
      });
      sequence = outputs.length === 1 ? outputs[0] : concat(outputs, -1);
      if (layer + 1 < numLayers) sequence = sequence.dropout({ p: dropout, training: this.training });
    }
    const state = first.map((_, k) => stack(last.map((parts) => parts[k])));
    if (!batched) return { output: sequence.squeeze(1), state: state.map((part) => part.squeeze(1)) };
    return { output: turned ? sequence.transpose(0, 1) : sequence, state };
  }

  /** The given initial state as `[numLayers·directions, B, …]`, or zeros. */
  #initial(sequence: Tensor, given: State | undefined, batched: boolean): State {
    const { numLayers, directions, hiddenSize, outputSize } = this.#layout;
    const { name } = this.constructor;
    const [layers, batch] = [numLayers * directions.length, sequence.shape[1]];
    const sizes = [outputSize, hiddenSize].slice(0, this.#recurrence.states);
    if (given === undefined) return sizes.map((size) => sequence.newZeros([layers, batch, size]));
    if (given.length !== sizes.length) throw new TypeError(`${name}: the state consists of ${sizes.length} tensors, got ${given.length}`);
    return sizes.map((size, k) => {
      const wanted = batched ? [layers, batch, size] : [layers, size];
      if (!sameShape(given[k].shape, wanted))
        throw new RangeError(
          `${name}: ${["h0", "c0"][k]} has shape ${showShape(given[k].shape)}; for this input it must be ${showShape(wanted)}, numLayers * directions first`,
        );
      return batched ? given[k] : given[k].unsqueeze(1);
    });
  }

  /** One layer in one direction. The input's part of the gates is one matrix product for all steps. */
  #direction(sequence: Tensor, place: string, first: State): { readonly output: Tensor; readonly state: State } {
    const own = this as unknown as Readonly<Record<string, Parameter | undefined>>;
    const [weightHh, weightHr] = [own[`weightHh${place}`] as Parameter, own[`weightHr${place}`]];
    const biasHh = own[`biasHh${place}`] ?? null;
    const steps = unbind(sequence.linear(own[`weightIh${place}`] as Parameter, own[`biasIh${place}`] ?? null));
    const backwards = place.endsWith("Reverse");
    const outputs: Tensor[] = [];
    let state = first;
    for (const fromInput of backwards ? steps.reverse() : steps) {
      const [h, ...rest] = this.#recurrence.step(fromInput, state[0].linear(weightHh, biasHh), state);
      state = [weightHr === undefined ? h : h.linear(weightHr), ...rest];
      outputs.push(state[0]);
    }
    return { output: stack(backwards ? outputs.reverse() : outputs), state };
  }

  override extraRepr(): string {
    return this.#text;
  }
}

/** The steps of a sequence. Halves of halves, because the gradient of each slice is as large as what it was cut from. */
function unbind(sequence: Tensor): Tensor[] {
  const [steps] = sequence.shape;
  if (steps === 1) return [sequence.squeeze(0)];
  return sequence.split([steps >> 1, steps - (steps >> 1)]).flatMap(unbind);
}

/** Simple recurrent network over `[time,batch,inputSize]`: `h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)`. Elman 1990. */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    checkOptions("RNN", options, [...known, "nonlinearity"]);
    super(recurrenceOf("RNN", options.nonlinearity), [inputSize, hiddenSize], options);
  }

  /** Sequence and initial hidden state `[numLayers·directions, batch, hiddenSize]` (zeros unless given) to the outputs of the last layer and the last hidden state. */
  override forward(x: Tensor, h0?: Tensor): [output: Tensor, hN: Tensor] {
    const { output, state } = this.run(x, h0 && [h0]);
    return [output, state[0]];
  }
}

/** Gated recurrent units over `[time,batch,inputSize]`. Cho et al. 2014, arXiv:1406.1078, as in PyTorch: the reset gate acts behind the matrix product. */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    checkOptions("GRU", options, known);
    super(gruRecurrence, [inputSize, hiddenSize], options);
  }

  /** Sequence and initial hidden state `[numLayers·directions, batch, hiddenSize]` (zeros unless given) to the outputs of the last layer and the last hidden state. */
  override forward(x: Tensor, h0?: Tensor): [output: Tensor, hN: Tensor] {
    const { output, state } = this.run(x, h0 && [h0]);
    return [output, state[0]];
  }
}

/** Long short-term memory over `[time,batch,inputSize]`. Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000. */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    checkOptions("LSTM", options, [...known, "projSize"]);
    super(lstmRecurrence, [inputSize, hiddenSize], options);
  }

  /** Sequence and initial state (hidden and memory, `[numLayers·directions, batch, …]` each; zeros unless given) to the outputs of the last layer and the last state. */
  override forward(x: Tensor, state?: readonly [h0: Tensor, c0: Tensor]): [output: Tensor, state: [hN: Tensor, cN: Tensor]] {
    const { output, state: last } = this.run(x, state);
    return [output, [last[0], last[1]]];
  }
}
