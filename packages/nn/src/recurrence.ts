import { elementwise, type Tensor } from "@gradtape/core";

/** What a recurrence carries from one step to the next: the hidden state `[B,hidden]` first; an LSTM's memory second. */
export type State = readonly Tensor[];

/** One step of a recurrence, given what input and hidden state say to the gates, `[B, gates·hidden]` each. */
export interface Recurrence {
  /** How many times the hidden size a weight has rows. */
  readonly gates: number;
  /** How many tensors the state consists of. */
  readonly states: number;
  step(fromInput: Tensor, fromHidden: Tensor, state: State): State;
}

/** `h' = tanh(x + h)`. Elman 1990, Cognitive Science 14. */
export const tanhRecurrence: Recurrence = {
  gates: 1,
  states: 1,
  step: (fromInput, fromHidden) => [fromInput.add(fromHidden).tanh()],
};

/** `h' = max(x + h, 0)`. Le, Jaitly & Hinton 2015, arXiv:1504.00941. */
export const reluRecurrence: Recurrence = {
  gates: 1,
  states: 1,
  step: (fromInput, fromHidden) => [fromInput.add(fromHidden).relu()],
};

const lstmMemory = elementwise("lstmMemory", "sigmoid(f) * c + sigmoid(i) * tanh(n)", { operands: ["i", "f", "n", "c"] });
const lstmHidden = elementwise("lstmHidden", "sigmoid(o) * tanh(c)", { operands: ["o", "c"] });

/** Long short-term memory with a forget gate. Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000. Gates in PyTorch's order: in, forget, new, out. */
export const lstmRecurrence: Recurrence = {
  gates: 4,
  states: 2,
  step(fromInput, fromHidden, [, memory]) {
    const [i, f, n, o] = fromInput.add(fromHidden).chunk(4, { dim: -1 });
    const c = lstmMemory(i, f, n, memory);
    return [lstmHidden(o, c), c];
  },
};

const gruGate = elementwise("gruGate", "sigmoid(a + b)", { operands: ["a", "b"] });
const gruCandidate = elementwise("gruCandidate", "tanh(a + r * b)", { operands: ["a", "r", "b"] });
const gruHidden = elementwise("gruHidden", "(1 - z) * n + z * h", { operands: ["z", "n", "h"] });

/**
 * Gated recurrent unit. Cho et al. 2014, arXiv:1406.1078, equations 5 to 8, but with the reset gate behind the matrix product, as in PyTorch and cuDNN.
 * Gates in PyTorch's order: reset, update, new.
 */
export const gruRecurrence: Recurrence = {
  gates: 3,
  states: 1,
  step(fromInput, fromHidden, [h]) {
    const [reset, update, candidate] = fromInput.chunk(3, { dim: -1 });
    const [hReset, hUpdate, hCandidate] = fromHidden.chunk(3, { dim: -1 });
    const n = gruCandidate(candidate, gruGate(reset, hReset), hCandidate);
    return [gruHidden(gruGate(update, hUpdate), n, h)];
  },
};
