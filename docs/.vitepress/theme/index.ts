import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { Files } from "./files.ts";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("Files", Files);
  },
};

export default theme;
