import { defineComponent, h, type VNode } from "vue";
import { data } from "../../house.data.ts";

/** The files of a package and their lines, folded; `only` is a pattern that limits the list. */
export const Files = defineComponent({
  props: { in: { type: String, required: true }, only: { type: String, default: "" } },
  setup(props): () => VNode {
    const pattern = new RegExp(props.only);
    const files = (data[props.in] ?? []).filter(({ file }) => pattern.test(file));
    const total = files.reduce((sum, { lines }) => sum + lines, 0);
    const items = files.map(({ file, lines }) => h("li", { key: file }, [h("code", file), " ", h("span", lines)]));
    return () => h("details", { class: "files" }, [h("summary", `${files.length} files, ${total} lines`), h("ul", items)]);
  },
});
