/** The page's style: one column of cards, light or dark as the reader's system is, fonts that are already there. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --card: #ffffff; --ink: #1c2024; --soft: #6b7280; --line: #d9d7d0;
  --first: #2f5fd0; --second: #c2410c; --right: #2f5fd0; --wrong: #dc2626; --parameter: #eef3ff; --operation: #ffffff; --data: #faf5ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101318; --card: #181c23; --ink: #e6e8eb; --soft: #98a1ad; --line: #343b46;
    --first: #7aa2ff; --second: #fb923c; --right: #5b86ee; --wrong: #ef5350; --parameter: #1d2a47; --operation: #20252e; --data: #2b2618;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 Inter, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 48px 24px 64px; }
header h1 { margin: 0; font-size: 34px; line-height: 1.15; letter-spacing: -0.02em; }
header p { margin: 10px 0 0; color: var(--soft); max-width: 75ch; }
h2 { margin: 0 0 4px; font-size: 20px; letter-spacing: -0.01em; }
h2 + p, .lead { margin: 0 0 16px; color: var(--soft); max-width: 110ch; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 24px 28px; margin-top: 20px; min-width: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 28px 0 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 14px 18px; }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 2px 0 0; font-size: 25px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts .first dd { color: var(--first); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 20px; }
.key { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 0 0 10px; color: var(--soft); font-size: 13px; }
.key span::before { content: ""; display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; background: var(--of); border: 1px solid var(--rim, var(--of)); }
.scroll { overflow-x: auto; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; color: var(--ink); font-family: inherit; }
#schedule svg { min-width: 680px; }
.tape { display: grid; grid-template-columns: minmax(0, 1fr) 460px; gap: 32px; }
.tape svg { margin: 0 auto; }
.tape text { font-family: "Helvetica Neue", Helvetica, "Liberation Sans", Arial, sans-serif; }
.tape .node path { fill: var(--operation); }
.tape .node.parameter path { fill: var(--parameter); stroke: var(--first); stroke-opacity: 0.55; }
.tape .node.data path { fill: var(--data); stroke-dasharray: 4 3; }
.tape .edge.flow path { stroke: var(--soft); stroke-width: 1.6; }
.tape .edge.flow polygon { fill: var(--soft); stroke: var(--soft); }
.tape aside { color: var(--soft); font-size: 15px; }
.tape aside b { color: var(--ink); }
.tape aside .key { flex-direction: column; font-size: 14px; }
.list { font: 12.5px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; width: 100%; }
.list th { text-align: left; font-weight: 500; border-bottom: 1px solid var(--line); }
.list td, .list th { padding: 2.5px 10px 2.5px 0; white-space: nowrap; }
.list td:nth-child(2) { color: var(--ink); font-weight: 600; }
.list .parameter td:nth-child(2) { color: var(--first); }
@media (max-width: 1000px) { .tape { grid-template-columns: 1fr; } }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
math { font-family: "Cambria Math", "STIX Two Math", "STIXTwoMath-Regular", "XITS Math", "Latin Modern Math", "Libertinus Math", "NotoSansMath-Regular", "Noto Sans Math", math; font-size: 1.06em; }
.given { margin: 0 0 12px; }
.update { width: 100%; }
.update th { text-align: left; font-size: 13px; font-weight: 500; color: var(--soft); padding: 6px 20px 6px 0; border-bottom: 1px solid var(--line); }
.update td { padding: 12px 20px 12px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
.update .formula p { margin: 4px 0 0; color: var(--soft); font-size: 13.5px; }
.update .numbers { color: var(--soft); }
.update .value, .update th:last-child { text-align: right; padding-right: 0; white-space: nowrap; font-weight: 600; }
.moved { margin: 18px 0 0; font-size: 22px; font-variant-numeric: tabular-nums; }
.moved b, .moved span { color: var(--second); }
.moved small { color: var(--soft); font-size: 14px; margin-left: 10px; }
.terms { margin: 4px 0 0; color: var(--soft); font-size: 15px; font-variant-numeric: tabular-nums; }
.terms span { color: var(--ink); white-space: nowrap; margin: 0 10px 0 4px; }
.terms small { color: var(--soft); }
.confusion { width: 100%; table-layout: fixed; font-size: 14px; }
.confusion th { color: var(--soft); font-weight: 600; height: 34px; }
.confusion td { height: 38px; text-align: center; border: 2px solid var(--card); border-radius: 8px; }
.confusion .none { color: var(--line); }
.confusion .right { background: color-mix(in oklab, var(--right) var(--depth), var(--card)); color: #fff; font-weight: 600; }
.confusion .wrong { background: color-mix(in oklab, var(--wrong) var(--depth), var(--card)); }
.confusion .share { color: var(--soft); font-size: 12.5px; white-space: nowrap; }
.confusion th:last-child { width: 62px; }
.confusion th:first-child { width: 34px; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 14px 12px; }
.gallery figure { margin: 0; text-align: center; }
.gallery img { width: 100%; height: auto; aspect-ratio: 1; border-radius: 8px; image-rendering: pixelated; filter: invert(1); border: 1px solid #262626; }
.gallery figcaption { font-size: 13px; line-height: 1.35; margin-top: 4px; }
.gallery small { display: block; color: var(--soft); font-size: 12px; }
.gallery i { font-style: normal; font-weight: 700; color: var(--wrong); }
@media (prefers-color-scheme: dark) { .gallery img { filter: none; border-color: var(--line); } }
.settings { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 28px; align-items: start; }
.settings td { padding: 4px 22px 4px 0; }
.settings td:first-child { color: var(--soft); }
pre { margin: 0; padding: 14px 16px; overflow-x: auto; background: var(--page); border-radius: 10px; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (max-width: 800px) { .settings { grid-template-columns: 1fr; } main { padding: 28px 14px; } section { padding: 20px 16px; } }
`;
