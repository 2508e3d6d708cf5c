import { composed } from "./ownership.ts";

/** Where in a model an operation runs: the innermost module, and the modules around it. Paths are worked out only when somebody reads them. */
export interface Scope {
  readonly owner: object;
  readonly parent: Scope | null;
}

let current: Scope | null = null;

/** The scope that operations are recorded in now; `null` outside of any module. */
export const currentScope = (): Scope | null => current;

/** Runs `fn` inside the scope of a module. */
export function inScope<T>(owner: object, fn: () => T): T {
  const before = current;
  current = { owner, parent: before };
  try {
    return composed(fn);
  } finally {
    current = before;
  }
}

interface Named {
  namedModules(): readonly (readonly [string, object])[];
}

/** The path of a scope's module inside the outermost one ("layers.0.linear"); the outermost module's class name for itself. */
export function pathOf(scope: Scope | null): string {
  if (scope === null) return "";
  let root = scope;
  while (root.parent !== null) root = root.parent;
  const named = (root.owner as Partial<Named>).namedModules?.() ?? [];
  const path = named.find(([, module]) => module === scope.owner)?.[0];
  return path === undefined || path === "" ? scope.owner.constructor.name : path;
}
