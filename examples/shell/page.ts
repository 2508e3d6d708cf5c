import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { escape } from "../main/report/html.ts";
import { style as common } from "../main/report/style.ts";

/** What an example's page consists of. */
export interface Page {
  readonly title: string;
  /** A sentence or two below the title. */
  readonly lead: string;
  /** HTML. */
  readonly body: string;
  /** Rules beside those that all pages share. */
  readonly style?: string;
}

/** One HTML page that loads nothing, light or dark as the reader's system is. */
export const page = ({ title, lead, body, style = "" }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${common}${style}</style>
</head>
<body><main>
<header><h1>${escape(title)}</h1>
<p>${escape(lead)}</p></header>
${body}
</main></body>
</html>
`;

/** A card of a page; `text` is HTML. */
export const section = (id: string, title: string, text: string, body: string): string =>
  `<section id="${id}"><h2>${escape(title)}</h2><p>${text}</p>${body}</section>`;

/** Writes a file of the output folder, and says where it is. */
export async function write(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
