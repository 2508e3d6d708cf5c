import { elementary } from "./elementary.ts";
import type { NativeFunction } from "./gpujs.ts";
import { special } from "./special.ts";
import { trigonometry } from "./trigonometry.ts";

const sources = new Map<string, string>();
for (const text of [...elementary, ...trigonometry, ...special]) sources.set(/m_\w+/.exec(text)?.[0] as string, text);
// sin on [-π/2, π/2]: the quadrant's polynomial reaches half as far.
sources.set("m_sinpoly2", "float m_sinpoly2(float a) { return m_sin(a); }");

const calls = (text: string): string[] => [...new Set([...text.matchAll(/\bm_\w+(?=\()/g)].map(([name]) => name))];

/** The text of these functions and of all that they call, in an order in which it compiles. */
export function libraryText(names: Iterable<string>): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const text = sources.get(name);
    if (text === undefined) throw new Error(`gpu: the shader library has no ${name}`);
    for (const called of calls(text)) if (called !== name) add(called);
    parts.push(text);
  };
  for (const name of names) add(name);
  return parts.join("\n");
}

/** Names in the table of formulas whose name in the library differs. */
const renamed: Readonly<Record<string, string>> = { isnan: "m_isnanf", isinf: "m_isinff" };

/** The library's function for a function of formulas; `undefined` when there is none. */
export function libraryName(fn: string): string | undefined {
  const name = renamed[fn] ?? `m_${fn}`;
  return sources.has(name) ? name : undefined;
}

/** A function of the library under a name that kernel strings may call. */
export function native(name: string): NativeFunction {
  const arity = (/\(([^)]*)\)/.exec(sources.get(name) ?? "")?.[1] ?? "").split(",").filter((p) => p.trim() !== "").length;
  const names = ["a", "b", "c"].slice(0, arity);
  const called = name.replace(/^m_/, "f_");
  return {
    name: called,
    source: `float ${called}(${names.map((n) => `float ${n}`).join(", ")}) { return ${name}(${names.join(", ")}); }`,
    returnType: "Number",
  };
}
