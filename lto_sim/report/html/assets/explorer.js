/* The explorer: parameters choose a run; map, profile, current and front follow it and the time. */
(function explore() {
  var maps = data.maps, viewer = document.querySelector("[data-viewer]"), cache = new Map(), mostCached = 40;
  var chosen = { run: 0, places: data.axes.map(function () { return 0; }), seconds: 0, along: 0, across: null, own: true };
  var codes = null, waiting = 0, table = maps ? colourTable(maps.colours) : null, still = null, quiet = false;
  function find(selector) { return document.querySelector(selector); }
  var canvas = find("canvas"), under = null;

  all("[data-fold]").forEach(function (one) { one.open = false; });

  /* ---- which run ---- */
  var index = {};
  data.places.forEach(function (places, run) { index[places.join()] = run; });

  function mapOf() { return maps ? maps.runs[chosen.run] : null; }
  function curveTimes() { return data.curves ? data.curves.time[chosen.run] : null; }
  function frontOf() { return data.front ? data.front.runs[chosen.run] : null; }
  function times() {
    var own = mapOf();
    if (own) return own.time;
    var front = frontOf();
    if (front && front.length) return front[0].time.filter(function (t) { return t !== null; });
    return (curveTimes() || []).filter(function (t) { return t !== null; });
  }
  function unit() {
    if (maps) return maps.unit;
    var last = times().slice(-1)[0] || 0;
    return last < 600 ? [1, "s", 1] : last < 14400 ? [1 / 60, "min", 2] : [1 / 3600, "h", 2];
  }

  function choose(run) {
    chosen.run = run;
    chosen.places = data.places[run].slice();
    all("[data-axis]").forEach(function (control) {
      var number = Number(control.getAttribute("data-axis")), stop = data.axes[number].stops[chosen.places[number]];
      control.value = String(chosen.places[number]);
      control.setAttribute("aria-valuetext", stop);
      var text = find('[data-axis-text="' + number + '"]');
      if (text) text.textContent = stop;
    });
    var slider = find("[data-run]");
    if (slider) {
      slider.value = String(run);
      slider.setAttribute("aria-valuetext", "run " + run);
      find("[data-run-text]").textContent = run + " of 0 to " + (data.status.length - 1);
      data.axes.forEach(function (axis, number) {
        var place = chosen.places[number];
        find('[data-run-value="' + number + '"]').textContent = place < 0 ? "not known" : axis.stops[place];
      });
    }
    tellState();
    tellNumbers();
    drawOverview();
    load();
  }

  function tellState() {
    var state = find("[data-run-state]"), word = data.status[chosen.run];
    state.className = "run-state " + word;
    state.textContent = word === "failed" ? "Run " + chosen.run + " failed: " + (data.errors[chosen.run] || "no reason is stored") :
      word === "pending" ? "Run " + chosen.run + " is not done yet; lto-sim resume runs it." : "Run " + chosen.run + ".";
  }

  function tellNumbers() {
    var list = find("[data-found]");
    if (!list) return;
    list.textContent = "";
    data.numbers.forEach(function (number) {
      var group = element("div", {}), value = element("dd", {}, data.status[chosen.run] === "done" ? number.texts[chosen.run] : "no value");
      var name = element("dt", { title: number.label }, number.name);
      group.appendChild(name);
      group.appendChild(value);
      if (number.notes[chosen.run]) group.appendChild(element("dd", { "class": "interval" }, number.notes[chosen.run]));
      list.appendChild(group);
    });
  }

  /* ---- its map ---- */
  function load() {
    codes = null;
    waiting += 1;
    var ticket = waiting, run = chosen.run, map = mapOf();
    shapeMap(map);
    if (!map) { follow(); return; }
    if (cache.has(run)) { codes = cache.get(run); follow(); return; }
    unpack(map, map.pixels, map.time.length).then(function (unpacked) {
      cache.set(run, unpacked);
      if (cache.size > mostCached) cache.delete(cache.keys().next().value);
      if (ticket !== waiting) return;
      codes = unpacked;
      follow();
    }, function () {
      var nothing = find("[data-no-map]");
      nothing.textContent = "This browser cannot unpack maps; a newer one shows them.";
      nothing.hidden = false;
      find("[data-stage]").hidden = true;
      follow();
    });
  }

  function shapeMap(map) {
    if (!maps) return;
    find("[data-no-map]").hidden = !!map;
    find("[data-stage]").hidden = find("[data-under]").hidden = !map;
    find("[data-no-map]").textContent = data.status[chosen.run] === "done" ? "No map of this run." : find("[data-run-state]").textContent;
    if (!map) return;
    var aspect = map.pixels[0] * map.pixel[0] / (map.pixels[1] * map.pixel[1]);
    [find("[data-stage]"), find("[data-under]")].forEach(function (one) { one.style.setProperty("--aspect", aspect); });
    find("[data-ruler-line]").style.width = map.bar[0] + "%";
    find("[data-ruler-text]").textContent = map.bar[1];
    placeProfile(map);
  }

  /* ---- time ---- */
  function nearest(list, seconds) {
    var best = 0;
    list.forEach(function (time, number) {
      if (time !== null && Math.abs(time - seconds) < Math.abs(list[best] - seconds)) best = number;
    });
    return best;
  }

  function follow() {
    if (!still) { drawPlots(); return; }
    var list = times();
    viewer.querySelector("[data-slider]").max = String(Math.max(0, list.length - 1));
    quiet = true;
    still.go(list.length ? nearest(list, chosen.seconds) : 0);
    quiet = false;
    viewer.setAttribute("data-shown", chosen.run);
  }

  function show(frame) {
    var list = times(), map = mapOf();
    if (!list.length) {
      find("[data-stamp]").textContent = "No time";
      drawPlots();
      return "no time";
    }
    frame = Math.min(frame, list.length - 1);
    if (!quiet) chosen.seconds = list[frame];
    var text = timeText(list[frame], unit()), where = "frame " + (frame + 1) + " of " + list.length;
    find("[data-stamp]").textContent = text;
    find("[data-stamp]").appendChild(element("small", {}, where));
    if (map && codes) {
      paint(canvas, codes, frame * map.pixels[0] * map.pixels[1], map.pixels, table);
      canvas.setAttribute("aria-label", "Map of lithium in the particle at " + text + "; arrow keys read it");
    }
    if (under && under.at()) read(under.at(), false);
    drawPlots();
    return text + ", " + where;
  }

  function now() {
    var list = times();
    return list.length ? list[Math.min(still ? still.frame() : 0, list.length - 1)] : null;
  }

  function seek(seconds) {
    if (!still) return;
    still.stop();
    still.go(nearest(times(), seconds));
  }

  function read(at, byKey) {
    var map = mapOf(), out = find("[data-readout]");
    if (!at || !map || !codes) { out.textContent = "Point at the map to read its values."; return; }
    out.setAttribute("aria-live", byKey ? "polite" : "off");
    var place = ["x", "y"].map(function (name, axis) {
      return name + " " + lengthText(map.origin[axis] + (at[axis] + 0.5) * map.pixel[axis], maps.length, map.pixel[axis]) + " " + maps.length[1];
    });
    var value = codes[still.frame() * map.pixels[0] * map.pixels[1] + at[1] * map.pixels[0] + at[0]];
    out.textContent = place.join(", ") + ", " + maps.label + " " + valueText(value, maps);
  }

  /* ---- profile ---- */
  function ownLine() {
    /* The scenario's profile, if it lies along x or y: axis along it, places in m. */
    var line = data.line;
    if (!line) return null;
    var flat = [0, 1].filter(function (axis) { return Math.abs(line.start[axis] - line.end[axis]) < 1e-12; });
    if (flat.length !== 1) return null;
    var along = 1 - flat[0];
    return { along: along, at: line.start[flat[0]], width: line.width, start: line.start[along], sign: Math.sign(line.end[along] - line.start[along]) };
  }
  var line = ownLine();
  if (line) chosen.along = line.along;

  function placeProfile(map) {
    var across = 1 - chosen.along, count = map.pixels[across], slider = find("[data-profile-slider]");
    if (chosen.own && line && line.along === chosen.along) chosen.across = Math.floor((line.at - map.origin[across]) / map.pixel[across]);
    if (chosen.across === null) chosen.across = Math.floor(count / 2);
    chosen.across = Math.max(0, Math.min(count - 1, chosen.across));
    slider.max = String(count - 1);
    slider.value = String(chosen.across);
  }

  function strip(map) {
    /* First and last pixel across that the profile averages. */
    var across = 1 - chosen.along, half = line ? line.width / 2 : 0, middle = (chosen.across + 0.5) * map.pixel[across];
    if (chosen.own && line && line.along === chosen.along) middle = line.at - map.origin[across];
    var from = Math.floor((middle - half) / map.pixel[across] + 0.5), to = Math.ceil((middle + half) / map.pixel[across] - 0.5) - 1;
    from = Math.max(0, Math.min(from, chosen.across));
    return [from, Math.min(map.pixels[across] - 1, Math.max(to, chosen.across))];
  }

  function drawProfile(seconds) {
    var host = find("[data-profile]"), map = mapOf();
    if (!host) return;
    if (!map || !codes) { host.textContent = map ? "" : "No map of this run."; return; }
    var along = chosen.along, across = 1 - along, size = map.pixels, start = still.frame() * size[0] * size[1];
    var rows = strip(map), x = [], y = [], factor = maps.length[0];
    for (var i = 0; i < size[along]; i++) {
      var sum = 0, count = 0;
      for (var j = rows[0]; j <= rows[1]; j++) {
        var code = codes[start + (along === 0 ? j * size[0] + i : i * size[0] + j)];
        if (code) { sum += (code - 1) / STEPS; count += 1; }
      }
      x.push((map.origin[along] + (i + 0.5) * map.pixel[along]) * factor);
      y.push(count ? maps.low + sum / count * (maps.high - maps.low) : null);
    }
    var marks = [], front = frontOf();
    if (front && line && chosen.own && line.along === along && front[0]) {
      var frame = nearest(front[0].time, seconds), position = front[0].position[frame];
      if (position !== null) marks.push((line.start + line.sign * position / data.front.factor) * factor);
    }
    var name = "xy"[along], other = "xy"[across], span = [map.origin[across] + rows[0] * map.pixel[across], map.origin[across] + (rows[1] + 1) * map.pixel[across]];
    var band = other + " " + lengthText(span[0], maps.length, map.pixel[across]) + " to " + lengthText(span[1], maps.length, map.pixel[across]) + " " + maps.length[1];
    find("[data-profile-at]").textContent = band;
    find("[data-profile-slider]").setAttribute("aria-valuetext", band);
    var shown = find("[data-band]").style, from = 100 * rows[0] / size[across] + "%", wide = 100 * (rows[1] + 1 - rows[0]) / size[across] + "%";
    shown.left = along === 0 ? "0" : from;
    shown.width = along === 0 ? "100%" : wide;
    shown.top = along === 0 ? from : "0";
    shown.height = along === 0 ? wide : "100%";
    shown.borderWidth = along === 0 ? "1px 0" : "0 1px";
    linePlot(host, {
      x: { label: name + " [" + maps.length[1] + "]", low: map.origin[along] * factor, high: (map.origin[along] + size[along] * map.pixel[along]) * factor },
      y: { label: maps.label + (marks.length ? ", and where the front is" : ""), low: -0.02, high: 1.02, ticks: [0, 0.25, 0.5, 0.75, 1].map(function (at) { return { at: at, text: String(at) }; }) },
      series: [{ x: x, y: y }], marks: marks, alt: "Li fraction along " + name + ", mean over " + band + ", at " + timeText(seconds, unit())
    });
  }

  /* ---- current and front ---- */
  function timeAxis() { return { label: "time [" + unit()[1] + "]", low: 0 }; }
  function scaled(list) { return list.map(function (time) { return time === null ? null : time * unit()[0]; }); }

  function drawCurrent(seconds) {
    var host = find("[data-current]");
    if (!host) return;
    var kind = data.curves.kinds[Number(find("[data-curve]").value)], values = kind.runs[chosen.run], time = curveTimes();
    if (!values || !time) { host.textContent = "No " + kind.name + " of this run."; return; }
    var place = nearest(time, seconds);
    linePlot(host, {
      x: timeAxis(), y: { label: kind.label, zero: kind.name !== "potential" }, series: [{ x: scaled(time), y: values }],
      cursor: seconds === null ? null : seconds * unit()[0], seek: function (at) { seek(at / unit()[0]); },
      alt: kind.label + " over time; at " + timeText(seconds, unit()) + ": " + (values[place] === null ? "no value" : numberText(Number(values[place].toPrecision(3)), 0))
    });
  }

  function drawFront(seconds) {
    var host = find("[data-front]"), front = frontOf();
    if (!host) return;
    if (!front) { host.textContent = "No front of this run."; return; }
    var root = find("[data-front-against]").value === "root", factor = unit()[0];
    function along(time) { return time === null ? null : root ? Math.sqrt(Math.max(0, time)) : time * factor; }
    var axis = root ? { label: "\u221a(time / s)", low: 0 } : timeAxis();
    linePlot(host, {
      x: axis, y: { label: data.front.label, zero: true },
      series: front.map(function (one) { return { x: one.time.map(along), y: one.position, dots: true }; }),
      cursor: along(seconds), seek: function (at) { seek(root ? at * at : at / factor); },
      alt: "Front position over " + (root ? "the root of time" : "time")
    });
  }

  function drawPlots() {
    var seconds = now();
    drawProfile(seconds);
    drawCurrent(seconds);
    drawFront(seconds);
  }

  /* ---- over the axes ---- */
  function drawOverview() {
    var host = find("[data-overview]");
    if (!host) return;
    var number = data.numbers[Number(find("[data-of]").value)], first = Number(find("[data-over]").value);
    var other = find("[data-and]"), second = other ? Number(other.value) : -1;
    if (second === first) second = -1;
    var fixed = [], runs = [];
    if (data.grid) data.axes.forEach(function (axis, at) { if (at !== first && at !== second) fixed.push(at); });
    data.places.forEach(function (places, run) {
      if (fixed.every(function (at) { return places[at] === chosen.places[at]; })) runs.push(run);
    });
    var words = number.name + ": " + number.label + (number.unit ? " [" + number.unit + "]" : "") + ".";
    if (fixed.length) words += " At " + fixed.map(function (at) { return data.axes[at].path + " = " + data.axes[at].stops[chosen.places[at]]; }).join(", ") + ".";
    find("[data-overview-text]").textContent = words + " Choose a run by a click.";
    if (second < 0) overviewCurve(host, number, data.axes[first], runs, chosen.run, choose);
    else overviewMap(host, number, data.axes[first], data.axes[second], runs, chosen.run, choose);
  }

  /* ---- what people do ---- */
  if (viewer) still = player(viewer, function () { return Math.max(1, times().length); }, show);
  if (maps) under = pointer([canvas], function () { return mapOf() ? mapOf().pixels : [1, 1]; }, read);
  all("[data-axis]").forEach(function (control) {
    control.addEventListener("input", function () {
      var places = chosen.places.slice();
      places[Number(control.getAttribute("data-axis"))] = Number(control.value);
      choose(index[places.join()]);
    });
  });
  all("[data-run]").forEach(function (control) {
    control.addEventListener("input", function () { choose(Number(control.value)); });
  });
  all("[data-of],[data-over],[data-and]").forEach(function (one) { one.addEventListener("change", drawOverview); });
  all("[data-curve],[data-front-against]").forEach(function (one) { one.addEventListener("change", drawPlots); });
  if (maps) {
    find("[data-profile-along]").value = String(chosen.along);
    find("[data-profile-along]").addEventListener("change", function (event) {
      chosen.along = Number(event.target.value);
      chosen.across = null;
      chosen.own = true;
      if (mapOf()) placeProfile(mapOf());
      drawPlots();
    });
    find("[data-profile-slider]").addEventListener("input", function (event) {
      chosen.across = Number(event.target.value);
      chosen.own = false;
      drawPlots();
    });
  }
  var due = null;
  window.addEventListener("resize", function () {
    window.clearTimeout(due);
    due = window.setTimeout(function () { drawPlots(); drawOverview(); }, 120);
  });

  function distance(run) {
    /* From the middle of the axes; runs that are not done come last. */
    var far = data.status[run] === "done" ? 0 : 1e9;
    data.axes.forEach(function (axis, at) { far += Math.abs(data.places[run][at] - (axis.stops.length - 1) / 2); });
    return far;
  }
  data.status.forEach(function (word, run) { if (distance(run) < distance(chosen.run)) chosen.run = run; });
  var list = times();
  chosen.seconds = list.length ? list[Math.floor(list.length / 3)] : 0;
  choose(chosen.run);
})();
