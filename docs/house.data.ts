import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of a package, and its lines. */
export interface Listing {
  readonly file: string;
  readonly lines: number;
}

/** The files of every package. VitePress puts what `load` returns in its place, when the site is built: the map cannot go stale. */
export declare const data: Readonly<Record<string, readonly Listing[]>>;

const packages = join(import.meta.dirname, "../packages");

function listing(folder: string): Listing[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .sort()
    .map((file) => ({ file, lines: readFileSync(join(folder, file), "utf8").split("\n").length - 1 }));
}

export default {
  watch: [join(packages, "*/src/**/*.ts")],
  load(): typeof data {
    const rooms = readdirSync(packages).filter((name) => existsSync(join(packages, name, "src")));
    return Object.fromEntries(rooms.map((name) => [name, listing(join(packages, name, "src"))]));
  },
};
