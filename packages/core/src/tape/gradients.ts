import { accumulate } from "../backend/accumulate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFollowed } from "./apply.ts";
import { sum } from "./arithmetic.ts";
import type { Order } from "./graph.ts";
import type { GradientMemory } from "./memory.ts";
import type { TapeNode } from "./node.ts";
import type { Gate } from "./op.ts";

/** The gradients that wait at the nodes of a pass until all of their parts have arrived. */
export class Gradients {
  readonly #order: Order;
  readonly memory: GradientMemory | undefined;
  readonly #waiting: (Tensor | undefined)[];
  /** The nodes of ReLUs to which only gradients came, or will come from the step that runs, that passed their gates. */
  readonly #gated = new Set<TapeNode>();

  constructor(order: Order, memory: GradientMemory | undefined) {
    this.#order = order;
    this.memory = memory;
    this.#waiting = new Array<Tensor | undefined>(order.nodes.length).fill(undefined);
  }

  /** Takes what waits at a place. */
  take(place: number): Tensor | undefined {
    const gradient = this.#waiting[place];
    this.#waiting[place] = undefined;
    return gradient;
  }

  /** What waits at a node, where it may be changed in place. */
  open(node: TapeNode): Tensor | undefined {
    if (this.memory === undefined) return undefined;
    this.#order.renew();
    const before = this.#waiting[node.place];
    return before !== undefined && this.memory.mayChange(before) ? before : undefined;
  }

  /** The gate before a node, where the gradient that arrives there is seen by nobody and is needed for nothing else. */
  gate(node: TapeNode): Gate | undefined {
    if (node.op?.rectifies !== true || this.memory === undefined || node.hooks !== undefined || node.retainsGrad || isFollowed()) return undefined;
    this.#order.renew();
    if (this.#waiting[node.place] !== undefined && !this.#gated.has(node)) return undefined;
    return { values: node.checkedSaved().output as Tensor, closed: false };
  }

  /** Notes whether a gradient that is to be sent to a node has passed its gate. */
  notePassed(node: TapeNode, passed: boolean): void {
    if (passed) this.#gated.add(node);
    else if (this.#gated.size > 0) this.#gated.delete(node);
  }

  /** Whether all that arrived at a node has passed its gate before; it is forgotten then. */
  takePassed(node: TapeNode): boolean {
    return this.#gated.size > 0 && this.#gated.delete(node);
  }

  /** Sends the gradients of a step on. Several are held until the last is on its way: two edges may get one gradient. */
  send({ edges }: TapeNode, outgoing: readonly (Tensor | null)[]): void {
    let count = 0;
    for (let k = 0; k < outgoing.length; k++) if (outgoing[k] !== null) count++;
    const memory = count > 1 ? this.memory : undefined;
    if (memory !== undefined) for (const gradient of outgoing) if (gradient !== null) memory.hold(gradient);
    for (let k = 0; k < outgoing.length; k++) {
      const gradient = outgoing[k];
      if (gradient !== null) this.add(edges[k] as TapeNode, gradient);
    }
    if (memory !== undefined) for (const gradient of outgoing) if (gradient !== null) memory.drop(gradient);
  }

  /** Adds a gradient to what waits at a node. */
  add(node: TapeNode, gradient: Tensor): void {
    const memory = this.memory;
    this.#order.renew();
    const { place } = node;
    const before = this.#waiting[place];
    if (before === undefined) {
      this.#waiting[place] = gradient;
      memory?.hold(gradient);
      return;
    }
    memory?.hold(gradient);
    if (before.dtype === gradient.dtype && memory?.mayChange(before)) accumulate(before, gradient);
    else {
      memory?.open();
      const total = sum(before, gradient);
      memory?.close([total]);
      this.#waiting[place] = total;
      memory?.hold(total);
      memory?.drop(before);
    }
    memory?.drop(gradient);
  }
}
