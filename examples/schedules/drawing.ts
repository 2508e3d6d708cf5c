import * as Plot from "@observablehq/plot";
import { draw } from "../main/report/curves.ts";
import { escape } from "../main/report/html.ts";
import type { Exhibit } from "./gallery.ts";

const size = { width: 272, height: 150 };
const cell = { width: 292, height: 222 };

/** Rates at most 600 points apart evenly, and both sides of every jump. */
function points(rates: readonly number[]): { step: number; rate: number }[] {
  const stride = Math.max(1, Math.floor(rates.length / 300));
  const jumps = (k: number): boolean => k > 0 && k < rates.length && Math.abs(rates[k] - rates[k - 1]) > 0.02;
  return rates.flatMap((rate, step) => (step % stride === 0 || step === rates.length - 1 || jumps(step) || jumps(step + 1) ? [{ step, rate }] : []));
}

/** The rates of one schedule as SVG; colours are those of the page around it. */
export function curve(exhibit: Exhibit, steps: number): string {
  const rows = points(exhibit.rates(steps));
  return draw(`${exhibit.name} over ${steps} steps`, {
    ...size,
    marginLeft: 30,
    marginRight: 22,
    marginTop: 8,
    marginBottom: 22,
    x: { label: null, ticks: 3, domain: [0, steps] },
    y: { label: null, ticks: 3, domain: [0, 1.04] },
    marks: [
      Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.1, ticks: 3 }),
      Plot.areaY(rows, { x: "step", y: "rate", fill: "var(--first, #2f5fd0)", fillOpacity: 0.1 }),
      Plot.lineY(rows, { x: "step", y: "rate", stroke: "var(--first, #2f5fd0)", strokeWidth: 1.8, strokeLinejoin: "round" }),
    ],
  });
}

const style = `
  :root { color-scheme: light dark; --page: #ffffff; --ink: #1c2024; --soft: #6b7280; --first: #2f5fd0; }
  @media (prefers-color-scheme: dark) { :root { --page: #14171d; --ink: #e6e8eb; --soft: #98a1ad; --first: #7aa2ff; } }
  svg { color: var(--ink); font-family: Inter, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
  .name { font-size: 15px; font-weight: 650; fill: var(--ink); }
  .soft { font-size: 11.5px; fill: var(--soft); }
  .title { font-size: 26px; font-weight: 700; fill: var(--ink); letter-spacing: -0.02em; }
`;

/** Text in lines of at most `limit` letters. */
function wrapped(text: string, limit: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + word.length >= limit) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`.trim();
  }
  return lines;
}

/** All schedules on one sheet: an SVG document of its own, light or dark as the reader's system is. */
export function sheet(exhibits: readonly Exhibit[], steps: number): string {
  const columns = 4;
  const top = 110;
  const [width, height] = [24 + columns * cell.width, top + Math.ceil(exhibits.length / columns) * cell.height];
  const panels = exhibits.map((exhibit, k) => {
    const [x, y] = [24 + (k % columns) * cell.width, top + Math.floor(k / columns) * cell.height];
    const lines = wrapped(exhibit.use, 46).map((line, row) => `<text class="soft" x="0" y="${35 + 15 * row}">${escape(line)}</text>`);
    const plot = curve(exhibit, steps).replace("<svg", '<svg y="54"');
    return `<g transform="translate(${x},${y})"><text class="name" x="0" y="16">${escape(exhibit.name)}</text>${lines.join("")}${plot}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Learning-rate schedules">
<style>${style}</style>
<rect width="100%" height="100%" fill="var(--page)"/>
<text class="title" x="24" y="48">Learning-rate schedules over ${steps.toLocaleString("en")} steps</text>
<text class="soft" x="24" y="74" style="font-size:14px">Each curve is the schedule’s closed form, asked for every step; nothing was trained. The base rate is 1.</text>
${panels.join("\n")}
</svg>
`;
}
