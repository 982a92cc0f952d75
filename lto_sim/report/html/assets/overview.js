/* A number of every run over the axes: a curve, points, or a map in colour; a click chooses the run. */
function runWord(run) { return data.status[run] === "done" ? "" : data.status[run]; }

function overviewCurve(host, number, axis, runs, chosen, pick) {
  var words = number.words.length ? number.words : null;
  var ordered = runs.slice().sort(function (a, b) { return axis.values[a] - axis.values[b]; });
  var what = {
    x: { label: axis.label, log: axis.log, words: axis.words ? axis.stops : null },
    y: { label: number.label + (number.unit ? " [" + number.unit + "]" : ""), log: number.log, words: words },
    xs: axis.positions.concat(axis.values), ys: [], alt: ""
  };
  ordered.forEach(function (run) {
    var value = number.values[run], half = number.deviation ? number.deviation[run] || 0 : 0;
    if (value === null) return;
    what.ys.push(value + half, number.log && value <= half ? value : value - half);
  });
  what.alt = number.name + " against " + axis.path + "; this run: " + number.texts[chosen];
  if (!axis.words && axis.positions.length <= 6) {
    what.x.ticks = axis.positions.map(function (at) { return { at: at, text: numberText(at, 0) }; });
  }
  var plot = axesOf(host, what, 300), svg = plot.svg, path = "";
  ordered.forEach(function (run) {
    var value = number.values[run], x = axis.values[run];
    if (value === null || x === null || (plot.y.log && value <= 0)) { path += " "; return; }
    path += (path === "" || path.slice(-1) === " " ? "M" : "L") + plot.x.at(x).toFixed(1) + " " + plot.y.at(value).toFixed(1);
  });
  if (data.grid && !words && !axis.words) shape(svg, "path", { "class": "series", d: path });
  ordered.forEach(function (run) {
    var value = number.values[run], x = axis.values[run];
    if (x === null) return;
    var px = plot.x.at(x), known = value !== null && !(plot.y.log && value <= 0);
    var py = known ? plot.y.at(value) : plot.bottom - 8;
    if (known) {
      var half = number.deviation ? number.deviation[run] : null;
      if (half && !words && !(plot.y.log && value <= half)) {
        shape(svg, "line", { "class": "error", x1: px, x2: px, y1: plot.y.at(value - half), y2: plot.y.at(value + half) });
      }
      shape(svg, "circle", { "class": run === chosen ? "chosen" : "dot", cx: px, cy: py, r: run === chosen ? 7 : 4.5 });
    } else {
      if (run === chosen) shape(svg, "circle", { "class": "chosen", cx: px, cy: py, r: 8 });
      cross(svg, px, py, 4);
    }
    title(shape(svg, "circle", { "class": "pick", cx: px, cy: py, r: 14, fill: "transparent" }), number, run, pick);
  });
  put(host, svg);
}

function cross(svg, x, y, half) {
  shape(svg, "path", { "class": "failed", d: "M" + (x - half) + " " + (y - half) + "l" + 2 * half + " " + 2 * half + "m0 " + -2 * half + "l" + -2 * half + " " + 2 * half });
}

function title(target, number, run, pick) {
  shape(target, "title", {}, number.name + " " + (runWord(run) || number.texts[run]));
  target.addEventListener("click", function () { pick(run); });
}

function cellColour(number, range, value) {
  var part = number.log ? Math.log(value / range[0]) / Math.log(range[1] / range[0]) : (value - range[0]) / (range[1] - range[0]);
  var code = Math.round(254 * (range[1] > range[0] ? Math.max(0, Math.min(1, part)) : 0.5));
  return data.colours.slice(6 * code, 6 * code + 6);
}

function inkOn(colour) {
  var light = 0;
  [0, 2, 4].forEach(function (at, part) {
    var value = parseInt(colour.slice(at, at + 2), 16) / 255;
    light += [0.2126, 0.7152, 0.0722][part] * (value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
  });
  return light > 0.179 ? "#000" : "#fff";
}

function shortText(number, run) {
  if (runWord(run)) return runWord(run);
  var value = number.values[run];
  if (value === null) return "none";
  return number.words.length ? number.words[value] : numberText(Number(value.toPrecision(3)), 0);
}

function overviewMap(host, number, first, second, runs, chosen, pick) {
  var width = Math.max(260, host.clientWidth || 500);
  var left = Math.min(0.42 * width, 18 + 6.8 * Math.max.apply(null, second.stops.map(function (s) { return s.length; })));
  var columns = first.stops.length, rows = second.stops.length;
  var cell = Math.min(150, (width - left - 6) / columns), tall = Math.max(20, Math.min(46, cell));
  var top = 22, bottom = top + rows * tall, height = bottom + 46;
  var svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 " + width + " " + height);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", number.name + " over " + first.path + " and " + second.path + "; this run: " + number.texts[chosen]);
  var range = extent(runs.map(function (run) { return number.values[run]; }), number.log) || [0, 1];
  var place = function (run, axis) { return data.places[run][data.axes.indexOf(axis)]; };
  runs.forEach(function (run) {
    var x = left + place(run, first) * cell, y = bottom - (place(run, second) + 1) * tall, value = number.values[run];
    var known = value !== null && !(number.log && value <= 0), colour = known ? cellColour(number, range, value) : "";
    var box = shape(svg, "rect", { "class": known ? "cell pick" : "cell none pick", x: x, y: y, width: cell, height: tall });
    if (known) box.style.fill = "#" + colour;
    title(box, number, run, pick);
    if (data.status[run] === "failed") cross(svg, x + cell / 2, y + tall / 2, 6);
    else {
      var text = shortText(number, run);
      if (6.6 * text.length < cell - 4) {
        var label = shape(svg, "text", { x: x + cell / 2, y: y + tall / 2, dy: "0.34em", "text-anchor": "middle", "pointer-events": "none" }, text);
        if (known) label.style.fill = inkOn(colour);
      }
    }
  });
  var x = left + place(chosen, first) * cell, y = bottom - (place(chosen, second) + 1) * tall;
  shape(svg, "rect", { "class": "cell-chosen", x: x + 1.5, y: y + 1.5, width: cell - 3, height: tall - 3 });
  shape(svg, "rect", { "class": "cell-inner", x: x + 3.5, y: y + 3.5, width: cell - 7, height: tall - 7 });
  second.stops.forEach(function (stop, at) {
    shape(svg, "text", { x: left - 7, y: bottom - (at + 0.5) * tall, dy: "0.34em", "text-anchor": "end" }, stop);
  });
  var last = -Infinity;
  first.stops.forEach(function (stop, at) {
    var middle = left + (at + 0.5) * cell, half = 3.3 * stop.length;
    if (middle - half < last + 6) return;
    last = middle + half;
    shape(svg, "text", { x: middle, y: bottom + 17, "text-anchor": "middle" }, stop);
  });
  shape(svg, "text", { x: 0, y: 11 }, second.path);
  shape(svg, "text", { x: left + columns * cell / 2, y: height - 6, "text-anchor": "middle" }, first.path);
  put(host, svg);
}
