import { accumulate } from "../backend/accumulate.ts";
import { giveUp, isInScope, release, settle } from "../backend/ownership.ts";
import { isDense, type Storage } from "../backend/view.ts";
import type { DType } from "../dtype.ts";
import { type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Op, Operand, Saved } from "./op.ts";
import { currentScope, type Scope } from "./scope.ts";
import { callSite, notesSources } from "./source.ts";

let made = 0;

/** The versions of values of which none was ever changed. */
const unchanged: readonly number[] = [];
const nothing: readonly Storage[] = [];

/** Changes a gradient on its way: gets it, returns another or nothing to leave it. */
export type GradientHook = (gradient: Tensor) => Tensor | undefined;

/**
 * One line of the tape: an operation, where its gradients go, and what it saved for the backward pass. A tensor that requires a gradient and that
 * no operation made has a leaf node (`op` is null). Ids grow with time, so that descending ids are a valid order for backprop.
 */
export class TapeNode {
  readonly id: number = ++made;
  /** The last search that met this node, and its place in the order of a pass; for `graph.ts` alone. */
  search = 0;
  place = 0;
  readonly op: Op | null;
  readonly attrs: unknown;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Nodes of the inputs; `null` where no gradient flows. */
  edges: readonly (TapeNode | null)[];
  retainsGrad: boolean;
  hooks: GradientHook[] | undefined;
  /** Called with the gradient after `backward()` added it to `grad`. */
  accumulateHooks: ((gradient: Tensor) => void)[] | undefined;
  /** Where the operation was called, when somebody asked for source lines. */
  readonly source: string | undefined = notesSources() ? callSite() : undefined;
  /** The module in which the operation ran. */
  readonly scope: Scope | null = currentScope();
  #grad: Tensor | null = null;
  /** Whether nobody but this node can reach the memory of the gradient. */
  #ownsGrad = false;
  #saved: Saved | null = null;
  #versions: readonly number[] = unchanged;
  /** Memory on a GPU that goes with what was saved. */
  #owned: Storage[] | undefined;

  constructor(op: Op | null, output: { readonly shape: Shape; readonly dtype: DType }, edges: readonly (TapeNode | null)[] = [], attrs?: unknown) {
    this.op = op;
    this.shape = output.shape;
    this.dtype = output.dtype;
    this.edges = edges;
    this.attrs = attrs;
    this.retainsGrad = op === null;
  }

  /** Accumulated gradient of a leaf, or of an interior tensor with `retainGrad()`. Whoever reads it may keep it: its memory is no longer reused. */
  get grad(): Tensor | null {
    if (this.#grad?.storage.device.manual === false) this.#ownsGrad = false;
    return this.#grad;
  }

  /** The gradient for a moment's use: the reader must not keep it. */
  peekGrad(): Tensor | null {
    return this.#grad;
  }

  /** Replaces the gradient; `owned` says that nobody else can reach its memory. The one before is freed where that is safe. */
  setGrad(gradient: Tensor | null, owned = false): void {
    const before = this.#grad;
    if (before !== null && this.#ownsGrad && before.storage !== gradient?.storage) giveUp(before.storage);
    this.#grad = gradient;
    this.#ownsGrad = owned;
    if (gradient === null) return;
    if (isInScope() && !gradient.storage.device.manual) release(gradient.storage);
    if (gradient.storage.device.manual && (release(gradient.storage) || gradient.node !== null)) {
      gradient.node?.disown(gradient.storage);
      this.#ownsGrad = true;
    }
  }

  /** Adds to the gradient in place, where nobody but this node can reach its memory; tells whether it did. */
  addToGrad(more: Tensor): boolean {
    const grad = this.#grad;
    if (grad === null || !this.#ownsGrad || grad.storage.device.manual || grad.dtype !== more.dtype || !isDense(grad)) return false;
    accumulate(grad, more);
    return true;
  }

  /** Name of the operation; "leaf" for a leaf. */
  get name(): string {
    return this.op?.name ?? "leaf";
  }

  /** Keeps what the backward pass will need, with the versions that it has now. */
  save(saved: Saved): void {
    this.#saved = saved;
    const { inputs, output } = saved;
    let latest = versionOf(output);
    for (let k = 0; k < inputs.length; k++) latest = Math.max(latest, versionOf(inputs[k]));
    this.#versions = latest === 0 ? unchanged : [...inputs.map(versionOf), versionOf(output)];
  }

  /** What was saved; `null` for a leaf and after release. */
  get saved(): Saved | null {
    return this.#saved;
  }

  /** What was saved, checked: an error when it was freed, or changed in place since it was saved. */
  checkedSaved(): Saved {
    const saved = this.#saved;
    if (saved === null)
      throw new Error(
        `backward: the saved values of ${this.name} were freed by an earlier backward(); pass { retainGraph: true } to the first one to go through the graph again`,
      );
    const { inputs, output } = saved;
    for (let k = 0; k <= inputs.length; k++) {
      const operand = k < inputs.length ? inputs[k] : output;
      const version = this.#versions === unchanged ? 0 : this.#versions[k];
      if (versionOf(operand) !== version) throw this.#stale(k, operand as Tensor, version);
    }
    return saved;
  }

  #stale(k: number, { shape, storage }: Tensor, version: number): Error {
    const what = k < (this.#saved as Saved).inputs.length ? `input ${k}` : "its output";
    return new Error(
      `backward: ${this.name} saved ${what} of shape ${showShape(shape)} at version ${version}, but it was changed in place since (version ${storage.version}); call backward() before optimizer.step() or assign(), or run the forward pass again`,
    );
  }

  /** Frees what was saved; gradients can no longer pass. */
  release(): void {
    if (this.op !== null) this.#saved = null;
    if (this.#owned !== undefined) for (const storage of this.#owned) giveUp(storage);
    this.#owned = undefined;
  }

  /** Takes memory on a GPU over, to be freed together with what was saved. */
  own(storage: Storage): void {
    settle(storage);
    if (this.#owned === undefined) this.#owned = [storage];
    else this.#owned.push(storage);
  }

  /** Leaves memory to whoever holds it. */
  disown(storage: Storage): void {
    this.#owned = this.#owned?.filter((other) => other !== storage);
  }

  /** Memory on a GPU that this node owns. */
  get owned(): readonly Storage[] {
    return this.#owned ?? nothing;
  }
}

const versionOf = (operand: Operand | undefined): number => (operand === undefined || typeof operand === "number" ? 0 : operand.storage.version);
