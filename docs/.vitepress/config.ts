import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";

const api = join(import.meta.dirname, "../api");

/** The sidebar of the reference: a package, its kinds of names, its names. */
function reference(folder = "", depth = 0): DefaultTheme.SidebarItem[] {
  if (!existsSync(join(api, folder))) return [];
  return readdirSync(join(api, folder), { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry): DefaultTheme.SidebarItem[] => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        const door = existsSync(join(api, path, "index.md")) ? { link: `/api/${path}/` } : {};
        return [{ text: entry.name, collapsed: depth > 0 || !entry.name.startsWith("@"), items: reference(path, depth + 1), ...door }];
      }
      return entry.name === "index.md" ? [] : [{ text: entry.name.replace(/\.md$/, ""), link: `/api/${path.replace(/\.md$/, "")}` }];
    });
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
      ],
      "/api/": [{ text: "API reference", link: "/api/", items: reference() }],
    },
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
    footer: { message: "Gradtape is free software under the MIT licence." },
  },
});
