"""The look of the page of pictures: light or dark as the reader's system is."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --line: #e2e5ea; --ink: #1a1d23; --soft: #667080;
  --well: #eef0f3; --accent: #2f6feb; }
@media (prefers-color-scheme: dark) { :root { --ground: #101216; --card: #191c22; --line: #2a2f38; --ink: #e8eaee;
  --soft: #98a1b0; --well: #0c0e11; --accent: #6b9dff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1440px; padding: 32px 24px 64px; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 22px; letter-spacing: -0.01em; }
header p { margin: 4px 0 0; color: var(--soft); overflow-wrap: anywhere; }
section { display: grid; grid-template-columns: 264px 1fr; gap: 24px; margin-top: 28px; padding-top: 28px;
  border-top: 1px solid var(--line); }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(184px, 1fr)); gap: 16px; align-content: start;
  margin: 0; padding: 0; list-style: none; }
figure { display: flex; flex-direction: column; height: 100%; margin: 0; overflow: hidden; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; }
.query { position: sticky; top: 24px; height: auto; align-self: start; border: 2px solid var(--accent); }
.well { position: relative; display: grid; place-items: center; aspect-ratio: 1; background: var(--well);
  color: var(--soft); font-size: 13px; }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
figcaption { display: flex; flex: 1; flex-direction: column; align-items: start; padding: 10px 12px 12px; }
.top { display: flex; width: 100%; align-items: baseline; justify-content: space-between; gap: 8px; }
.score { font-size: 17px; font-weight: 600; font-variant-numeric: tabular-nums; }
.rank, .facts { color: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.kind { color: var(--accent); font-size: 12px; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; }
meter { appearance: none; display: block; width: 100%; height: 4px; margin: 6px 0 10px; border: 0; border-radius: 2px;
  background: var(--well); overflow: hidden; }
meter::-webkit-meter-inner-element { display: block; }
meter::-webkit-meter-bar { height: 4px; border: 0; border-radius: 2px; background: var(--well); }
meter::-webkit-meter-optimum-value { background: var(--accent); }
meter::-moz-meter-bar { background: var(--accent); }
.label { max-width: 100%; margin-bottom: 6px; padding: 1px 8px; border-radius: 99px; background: var(--well); font-size: 12px;
  overflow-wrap: anywhere; }
.name, .folder { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  overflow-wrap: anywhere; font-size: 13px; font-weight: 600; }
.folder { color: var(--soft); font-size: 12px; font-weight: 400; }
.facts { margin-top: auto; padding-top: 8px; }
.empty { color: var(--soft); }
@media (max-width: 720px) { section { grid-template-columns: 1fr; } .query { position: static; max-width: 264px; } }
@media print { figure, li { break-inside: avoid; } .query { position: static; } }
"""
