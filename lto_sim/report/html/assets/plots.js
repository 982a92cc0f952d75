/* Small plots as SVG: axes with ticks, lines, points, a cursor. */
var SVG = "http://www.w3.org/2000/svg";

function shape(parent, name, attributes, text) {
  var made = document.createElementNS(SVG, name);
  Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function numberText(value, step) {
  if (value === 0) return "0";
  var size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    var parts = value.toExponential(2).split("e");
    var raised = String(Number(parts[1])).replace(/./g, function (sign) {
      return sign === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[Number(sign)];
    });
    var front = String(Number(parts[0]));
    return minus((front === "1" ? "" : front + "\u00d7") + "10" + raised);
  }
  return minus(step ? value.toFixed(decimals(step * 1.0001)) : String(Number(value.toPrecision(3))));
}

function linearTicks(low, high, count) {
  var raw = (high - low) / count, power = Math.pow(10, Math.floor(Math.log10(raw)));
  var step = power * [1, 2, 5, 10].filter(function (one) { return one * power >= raw * 0.9999; })[0];
  var ticks = [];
  for (var at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step; at++) ticks.push(at * step);
  return ticks.map(function (value) { return { at: value, text: numberText(value, step) }; });
}

function logTicks(low, high, count) {
  var decades = Math.log10(high / low), ticks = [], factors = decades > 2 ? [1] : decades > 0.9 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  var every = Math.max(1, Math.ceil(decades / count));
  for (var power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (factors.length === 1 && power % every) continue;
    factors.forEach(function (factor) {
      var value = factor * Math.pow(10, power);
      if (value >= low * 0.9999 && value <= high * 1.0001) ticks.push({ at: value, text: numberText(value, 0) });
    });
  }
  return ticks.length >= 2 ? ticks.slice(0, 12) : linearTicks(low, high, count);
}

function extent(values, log) {
  var known = values.filter(function (v) { return v !== null && isFinite(v) && (!log || v > 0); });
  if (!known.length) return null;
  return [Math.min.apply(null, known), Math.max.apply(null, known)];
}

function scaleOf(axis, values, from, to) {
  /* axis: {low, high, log, words, zero}; from, to in pixels. */
  var log = !!axis.log, range = extent(values, log) || (log ? [1, 10] : [0, 1]);
  var low = axis.low !== undefined ? axis.low : range[0], high = axis.high !== undefined ? axis.high : range[1];
  if (axis.words) { low = -0.5; high = axis.words.length - 0.5; log = false; }
  else if (log) { if (high <= low) { low /= 2; high *= 2; } else { var f = Math.pow(high / low, 0.04); if (axis.low === undefined) low /= f; if (axis.high === undefined) high *= f; } }
  else {
    if (axis.zero && low > 0) low = 0;
    if (axis.zero && high < 0) high = 0;
    if (high <= low) { var half = Math.abs(high) * 0.1 || 0.5; low -= half; high += half; }
    else {
      var room = 0.05 * (high - low);
      if (axis.low === undefined && !(axis.zero && low === 0)) low -= room;
      if (axis.high === undefined && !(axis.zero && high === 0)) high += room;
    }
  }
  function along(value) { return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low); }
  var ticks = axis.words ? axis.words.map(function (text, at) { return { at: at, text: text }; }) :
    axis.ticks || (log ? logTicks : linearTicks)(low, high, Math.max(2, Math.round(Math.abs(to - from) / (to < from ? 42 : 75))));
  return {
    at: function (value) { return from + along(value) * (to - from); },
    back: function (pixel) { var part = (pixel - from) / (to - from); return log ? low * Math.pow(high / low, part) : low + part * (high - low); },
    ticks: ticks, log: log
  };
}

function axesOf(host, what, height) {
  /* An SVG with its axes: {svg, x, y, left, right, top, bottom}. */
  var width = Math.max(220, host.clientWidth || 400);
  var svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 " + width + " " + height);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", what.alt);
  var left = 58, right = width - 14, top = 22, bottom = height - 42;
  if (what.y.words) left = Math.min(0.4 * width, 16 + 6.6 * Math.max.apply(null, what.y.words.map(function (w) { return w.length; })));
  var x = scaleOf(what.x, what.xs, left, right), y = scaleOf(what.y, what.ys, bottom, top);
  y.ticks.forEach(function (tick) {
    var at = y.at(tick.at).toFixed(1);
    shape(svg, "line", { "class": "gridline", x1: left, x2: right, y1: at, y2: at });
    shape(svg, "text", { x: left - 7, y: at, "text-anchor": "end", dy: "0.32em" }, tick.text);
  });
  var last = -Infinity;
  x.ticks.forEach(function (tick) {
    var at = x.at(tick.at), half = 3.4 * tick.text.length;
    shape(svg, "line", { "class": "axis", x1: at.toFixed(1), x2: at.toFixed(1), y1: bottom, y2: bottom + 4 });
    if (at - half < last + 6) return;
    last = at + half;
    shape(svg, "text", { x: at.toFixed(1), y: bottom + 18, "text-anchor": "middle" }, tick.text);
  });
  shape(svg, "path", { "class": "axis", d: "M" + left + " " + top + "V" + bottom + "H" + right });
  shape(svg, "text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" }, what.x.label);
  shape(svg, "text", { x: 0, y: 11 }, what.y.label);
  return { svg: svg, x: x, y: y, left: left, right: right, top: top, bottom: bottom, width: width };
}

function put(host, svg) {
  host.textContent = "";
  host.appendChild(svg);
}

function linePlot(host, what) {
  /* what: x, y (axes), series [{x, y, dots}], cursor, marks, alt, seek(x). */
  what.xs = [].concat.apply([], what.series.map(function (one) { return one.x; }));
  what.ys = [].concat.apply([], what.series.map(function (one) { return one.y; }));
  var plot = axesOf(host, what, 250), svg = plot.svg;
  function inside(px, py) { return px >= plot.left - 1 && px <= plot.right + 1 && py >= plot.top - 8 && py <= plot.bottom + 8; }
  what.series.forEach(function (one) {
    var path = "", pen = false;
    one.x.forEach(function (value, number) {
      var other = one.y[number], known = value !== null && other !== null && isFinite(value) && isFinite(other) && !(plot.x.log && value <= 0) && !(plot.y.log && other <= 0);
      if (!known) { pen = false; return; }
      var px = plot.x.at(value), py = plot.y.at(other);
      if (one.dots) { if (inside(px, py)) shape(svg, "circle", { "class": "dot", cx: px.toFixed(1), cy: py.toFixed(1), r: 2.4 }); return; }
      py = Math.max(plot.top - 4, Math.min(plot.bottom + 4, py));
      path += (pen ? "L" : "M") + px.toFixed(1) + " " + py.toFixed(1);
      pen = true;
    });
    if (path) shape(svg, "path", { "class": "series", d: path });
  });
  (what.marks || []).forEach(function (mark) {
    var at = plot.x.at(mark).toFixed(1);
    shape(svg, "line", { "class": "mark", x1: at, x2: at, y1: plot.top, y2: plot.bottom });
  });
  if (what.cursor !== null && what.cursor !== undefined && isFinite(what.cursor)) {
    var at = Math.max(plot.left, Math.min(plot.right, plot.x.at(what.cursor))).toFixed(1);
    shape(svg, "line", { "class": "cursor", x1: at, x2: at, y1: plot.top, y2: plot.bottom });
  }
  if (what.seek) {
    var area = shape(svg, "rect", { "class": "seek", x: plot.left, y: plot.top, width: plot.right - plot.left, height: plot.bottom - plot.top, fill: "transparent" });
    var go = function (event) {
      var box = svg.getBoundingClientRect();
      what.seek(plot.x.back((event.clientX - box.left) * plot.width / box.width));
    };
    area.addEventListener("pointerdown", go);
    area.addEventListener("pointermove", function (event) { if (event.buttons === 1) go(event); });
  }
  put(host, svg);
}
