import { formula, toLatex } from "gradtape";
import { createMarkdownRenderer } from "vitepress";
import { curve } from "../examples/schedules/drawing.ts";
import { gallery } from "../examples/schedules/gallery.ts";
import { Glyphs } from "./glyphs.ts";

/** A schedule as the page shows it; plot and formula are HTML. */
interface Shown {
  readonly name: string;
  readonly anchor: string;
  readonly use: string;
  readonly code: string;
  readonly formula: string;
  readonly plot: string;
}

/** The schedules, drawn when the site is built. */
export declare const data: { readonly exhibits: readonly Shown[]; readonly glyphs: string };

const steps = 10_000;

/** Symbols that are usual for schedules. */
const symbols = {
  lr: "\\eta_t",
  base: "\\eta_0",
  step: "t",
  etaMin: "\\eta_{\\min}",
  maxLr: "\\eta_{\\max}",
  swaLr: "\\eta_{\\mathrm{swa}}",
  tMax: "T",
  t0: "T_0",
};

export default {
  watch: ["../examples/schedules/*.ts", "../packages/optim/src/schedulers/*.ts"],
  async load(): Promise<typeof data> {
    const markdown = await createMarkdownRenderer(import.meta.dirname, { math: true });
    const glyphs = new Glyphs("schedule");
    const exhibits = gallery(steps).map((exhibit) => ({
      name: exhibit.name,
      anchor: exhibit.name.toLowerCase().replaceAll(/\W+/g, "-"),
      use: exhibit.use,
      code: exhibit.code,
      formula: exhibit.formula === undefined ? "" : glyphs.shorten(markdown.render(`$$\n${toLatex(formula(exhibit.formula), symbols)}\n$$\n`)),
      plot: curve(exhibit, steps),
    }));
    return { exhibits, glyphs: glyphs.definitions };
  },
};
