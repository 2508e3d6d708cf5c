/** The first key that stands twice in one object of valid JSON text, or undefined; JSON.parse itself keeps the last one silently. */
export function repeatedKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // the keys of each open object, undefined for an array
  let keyNext = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{") {
      open.push(new Set());
      keyNext = true;
    } else if (character === "[") {
      open.push(undefined);
      keyNext = false;
    } else if (character === "}" || character === "]") open.pop();
    else if (character === ",") keyNext = open.at(-1) !== undefined;
    else if (character === '"') {
      const start = at;
      at = stringEnd(json, at);
      if (!keyNext) continue;
      keyNext = false;
      const key = JSON.parse(json.slice(start, at + 1)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** Where the string that opens at `start` closes. */
function stringEnd(json: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const character = json[at];
    if (character === "\\") at++;
    else if (character === '"') return at;
  }
}
