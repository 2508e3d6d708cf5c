import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";

/** The page's script, with all that it imports, in one file. */
export async function script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "main.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
    conditions: ["@gradtape/source"],
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** The page itself. */
export const page = (): string => readFileSync(join(import.meta.dirname, "index.html"), "utf8");

if (process.argv[1] === import.meta.filename) {
  const text = await script();
  const server = createServer((request, response) => {
    const isScript = request.url === "/main.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? text : page());
  });
  server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log(`http://127.0.0.1:${process.env.PORT ?? 8080}/`));
}
