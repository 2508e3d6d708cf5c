import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Stage } from "./stage.ts";

const places = [process.env.GRADTAPE_CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser's program; `undefined` where none is installed. */
export const chromiumPath: string | undefined = places.find((path) => path !== "" && existsSync(path));

/** Whether the tests of the browser must run: with GRADTAPE_DEMAND_CHROMIUM=1 a missing browser is a failure. */
export const demanded: boolean = process.env.GRADTAPE_DEMAND_CHROMIUM === "1";

/** WebGL2 in software, or by the machine's GPU. */
const software: readonly string[] = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const hardware: readonly string[] = ["--use-angle=gl-egl", "--ignore-gpu-blocklist"];

/** No talk with the network. */
const flags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
];

/** One module, with all that it imports, as a script for browsers. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
    conditions: ["@gradtape/source"],
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0].text;
}

/** How a page is opened. */
interface PageOptions {
  /** Draw with the machine's GPU. */
  readonly hardware?: boolean;
  /** Default: an empty page that loads the script. */
  readonly html?: string;
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Other scripts, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** More flags for the browser. */
  readonly flags?: readonly string[];
}

/** A page that runs a bundled module; what the module puts on `globalThis.suite` can be called. */
export class TestPage implements Stage {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly page: Page;
  /** What the page said on its console. */
  readonly console: readonly string[];

  private constructor(browser: Browser, server: Server, page: Page, lines: readonly string[]) {
    this.#browser = browser;
    this.#server = server;
    this.page = page;
    this.console = lines;
  }

  /** Opens a page with the script, served under any name that ends in `.js`, and waits for `globalThis.suite`; a page of one's own need not have it. */
  static async open(script: string, options: PageOptions = {}): Promise<TestPage> {
    const server = createServer(({ url = "/" }, response) => {
      const isScript = url.endsWith(".js");
      response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html", ...options.headers });
      response.end(
        isScript
          ? (options.files?.[url] ?? script)
          : (options.html ?? '<!doctype html><meta charset="utf-8"><title>Gradtape</title><script type="module" src="/script.js"></script>'),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({
      executablePath: chromiumPath as string,
      headless: true,
      args: [...flags, ...(options.hardware === true ? hardware : software), ...(options.flags ?? [])],
    });
    const page = await browser.newPage();
    const lines: string[] = [];
    page.on("console", (message) => void lines.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => void lines.push(`error: ${error.message}`));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    if (options.html === undefined)
      await page
        .waitForFunction(() => "suite" in globalThis, undefined, { timeout: 20_000 })
        .catch(() => {
          throw new Error(`the page did not start\n${lines.join("\n")}`);
        });
    return new TestPage(browser, server, page, lines);
  }

  async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    return (await this.page.evaluate(
      async ({ name, args }) =>
        await (globalThis as unknown as { suite: Record<string, (...args: readonly unknown[]) => unknown> }).suite[name](...args),
      { name, args },
    )) as T;
  }

  /** Closes page, browser and server. */
  async close(): Promise<void> {
    await this.#browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
