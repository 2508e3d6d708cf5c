import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";

const api = join(import.meta.dirname, "../api");

const pages = (folder: string, ending: string): string[] =>
  existsSync(join(api, folder))
    ? readdirSync(join(api, folder))
        .filter((name) => name.endsWith(ending))
        .sort()
    : [];

/** Packages of the reference. */
const names = [...pages("", "gradtape"), ...pages("@gradtape", "").map((name) => `@gradtape/${name}`)].filter((name) => !name.endsWith("/"));

/** The sidebar of a package's reference: all packages, and its own classes. The rest is found through its page and the search. */
function reference(own?: string): DefaultTheme.SidebarItem[] {
  const packages = names.filter((name) => name !== "@gradtape").map((name) => ({ text: name, link: `/api/${name}/` }));
  const classes = pages(`${own}/classes`, ".md").map((file) => file.slice(0, -3));
  const items = classes.map((name) => ({ text: name, link: `/api/${own}/classes/${name}` }));
  return [{ text: "Packages", items: packages }, ...(items.length > 0 ? [{ text: `Classes of ${own}`, items }] : [])];
}

export default defineConfig({
  lang: "en",
  title: "Gradtape",
  description: "Automatic differentiation in TypeScript: backprop you can read",
  base: process.env.GRADTAPE_DOCS_BASE ?? "/",
  cleanUrls: false,
  lastUpdated: false,
  markdown: { math: true, theme: { light: "github-light-high-contrast", dark: "github-dark" } },
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "The lesson", link: "/lesson" },
      { text: "Autograd", link: "/autograd" },
      { text: "Optimizers", link: "/optimizers" },
      { text: "The house", link: "/house" },
      { text: "API", link: "/api/" },
    ],
    sidebar: {
      "/": [
        {
          text: "Guide",
          items: [
            { text: "Ten-minute start", link: "/start" },
            { text: "The lesson, ported", link: "/lesson" },
            { text: "Map of the house", link: "/house" },
          ],
        },
        {
          text: "In depth",
          items: [
            { text: "Autograd", link: "/autograd" },
            { text: "Reading the tape", link: "/tape" },
            { text: "Optimizers", link: "/optimizers" },
            { text: "Schedules", link: "/schedules" },
            { text: "Performance", link: "/performance" },
          ],
        },
      ],
      "/api/": reference(),
      ...Object.fromEntries(names.map((name) => [`/api/${name}/`, reference(name)])),
    },
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
    footer: { message: "Gradtape is free software under the MIT licence." },
  },
});
