import type { TapeNode } from "./node.ts";

let searches = 0;

/** The nodes that reach these roots, inputs before outputs. Iterative: graphs may be tens of thousands of nodes deep. */
export function nodesBefore(roots: readonly TapeNode[]): TapeNode[] {
  const search = ++searches;
  const nodes: TapeNode[] = [];
  const reach = (node: TapeNode): void => {
    if (node.search === search) return;
    node.search = search;
    nodes.push(node);
  };
  for (const root of roots) reach(root);
  for (let i = 0; i < nodes.length; i++) {
    const { edges } = nodes[i];
    for (let k = 0; k < edges.length; k++) {
      const edge = edges[k];
      if (edge !== null) reach(edge);
    }
  }
  nodes.reverse();
  // A chain lies in order already.
  for (let i = 1; i < nodes.length; i++) if (nodes[i].id < nodes[i - 1].id) return nodes.sort((a, b) => a.id - b.id);
  return nodes;
}

let numberings = 0;

/** Where the nodes of one pass stand in its order, without a map: each node is told its place. */
export class Order {
  readonly nodes: readonly TapeNode[];
  #numbering = -1;

  constructor(roots: readonly TapeNode[]) {
    this.nodes = nodesBefore(roots);
  }

  /** Makes `node.place` say the place in this order, which another pass in between may have changed. */
  renew(): void {
    if (this.#numbering === numberings) return;
    this.#numbering = ++numberings;
    for (let i = 0; i < this.nodes.length; i++) this.nodes[i].place = i;
  }
}
