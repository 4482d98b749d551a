"use strict";
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const head = data.header, all = data.entries;
const palette = ["#3b7de0", "#c2670a", "#1a9a6c", "#a64fd0", "#c93a6a", "#0e93a8", "#7a8b12", "#6d63e0", "#b8563d", "#4f8f3a"];
const signals = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 9: "SIGKILL", 10: "SIGUSR1", 12: "SIGUSR2", 15: "SIGTERM", 28: "SIGWINCH"};
const own = "docker bmo";

// Times are in milliseconds since the first entry; the engine gives them to the nanosecond.
const stamp = s => {
  const m = /^(.*:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(s);
  return Date.parse(m[1] + m[3]) + (m[2] ? Number("0." + m[2]) * 1000 : 0);
};
let t0 = Infinity, t1 = -Infinity;
for (const e of all) { e.t = stamp(e.time); t0 = Math.min(t0, e.t); t1 = Math.max(t1, e.t); }
if (!all.length) { t0 = t1 = stamp(head.created); }
all.forEach((e, i) => { e.t -= t0; e.i = i; e.s = e.service || own; });
const total = Math.max(t1 - t0, 1);
const services = [...new Set(all.map(e => e.s))].sort((a, b) => (b === own) - (a === own));
const color = Object.fromEntries(services.map((s, i) => [s, s === own ? "var(--soft)" : palette[(i - 1 + palette.length) % palette.length]]));

const span = ms => ms < 1000 ? ms.toFixed(ms < 10 ? 1 : 0) + " ms" : ms < 60000 ? (ms / 1000).toFixed(ms < 10000 ? 2 : 1) + " s" :
  ms < 3600000 ? Math.floor(ms / 60000) + " min " + Math.round(ms % 60000 / 1000) + " s" : Math.floor(ms / 3600000) + " h " + Math.round(ms % 3600000 / 60000) + " min";
const offset = ms => ms < 3600000 ? (ms / 1000).toFixed(3) : span(ms);
const el = (tag, text, cls) => { const n = document.createElement(tag); if (text !== undefined) n.textContent = text; if (cls) n.className = cls; return n; };
const svgEl = (tag, attrs, text) => {
  const n = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const k in attrs) n.setAttribute(k, attrs[k]);
  if (text !== undefined) n.textContent = text;
  return n;
};
const attr = (e, k) => (e.attributes || {})[k] || "";
const plain = s => s.replace(/\x1b\[[0-9;?]*[ -\/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]/g, "");

// say returns what an entry says: a word in bold, and the rest.
function say(e) {
  const why = attr(e, "error");
  switch (e.kind) {
  case "line": return ["", plain(e.text || "") + (e.more ? " …" : "")];
  case "event": {
    const more = [];
    if (e.action === "kill") more.push(signals[attr(e, "signal")] || "signal " + attr(e, "signal"));
    if (e.action === "die") more.push("exit code " + attr(e, "exitCode"));
    if (e.text) more.push(e.text);
    return [e.action, more.join(" ") + "  " + (e.container || "")];
  }
  case "step": return [{begin: "▸", done: "✓", failed: "✗"}[e.action], e.text + (why ? ": " + why : "")];
  case "probe": return [e.action === "answered" ? "answered" : "", e.text + (why ? ": " + why : "") + (e.times ? "  ×" + e.times : "")];
  case "ready": return ["ready", e.service ? "" : "everything is ready"];
  case "end": return [e.action || "end", e.text || ""];
  default: return ["", e.text || ""];
  }
}
function mood(e) {
  if (e.kind === "step" && e.action === "failed" || e.kind === "event" && (e.action === "oom" || e.action === "die" && attr(e, "exitCode") !== "0")) return " bad";
  if (e.kind === "end" && e.action === "failed") return " bad";
  if (e.kind === "probe" && e.action === "answered" || e.kind === "step" && e.action === "done" || e.kind === "end" && e.action === "made") return " good";
  return "";
}

// The head of the page.
const end = all.findLast(e => e.kind === "end");
$("title").textContent = head.stack && !head.title.includes(head.stack) ? head.stack + " · " + head.title : head.title;
$("outcome").textContent = end ? {made: "made", failed: "failed", removed: "gone"}[end.action] || end.action || "gone" : "not over yet";
$("outcome").className = "pill" + (end ? mood(end) : "");
const count = kind => all.reduce((n, e) => n + (e.kind === kind), 0);
const ready = all.find(e => e.kind === "ready" && !e.service);
for (const [k, v] of [
  ["started", new Date(t0).toLocaleString()], ["took", span(t1 - t0)], ready ? ["ready after", span(ready.t)] : null,
  ["lines", count("line").toLocaleString()], ["events", count("event").toLocaleString()], head.key ? ["snapshot", head.key.slice(0, 12)] : null,
].filter(Boolean)) {
  const d = el("div");
  d.append(el("dt", k), el("dd", v));
  $("facts").append(d);
}

// What is shown: services and kinds that are switched on, a text, a range of time.
const groups = {
  lines: e => e.kind === "line", events: e => e.kind === "event", steps: e => e.kind === "step" || e.kind === "ready", probes: e => e.kind === "probe",
};
const on = {service: new Set(services), kind: new Set(Object.keys(groups))};
let from = 0, to = total, needle = "", shown = [], selected = -1;
const groupOf = e => Object.keys(groups).find(k => groups[k](e));
for (const e of all) { e.g = groupOf(e); }

function chips(box, names, set, paint) {
  for (const name of names) {
    const b = el("button");
    b.setAttribute("aria-pressed", "true");
    if (paint) { const dot = el("i"); b.style.setProperty("--c", color[name]); b.append(dot); }
    b.append(name);
    b.title = "Click to hide or show, double-click to show nothing else";
    b.onclick = () => { set.has(name) ? set.delete(name) : set.add(name); sync(); };
    b.ondblclick = () => { set.clear(); set.add(name); sync(); };
    box.append(b);
    b.sync = () => b.setAttribute("aria-pressed", String(set.has(name)));
  }
  const sync = () => { for (const b of box.children) b.sync(); filter(); };
}

function filter() {
  const keep = shown[Math.floor(list.scrollTop / rowHeight)];
  shown = [];
  for (const e of all) {
    if (e.t < from || e.t > to || !on.service.has(e.s) || e.g && !on.kind.has(e.g)) continue;
    if (needle) {
      if (e.low === undefined) e.low = (e.s + " " + say(e).join(" ")).toLowerCase();
      if (!e.low.includes(needle)) continue;
    }
    shown.push(e);
  }
  $("count").textContent = shown.length === all.length ? all.length.toLocaleString() + " entries" :
    shown.length.toLocaleString() + " of " + all.length.toLocaleString() + " entries";
  $("reset").hidden = from === 0 && to === total;
  $("space").style.height = shown.length * rowHeight + "px";
  if (keep) list.scrollTop = near(keep.i) * rowHeight;
  rows();
}

// near returns the place of an entry among those shown, or that of the next one.
function near(i) {
  let lo = 0, hi = shown.length;
  while (lo < hi) { const m = (lo + hi) >> 1; if (shown[m].i < i) lo = m + 1; else hi = m; }
  return lo;
}

// The list has only the rows that can be seen.
const list = $("list"), rowHeight = 21;
let pending = false;
const soon = () => { if (!pending) { pending = true; requestAnimationFrame(() => { pending = false; rows(); }); } };
function marked(node, text) {
  if (!needle) { node.append(text); return; }
  const low = text.toLowerCase();
  let at = 0;
  for (let i; (i = low.indexOf(needle, at)) >= 0; at = i + needle.length) {
    node.append(text.slice(at, i), el("mark", text.slice(i, i + needle.length)));
  }
  node.append(text.slice(at));
}
function rows() {
  const first = Math.max(Math.floor(list.scrollTop / rowHeight) - 10, 0);
  const last = Math.min(first + Math.ceil(list.clientHeight / rowHeight) + 20, shown.length);
  const box = $("rows");
  box.style.top = first * rowHeight + "px";
  const out = [];
  for (let n = first; n < last; n++) {
    const e = shown[n], [word, text] = say(e);
    const r = el("div", undefined, "row " + e.kind + mood(e) + (e.stderr ? " err" : "") + (e.i === selected ? " at" : ""));
    const s = el("span", e.s, "s"), x = el("span", undefined, "x");
    s.style.setProperty("--c", color[e.s]);
    if (word) { const b = el("b"); marked(b, word); x.append(b, " "); }
    marked(x, text.length > 2000 ? text.slice(0, 2000) + "…" : text);
    r.append(el("span", offset(e.t), "t"), s, x);
    r.onclick = () => detail(e);
    out.push(r);
  }
  box.replaceChildren(...out);
  cursor(shown[Math.floor(list.scrollTop / rowHeight)]);
}
list.addEventListener("scroll", soon);
function detail(e) {
  selected = e.i;
  const about = [e.time, e.s, e.kind, e.action].filter(Boolean).join("  ");
  const rest = Object.entries(e.attributes || {}).map(([k, v]) => k + ": " + v).join("\n");
  $("text").textContent = [about, e.text, rest].filter(Boolean).join("\n\n");
  $("detail").hidden = false;
  rows();
}
$("close").onclick = () => { $("detail").hidden = true; selected = -1; rows(); };
function goTo(i) {
  selected = i;
  list.scrollTop = Math.max(near(i) * rowHeight - list.clientHeight / 3, 0);
  rows();
}

// The time line.
// There is room for a word at the right, where what ends is stopped.
const left = 118, right = 60, top = 26, laneHeight = 50, stepHeight = 19;
let width = 0, view = svgEl("svg", {}), line = null;
const x = t => left + (t - from) / (to - from || 1) * (width - left - right);
const time = px => from + Math.min(Math.max((px - left) / (width - left - right), 0), 1) * (to - from);

// steps pairs beginnings and ends, and gives each a row in which there is room for it.
const steps = (() => {
  const open = {}, out = [];
  for (const e of all) {
    if (e.kind !== "step") continue;
    const key = e.s + "\0" + e.text;
    if (e.action === "begin") { (open[key] ||= []).push(e); continue; }
    const b = open[key] && open[key].pop();
    if (b) out.push({e: b, end: e, a: b.t, b: e.t});
  }
  for (const list of Object.values(open)) for (const e of list) out.push({e, end: null, a: e.t, b: total});
  out.sort((p, q) => p.a - q.a);
  return out;
})();
function pack() {
  const ends = [];
  for (const s of steps) {
    const a = x(s.a), b = Math.max(x(s.b), a + 3);
    let r = ends.findIndex(e => e <= a + .5);
    if (r < 0) r = ends.length;
    ends[r] = b + 1;
    s.row = r;
  }
  return ends.length;
}

// lives are the containers, from their creation to their removal, with the times when they ran.
const lives = {};
for (const e of all) {
  if (e.kind !== "event" || !e.container) continue;
  const c = (lives[e.container] ||= {s: e.s, made: e, gone: null, runs: []});
  const run = c.runs[c.runs.length - 1];
  if (e.action === "start") c.runs.push({a: e, b: null});
  else if (e.action === "die" && run && !run.b) run.b = e;
  else if (e.action === "destroy") c.gone = e;
}

// nice returns a step of the axis, not smaller than this one, that people count in.
function nice(step) {
  const p = 10 ** Math.floor(Math.log10(step));
  for (const m of [1, 2, 5, 10]) if (p * m >= step && p * m <= 10000) return p * m;
  for (const s of [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200]) if (s * 1000 >= step) return s * 1000;
  return Math.ceil(step / 86400000) * 86400000;
}
function tick(t, step) {
  if (Math.abs(t) < 1e-9) return "0";
  if (step < 1000) return (step < 1 ? t.toFixed(1) : Math.round(t)) + " ms";
  const s = Math.round(t / 1000), parts = [[Math.floor(s / 3600), " h"], [Math.floor(s / 60) % 60, " min"], [s % 60, " s"]];
  return parts.filter(([n]) => n).map(([n, unit]) => n + unit).join(" ");
}

function draw() {
  width = $("lanes").clientWidth;
  const stepRows = pack(), lanes = services.filter(s => s !== own);
  const stepBand = stepRows ? stepRows * stepHeight + 12 : 0;
  const height = top + stepBand + lanes.length * laneHeight + 6;
  const svg = svgEl("svg", {viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Time line of " + lanes.join(", ")});
  const clip = svgEl("clipPath", {id: "inside"});
  clip.append(svgEl("rect", {x: left - 6, y: 0, width: width - left - right + 12, height}));
  svg.append(clip);
  const step = nice((to - from) / Math.max((width - left - right) / 95, 1));
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
    svg.append(svgEl("line", {x1: x(t), x2: x(t), y1: top - 6, y2: height, class: "grid"}));
    svg.append(svgEl("text", {x: x(t), y: 15, "text-anchor": "middle"}, tick(t, step)));
  }
  const inside = svgEl("g", {"clip-path": "url(#inside)"});
  svg.append(inside);
  const hit = (n, e, more) => { n.classList.add("hit"); n.entry = e; n.more = more; inside.append(n); return n; };
  if (stepRows) svg.append(svgEl("text", {x: 16, y: top + 13, class: "lane"}, own));
  for (const s of steps) {
    const a = Math.max(x(s.a), left - 6), b = Math.min(Math.max(x(s.b), x(s.a) + 3), width), y = top + s.row * stepHeight;
    if (b < left || a > width - right) continue;
    const bad = s.end && s.end.action === "failed";
    hit(svgEl("rect", {x: a, y, width: Math.max(b - a, 3), height: stepHeight - 3, rx: 4, fill: bad ? "var(--bad)" : color[s.e.s], opacity: bad ? .75 : .26}), s.end || s.e, span(s.b - s.a));
    const room = Math.floor((b - a - 10) / 6);
    if (room > 3) inside.append(svgEl("text", {x: a + 6, y: y + 11.5, class: "in"}, s.e.text.length > room ? s.e.text.slice(0, room - 1) + "…" : s.e.text));
  }
  lanes.forEach((s, n) => lane(svg, inside, hit, s, top + stepBand + n * laneHeight));
  line = svgEl("line", {class: "cursor", y1: top - 6, y2: height, x1: -9, x2: -9});
  svg.append(line);
  view.replaceWith(svg);
  view = svg;
  if (!svg.isConnected) $("lanes").append(svg);
  cursor(shown[Math.floor(list.scrollTop / rowHeight)]);
}

function lane(svg, inside, hit, s, y) {
  svg.append(svgEl("line", {x1: 0, x2: width, y1: y - 4, y2: y - 4, class: "grid"}));
  const name = svgEl("text", {x: 16, y: y + 16, class: "lane"}, s.length > 15 ? s.slice(0, 14) + "…" : s);
  name.style.fill = color[s];
  svg.append(name);
  const mid = y + 11;
  for (const c of Object.values(lives)) {
    if (c.s !== s) continue;
    const a = x(c.made.t), b = c.gone ? x(c.gone.t) : x(total);
    inside.append(svgEl("line", {x1: a, x2: b, y1: mid, y2: mid, stroke: color[s], "stroke-width": 2, opacity: .45}));
    hit(svgEl("circle", {cx: a, cy: mid, r: 3, fill: "var(--panel)", stroke: color[s], "stroke-width": 1.6}), c.made);
    for (const r of c.runs) {
      const p = x(r.a.t), q = r.b ? x(r.b.t) : x(total);
      hit(svgEl("rect", {x: p, y: mid - 7, width: Math.max(q - p, 2), height: 14, rx: 4, fill: color[s], opacity: .88}), r.a, "ran for " + span((r.b ? r.b.t : total) - r.a.t));
      if (r.b && attr(r.b, "exitCode") !== "0") {
        hit(svgEl("rect", {x: q - 3, y: mid - 9, width: 4, height: 18, rx: 1.5, fill: "var(--bad)"}), r.b);
      }
    }
    if (c.gone) hit(svgEl("path", {d: `M${b - 3} ${mid - 3}l6 6m0 -6l-6 6`, stroke: color[s], "stroke-width": 1.5}), c.gone);
  }
  // A word stands next to its mark where it covers nothing; else the mark, which says it when it is pointed at, has to do.
  const labels = [], taken = [];
  const label = (at, text) => labels.push({at, text});
  const place = ({at, text}) => {
    const long = text.length * 6.4;
    for (const a of [at + 7, at - 7 - long]) {
      if (a < left - 6 || a + long > width || taken.some(([p, q]) => p < a + long && q > a)) continue;
      taken.push([a - 3, a + long + 3]);
      svg.append(svgEl("text", {x: a, y: y + 30, class: "in"}, text));
      return;
    }
  };
  const px = new Map();
  let answered = false;
  for (const e of all) {
    if (e.s !== s || e.t < from || e.t > to) continue;
    const at = x(e.t);
    if (e.kind === "line") { const k = Math.round(at / 2) * 2; px.set(k, (px.get(k) || 0) + 1); continue; }
    if (e.kind === "probe") taken.push([at - 4, at + 4]);
    if (e.kind === "probe" && e.action === "waiting") hit(svgEl("circle", {cx: at, cy: y + 26, r: 2.4, fill: "var(--wait)"}), e);
    if (e.kind === "probe" && e.action === "answered") {
      hit(svgEl("circle", {cx: at, cy: y + 26, r: 4, fill: "var(--good)"}), e, answered ? "" : "first answer");
      answered = true;
    }
    if (e.kind === "ready") hit(svgEl("path", {d: `M${at} ${mid - 10}l5 10l-5 10l-5 -10z`, fill: "var(--good)", stroke: "var(--panel)", "stroke-width": 1.5}), e);
    if (e.kind === "event" && (e.action === "kill" || e.action === "oom")) {
      hit(svgEl("path", {d: `M${at - 5} ${mid - 13}h10l-5 9z`, fill: e.action === "oom" || attr(e, "signal") === "9" ? "var(--bad)" : "var(--warn)", stroke: "var(--panel)"}), e);
      label(at, e.action === "oom" ? "out of memory" : signals[attr(e, "signal")] || "");
    }
    if (e.kind === "event" && e.action === "commit") {
      hit(svgEl("rect", {x: at - 4.5, y: mid - 4.5, width: 9, height: 9, rx: 2, fill: "var(--accent)", stroke: "var(--panel)", "stroke-width": 1.5}), e);
      label(at, "commit");
    }
  }
  labels.forEach(place);
  const most = Math.log1p(Math.max(1, ...px.values()));
  let d = "";
  for (const [k, n] of px) { const h = Math.max(Math.log1p(n) / most * 11, 2); d += `M${k} ${y + 43}v${-h}`; }
  if (d) inside.append(svgEl("path", {d, stroke: color[s], "stroke-width": 1.6, opacity: .5}));
}

function cursor(e) {
  if (!line) return;
  const at = e ? x(e.t) : -9;
  line.setAttribute("x1", at);
  line.setAttribute("x2", at);
}

// The mouse on the time line: what it points at, and a range that is drawn with it.
const tip = $("tip");
let drag = null;
const local = ev => ev.clientX - view.getBoundingClientRect().left;
$("lanes").addEventListener("pointerdown", ev => {
  if (ev.button !== 0 || local(ev) < left - 6) return;
  drag = {a: local(ev), brush: svgEl("rect", {class: "brush", y: 0, height: view.getAttribute("height")})};
  view.append(drag.brush);
  $("lanes").setPointerCapture(ev.pointerId);
});
$("lanes").addEventListener("pointermove", ev => {
  if (drag) {
    drag.b = local(ev);
    drag.brush.setAttribute("x", Math.min(drag.a, drag.b));
    drag.brush.setAttribute("width", Math.abs(drag.b - drag.a));
    return;
  }
  const e = ev.target.entry;
  tip.hidden = !e;
  if (!e) return;
  const [word, text] = say(e);
  tip.textContent = `${offset(e.t)} s  ${e.s}\n${word ? word + " " : ""}${text.trim()}${ev.target.more ? "\n" + ev.target.more : ""}`;
  tip.style.left = Math.min(ev.clientX + 14, innerWidth - tip.offsetWidth - 10) + "px";
  tip.style.top = Math.min(ev.clientY + 16, innerHeight - tip.offsetHeight - 10) + "px";
});
$("lanes").addEventListener("pointerup", ev => {
  if (!drag) return;
  const {a, b} = drag;
  drag.brush.remove();
  drag = null;
  if (b !== undefined && Math.abs(b - a) > 5) { range(time(Math.min(a, b)), time(Math.max(a, b))); return; }
  const under = document.elementFromPoint(ev.clientX, ev.clientY);
  if (under && under.entry) { goTo(under.entry.i); detail(under.entry); return; }
  const at = all.find(e => e.t >= time(a));
  if (at) goTo(at.i);
});
$("lanes").addEventListener("pointerleave", () => { tip.hidden = true; });
$("lanes").addEventListener("dblclick", () => range(0, total));
function range(a, b) { from = a; to = Math.max(b, a + .01); filter(); draw(); }
$("reset").onclick = () => range(0, total);

chips($("services"), services, on.service, true);
chips($("kinds"), Object.keys(groups), on.kind, false);
$("search").addEventListener("input", () => { needle = $("search").value.toLowerCase(); filter(); });
addEventListener("keydown", ev => {
  if (ev.key === "/" && document.activeElement !== $("search")) { ev.preventDefault(); $("search").focus(); }
  if (ev.key === "Escape") { $("search").value = needle = ""; $("detail").hidden = true; range(0, total); }
});
addEventListener("resize", () => { draw(); soon(); });
if (location.hash.startsWith("#q=")) { // a link to what is to be seen
  $("search").value = decodeURIComponent(location.hash.slice(3));
  needle = $("search").value.toLowerCase();
}
$("lanes").append(view);
filter();
draw();
})();
