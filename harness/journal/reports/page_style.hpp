#pragma once

#include <string_view>

/// What the page of a report looks like, and what a script adds for who has one.
namespace pidmap_stress::journal {

inline constexpr std::string_view page_style = R"css(
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #ffffff; --ink: #1b1d20; --soft: #5b6066;
  --rule: #d9dbdd; --bad: #a8201a; --bad-soft: #fbeae8; --good: #17633a; --good-soft: #e6f3ea;
  --known: #6b5200; --known-soft: #f8f0d8; --link: #0b4f9e; --line: #2563a8; }
@media (prefers-color-scheme: dark) { :root { --paper: #131518; --card: #1b1e22; --ink: #e6e8ea;
  --soft: #a2a9b0; --rule: #363b41; --bad: #ff9a90; --bad-soft: #3a1d1b; --good: #86d9a6;
  --good-soft: #16301f; --known: #e6c875; --known-soft: #322a14; --link: #8dbdf7; --line: #7fb2ee; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
main, header.top { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
a { color: var(--link); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px; }
header.top { padding-top: 40px; padding-bottom: 8px; }
.kicker { margin: 0; color: var(--soft); font-size: 14px; letter-spacing: .02em; }
h1 { font-size: 26px; line-height: 1.3; margin: 6px 0 12px; font-weight: 650; overflow-wrap: anywhere; max-width: 60ch; }
h2 { font-size: 19px; margin: 44px 0 12px; padding-top: 14px; border-top: 1px solid var(--rule); font-weight: 650; }
h3 { font-size: 16px; margin: 0 0 6px; font-weight: 650; overflow-wrap: anywhere; }
p { margin: 0 0 10px; overflow-wrap: anywhere; } ul { padding-left: 20px; margin: 0 0 10px; } li { overflow-wrap: anywhere; }
.code { display: inline-block; padding: 3px 10px; border-radius: 4px; font-weight: 650; font-size: 14px; border: 1px solid currentColor; }
.good { color: var(--good); background: var(--good-soft); } .bad { color: var(--bad); background: var(--bad-soft); }
.known { color: var(--known); background: var(--known-soft); }
.tag { display: inline-block; padding: 1px 8px; border-radius: 3px; font-size: 13px; font-weight: 600; }
.sentence { white-space: pre-line; } .soft { color: var(--soft); } .small { font-size: 14px; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 14px 28px; margin: 0 0 14px; }
dl.facts div { border-left: 3px solid var(--rule); padding-left: 12px; min-width: 0; }
dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-size: 18px; font-weight: 600; overflow-wrap: anywhere; }
.box { overflow-x: auto; max-width: 100%; border: 1px solid var(--rule); border-radius: 6px; background: var(--card); margin: 0 0 14px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; } caption { text-align: left; color: var(--soft); padding: 8px 12px; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--rule); vertical-align: top; }
tr:last-child td, tr:last-child th { border-bottom: 0; } thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.n, th.n { text-align: right; } th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; }
pre { margin: 0; padding: 12px 14px; font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
article { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--bad); border-radius: 6px; padding: 18px 20px; margin: 0 0 18px; }
details { margin: 0 0 12px; } summary { cursor: pointer; padding: 4px 0; font-weight: 600; overflow-wrap: anywhere; }
details.finding { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--known); border-radius: 6px; padding: 8px 20px; margin: 0 0 10px; }
details.finding > summary { font-weight: 500; }
svg { display: block; max-width: none; } svg text { fill: var(--ink); font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.box.fit svg { width: 100%; height: auto; } svg.chart { max-width: 100%; height: auto; }
.lanes .step { fill: var(--paper); stroke: var(--rule); } .lanes .breaks { fill: var(--bad-soft); stroke: var(--bad); stroke-width: 2; }
.lanes .call { fill: var(--soft); font-size: 12px; } svg .end { text-anchor: end; } .lanes .lane { font-weight: 600; }
.lanes .broken { fill: var(--bad); font-weight: 600; } .lanes .rail { stroke: var(--rule); stroke-dasharray: 2 4; }
.lanes .reads { fill: none; stroke: var(--line); stroke-width: 1.6; } .lanes .head { fill: var(--line); }
.chart .axis { stroke: var(--rule); } .chart .line { fill: none; stroke: var(--line); stroke-width: 1.8; } .chart .tick { fill: var(--soft); font-size: 11px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 18px; } figure { margin: 0; min-width: 0; } figcaption { font-size: 14px; color: var(--soft); }
footer { max-width: 1120px; margin: 40px auto; padding: 0 24px; color: var(--soft); font-size: 14px; }
@media (max-width: 600px) { main, header.top, footer { padding-left: 16px; padding-right: 16px; } h1 { font-size: 21px; } article { padding: 14px; } dd { font-size: 16px; } }
@media print { body { background: #fff; } .box { overflow: visible; } details { break-inside: avoid; } }
)css";

/// Tables are sorted by the heading that is pressed. All else is there without it.
inline constexpr std::string_view page_script = R"js(
for (const table of document.querySelectorAll("table.sorts")) {
  table.querySelectorAll("thead th").forEach((th, column) => {
    const button = document.createElement("button");
    button.textContent = th.textContent; th.textContent = ""; th.append(button);
    let up = true;
    button.addEventListener("click", () => {
      const body = table.tBodies[0], key = r => r.cells[column].dataset.v ?? r.cells[column].textContent;
      const rows = [...body.rows].sort((a, b) => {
        const x = key(a), y = key(b), n = parseFloat(x) - parseFloat(y);
        return (Number.isNaN(n) ? x.localeCompare(y) : n) * (up ? 1 : -1); });
      up = !up; body.append(...rows);
      table.querySelectorAll("th").forEach(h => h.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", up ? "descending" : "ascending"); }); }); }
)js";

}  // namespace pidmap_stress::journal
