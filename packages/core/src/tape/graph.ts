import type { TapeNode } from "./node.ts";

/** The nodes that reach these roots, inputs before outputs. Iterative: graphs may be tens of thousands of nodes deep. */
export function nodesBefore(roots: readonly TapeNode[]): TapeNode[] {
  const seen = new Set<TapeNode>(roots);
  const stack = [...seen];
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const edge of node.edges)
      if (edge !== null && !seen.has(edge)) {
        seen.add(edge);
        stack.push(edge);
      }
  return [...seen].sort((a, b) => a.id - b.id);
}
