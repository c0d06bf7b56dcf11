/** The style of every page: one column in a narrow window, dark or light like the system, no external resources. */
import { raw } from 'hono/html';
import { ACCENT_NEIGHBOURS, DEFAULT_ACCENTS } from './accent.ts';

const { light, dark } = ACCENT_NEIGHBOURS;

/** All text has a contrast of at least 4.5 to 1 against its background (WCAG 2.2, 1.4.3). */
export const STYLE = raw(`
:root {
  color-scheme: light dark;
  --ground: light-dark(${light.ground}, ${dark.ground});
  --surface: light-dark(${light.surface}, ${dark.surface});
  --line: light-dark(#d5d9e0, #363d49);
  --text: light-dark(#1a1f27, #e8eaee);
  --quiet: light-dark(#576070, #a3acba);
  --accent: light-dark(${DEFAULT_ACCENTS.light}, ${DEFAULT_ACCENTS.dark});
  --on-accent: light-dark(${light.onAccent}, ${dark.onAccent});
  --good: light-dark(#17753b, #63c989);
  --bad: light-dark(#b3261e, #ff8f85);
  --focus: light-dark(#0b5cad, #9dccff);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem; display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
header { display: grid; gap: 0.125rem; }
h1, h2, p, dl, ul { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 650; }
h2 { font-size: 1.125rem; line-height: 1.3; font-weight: 650; }
.product { color: var(--quiet); font-size: 0.875rem; }
.connection { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
section, p.notice { background: var(--surface); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1.25rem; display: grid; gap: 0.875rem; min-width: 0; }
section.notice, p.notice { border-left: 0.25rem solid var(--line); padding-left: calc(1.25rem - 3px); }
.notice.good { border-left-color: var(--good); }
.notice.bad { border-left-color: var(--bad); }
.notice.good h2 { color: var(--good); }
.notice.bad h2 { color: var(--bad); }
h2, p, dd, td, li { overflow-wrap: anywhere; }
h2:focus { outline: none; }
td ul, .groups ul { list-style: none; padding: 0; }
.quiet + ul { padding-left: 1rem; }
form { display: grid; gap: 0.375rem; max-width: 24rem; }
label { font-weight: 550; }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 0.375rem; padding: 0.5rem 0.625rem; width: 100%; margin-bottom: 0.625rem; }
button { font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 0.375rem; padding: 0.625rem 1.25rem; justify-self: start; min-height: 2.75rem; cursor: pointer; }
button:hover { filter: brightness(1.1); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
dl { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; }
dt { color: var(--quiet); font-size: 0.875rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.groups { list-style: none; padding: 0; display: flex; flex-wrap: wrap; align-items: start; gap: 0.5rem; }
.groups > li { border: 1px solid var(--line); border-radius: 1rem; padding: 0.125rem 0.75rem; max-width: 100%; }
.count { color: var(--quiet); font-weight: 400; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 1rem 0.5rem 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-size: 0.875rem; font-weight: 500; }
tbody th { font-weight: 550; width: 12rem; }
code { font: 0.9375em ui-monospace, monospace; overflow-wrap: anywhere; }
.dot { display: inline-block; width: 0.625rem; height: 0.625rem; border-radius: 50%; margin-right: 0.5rem; }
.dot.on { background: var(--good); }
.dot.off { background: var(--bad); }
a { color: var(--accent); }
.login { width: 100%; max-width: 26rem; margin: 6vh auto 0; }
.login form { max-width: none; }
.login h1 { font-size: 1.5rem; overflow-wrap: anywhere; hyphens: auto; }
.with-button { position: relative; margin-bottom: 0.625rem; }
.with-button > input { margin-bottom: 0; }
.with-button > input:not(:only-child) { padding-right: 3rem; }
button.reveal { position: absolute; inset: 0 0 0 auto; width: 2.75rem; min-height: 0; padding: 0; background: none; color: var(--quiet); justify-self: auto; }
button.reveal svg { display: block; width: 1.25rem; height: 1.25rem; margin: auto; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; }
button.reveal[aria-pressed=false] .strike { display: none; }
button.reveal[aria-pressed=true] { color: var(--accent); }
.login .hint { color: var(--quiet); font-size: 0.875rem; }
.login .hint:empty { display: none; }
input[aria-invalid=true] { border-color: var(--bad); }
.for-ears { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.rules { padding-left: 1.25rem; font-size: 0.875rem; color: var(--quiet); }
.links ul { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.5rem 1.5rem; list-style: none; margin: -2rem 0 2rem; padding: 0 1rem; font-size: 0.875rem; }
.login:lang(ja) { line-break: strict; }
.login:lang(ja) :is(h1, .notice) { word-break: auto-phrase; }
.login button[type=submit]:not(.link) { justify-self: stretch; }
.login section > p.notice { padding: 0.75rem 1rem; }
input[readonly] { background: none; border-color: var(--line); }
.login .actions > button:not(.link) { flex: 1 1 auto; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem 1.25rem; align-items: center; }
button.link { background: none; color: var(--accent); padding: 0; font-weight: 400; text-decoration: underline; }
button.quiet { background: none; color: var(--text); border: 1px solid var(--quiet); }
.trace .ms { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.trace tbody th { width: auto; overflow-wrap: normal; }
.trace .inside th { padding-left: 1.25rem; font-weight: 400; }
.trace .bar { width: 40%; }
.trace svg { display: block; fill: var(--accent); margin-top: 0.375rem; }
.trace .inside svg { fill: var(--good); }
.trace .rail { fill: var(--line); opacity: 0.5; }
@media (max-width: 30rem) {
  .login { margin-top: 0; }
  main { padding-top: 1rem; }
  section, p.notice { padding: 1rem; }
  section.notice, p.notice { padding-left: calc(1rem - 3px); }
  form { max-width: none; }
  button { justify-self: stretch; }
  thead { display: none; }
  tbody tr, tbody th, tbody td { display: block; width: auto; padding-right: 0; }
  tbody tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  tbody tr:last-child { border-bottom: 0; }
  tbody th, tbody td { border-bottom: 0; padding-top: 0; padding-bottom: 0; }
  tbody th { color: var(--quiet); font-size: 0.875rem; font-weight: 500; }
}
`);
