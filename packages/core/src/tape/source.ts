let wanted = 0;

/** Whether operations note the line that called them. */
export const notesSources = (): boolean => wanted > 0;

/** Runs `fn` while operations note the line that called them: costs a stack trace each, so only tools ask for it. */
export function withSources<T>(fn: () => T): T {
  wanted++;
  try {
    return fn();
  } finally {
    wanted--;
  }
}

/** Frames of Gradtape itself, and of the engine. */
const ours =
  /[\\/](?:packages|node_modules|@gradtape)[\\/](?:@gradtape[\\/])?(?:core|nn|optim|data|wasm|gpu|inspect|gradtape)[\\/](?:src|dist)[\\/](?!.*\.test\.)|^node:|\(<anonymous>\)|at <anonymous>$/;

/** `file:line:column` of the first caller outside of Gradtape; `undefined` when the engine tells none. */
export function callSite(): string | undefined {
  // Only V8 has a limit; other engines give the whole stack.
  const engine = Error as { stackTraceLimit?: number };
  const limit = engine.stackTraceLimit;
  if (limit !== undefined) engine.stackTraceLimit = 40;
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  if (limit !== undefined) engine.stackTraceLimit = limit;
  const frame = frames.find((line) => line.includes(":") && !ours.test(line));
  return frame === undefined ? undefined : /\(?((?:file:\/\/|https?:\/\/|\/|[A-Z]:)[^()]*:\d+:\d+)\)?\s*$/.exec(frame)?.[1];
}
