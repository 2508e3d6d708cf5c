/** Formulas as HTML in which every letter is drawn once: MathJax repeats the outline of each letter wherever it stands, which made a page ten times as large. */
export class Glyphs {
  readonly #prefix: string;
  readonly #ids = new Map<string, string>();

  /** @param prefix keeps the ids of one page's letters apart from all others. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The same formula, with references to the letters. */
  shorten(html: string): string {
    return html.replaceAll(/<path data-c="[^"]*" d="([^"]*)"([^>]*?)(?:\/>|><\/path>)/g, (_, outline: string, rest: string) => {
      const id = this.#ids.get(outline) ?? `${this.#prefix}-${this.#ids.size}`;
      this.#ids.set(outline, id);
      return `<use href="#${id}"${rest}/>`;
    });
  }

  /** The letters themselves; put this on the page before the formulas. */
  get definitions(): string {
    const paths = [...this.#ids].map(([outline, id]) => `<path id="${id}" d="${outline}"/>`);
    return `<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>${paths.join("")}</defs></svg>`;
  }
}
