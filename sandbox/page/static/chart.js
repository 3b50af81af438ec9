// data_visualization: a chart, and the same numbers as a table for whoever cannot see it or wants them exactly.

import { el, svg } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 220;
const LEFT = 40;
const BOTTOM = 26;
const TOP = 10;

/** A data_visualization block. */
export function chart(block) {
  const { type } = block.chart;
  const drawing = type === "pie" ? pie(block.chart) : axes(block.chart);
  const names =
    type === "pie" ? block.chart.segments.map((one) => one.label) : block.chart.series.map((one) => one.name);
  return el(
    "figure",
    {},
    el("figcaption", {}, block.title),
    svg(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": `${block.title}: a chart. Its numbers are in the table below it.`,
      },
      drawing,
    ),
    names.length > 1
      ? el(
          "ul",
          { class: "legend" },
          names.map((name, at) => el("li", { class: `series s${at}` }, name)),
        )
      : null,
    el("details", {}, el("summary", {}, "The numbers"), type === "pie" ? pieTable(block) : table(block)),
  );
}

function table({ title, chart: { series, axis_config: axis } }) {
  const value = (one, label) => one.data.find((point) => point.label === label)?.value ?? "";
  return el(
    "table",
    {},
    el("caption", { class: "unseen" }, title),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, axis.x_label ?? ""),
        series.map((one) => el("th", { scope: "col" }, one.name)),
      ),
    ),
    el(
      "tbody",
      {},
      axis.categories.map((label) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, label),
          series.map((one) => el("td", { class: "number" }, Number(value(one, label)).toLocaleString("en-US"))),
        ),
      ),
    ),
  );
}

function pieTable({ title, chart: { segments } }) {
  const row = (one) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, one.label),
      el("td", { class: "number" }, one.value.toLocaleString("en-US")),
    );
  return el("table", {}, el("caption", { class: "unseen" }, title), el("tbody", {}, segments.map(row)));
}

/** Bars, lines or areas over their categories. */
function axes({ type, series, axis_config: axis }) {
  const values = series.flatMap((one) => one.data.map((point) => point.value));
  const step = niceStep(Math.max(0, ...values) - Math.min(0, ...values));
  const highest = Math.max(step, Math.ceil(Math.max(0, ...values) / step) * step);
  const lowest = Math.floor(Math.min(0, ...values) / step) * step;
  const width = (WIDTH - LEFT) / axis.categories.length;
  const y = (value) => TOP + ((highest - value) / (highest - lowest)) * (HEIGHT - TOP - BOTTOM);
  const middle = (at) => LEFT + width * (at + 0.5);
  const drawn = series.map((one, at) => {
    const points = axis.categories.map((label) => one.data.find((point) => point.label === label)?.value ?? 0);
    if (type === "bar")
      return bars(points, { at, of: series.length, width, y, names: axis.categories, name: one.name });
    return line(points, { at, y, middle, filled: type === "area" });
  });
  return [grid(lowest, highest, step, y), labels(axis.categories, middle, width), drawn];
}

function niceStep(span) {
  const rough = Math.max(span, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough);
  return Math.max(factor * power, 1);
}

function grid(lowest, highest, step, y) {
  const lines = [];
  for (let value = lowest; value <= highest; value += step) {
    lines.push(
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, value.toLocaleString("en-US")),
    );
  }
  return lines;
}

/** As many labels as have room. */
function labels(categories, middle, width) {
  const every = Math.ceil(46 / width);
  const last = categories.length - 1;
  return categories.map((label, at) =>
    (last - at) % every
      ? null
      : svg("text", { class: "tick", x: middle(at), y: HEIGHT - 8, "text-anchor": "middle" }, label),
  );
}

function bars(points, { at, of, width, y, names, name }) {
  const room = width * 0.7;
  const one = room / of;
  return points.map((value, index) => {
    const x = LEFT + width * index + (width - room) / 2 + one * at;
    const height = Math.max(Math.abs(y(value) - y(0)), value ? 2 : 0);
    return svg(
      "rect",
      {
        class: `mark s${at}`,
        x: x.toFixed(1),
        y: Math.min(y(value), y(0) - (value > 0 ? height : 0)).toFixed(1),
        width: Math.max(one - 2, 2).toFixed(1),
        height: height.toFixed(1),
        rx: 2,
      },
      svg("title", {}, `${names[index]}: ${value.toLocaleString("en-US")} (${name})`),
    );
  });
}

function line(points, { at, y, middle, filled }) {
  const path = points
    .map((value, index) => `${index ? "L" : "M"}${middle(index).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
  const floor = `L${middle(points.length - 1).toFixed(1)} ${y(0).toFixed(1)}L${middle(0).toFixed(1)} ${y(0).toFixed(1)}Z`;
  return [
    filled ? svg("path", { class: `area s${at}`, d: path + floor }) : null,
    svg("path", { class: `line s${at}`, d: path }),
  ];
}

function pie({ segments }) {
  const whole = segments.reduce((sum, one) => sum + one.value, 0);
  const [x, y, radius] = [WIDTH / 2, HEIGHT / 2, HEIGHT / 2 - TOP];
  if (segments.length === 1) return svg("circle", { class: "mark s0", cx: x, cy: y, r: radius });
  let turned = -Math.PI / 2;
  const point = (angle) => `${(x + radius * Math.cos(angle)).toFixed(1)} ${(y + radius * Math.sin(angle)).toFixed(1)}`;
  return segments.map((one, at) => {
    const from = turned;
    turned += (one.value / whole) * 2 * Math.PI;
    const large = one.value / whole > 0.5 ? 1 : 0;
    const d = `M${x} ${y}L${point(from)}A${radius} ${radius} 0 ${large} 1 ${point(turned)}Z`;
    return svg(
      "path",
      { class: `mark s${at}`, d },
      svg("title", {}, `${one.label}: ${one.value.toLocaleString("en-US")}`),
    );
  });
}
