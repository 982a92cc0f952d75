/* Packed images: base64 of zlib, one byte a pixel, 0 for nothing, 1 to 255 from low to high. */
var STEPS = 254;

function bytesOf(text) {
  var raw = atob(text), bytes = new Uint8Array(raw.length);
  for (var i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function unpack(packed, pixels, frames) {
  /* Promise of the codes of all frames, one after another. */
  if (typeof DecompressionStream === "undefined") return Promise.reject(new Error("no DecompressionStream"));
  var stream = new Blob([bytesOf(packed.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer().then(function (buffer) {
    var codes = new Uint8Array(buffer), size = pixels[0] * pixels[1], f, i;
    if (packed.filter === "frame") {
      for (i = size; i < size * frames; i++) codes[i] = codes[i] + codes[i - size];
    } else if (packed.filter === "pixel") {
      for (f = 0; f < frames; f++) for (i = f * size + 1; i < (f + 1) * size; i++) codes[i] = codes[i] + codes[i - 1];
    }
    return codes;
  });
}

function colourTable(text) {
  /* Colours of codes, as bytes red, green, blue, opacity. */
  var table = new Uint8ClampedArray(4 * 256);
  for (var code = 1; code < 256; code++) {
    for (var part = 0; part < 3; part++) {
      var at = 6 * (code - 1) + 2 * part;
      table[4 * code + part] = parseInt(text.slice(at, at + 2), 16);
    }
    table[4 * code + 3] = 255;
  }
  return table;
}

function paint(canvas, codes, start, pixels, table) {
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
    canvas.width = pixels[0];
    canvas.height = pixels[1];
  }
  var context = canvas.getContext("2d"), image = context.createImageData(pixels[0], pixels[1]);
  for (var i = 0, n = pixels[0] * pixels[1]; i < n; i++) {
    var code = 4 * codes[start + i];
    image.data[4 * i] = table[code];
    image.data[4 * i + 1] = table[code + 1];
    image.data[4 * i + 2] = table[code + 2];
    image.data[4 * i + 3] = table[code + 3];
  }
  context.putImageData(image, 0, 0);
}

function decimals(step) { return Math.max(0, Math.min(8, Math.ceil(-Math.log10(step)))); }

function minus(text) { return text.replace(/-/g, "\u2212"); }

function valueText(code, panel) {
  if (code === 0) return "no value";
  var step = (panel.high - panel.low) / STEPS, value = panel.low + (code - 1) * step;
  var size = Math.max(Math.abs(panel.low), Math.abs(panel.high));
  var text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toFixed(decimals(step));
  var sign = code === 1 && panel.below ? "\u2264 " : code === 255 && panel.above ? "\u2265 " : "";
  return sign + minus(text);
}

function timeText(seconds, unit) {
  return seconds === null || !isFinite(seconds) ? "no time" : minus((seconds * unit[0]).toFixed(unit[2])) + " " + unit[1];
}

function lengthText(metres, length, step) {
  return minus((metres * length[0]).toFixed(decimals(step * length[0] / 30)));
}

function player(viewer, count, show) {
  /* Slider, buttons and keys of a movie; show(frame) draws one. Gives go(frame) and stop(). */
  var slider = viewer.querySelector("[data-slider]"), button = viewer.querySelector("[data-play]");
  var speed = viewer.querySelector("[data-speed]"), timer = null, frame = 0;
  var wholeMovie = 10000, shortest = 40, longest = 700;
  function go(next) {
    frame = Math.max(0, Math.min(count() - 1, next));
    slider.value = String(frame);
    slider.setAttribute("aria-valuetext", show(frame));
  }
  function stop() {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    viewer.classList.remove("moving");
    button.setAttribute("aria-label", "Play");
    button.title = "Play";
  }
  function tick() {
    if (frame >= count() - 1) { stop(); return; }
    go(frame + 1);
    wait();
  }
  function wait() {
    var pause = Math.max(shortest, Math.min(longest, wholeMovie / Math.max(count(), 1)));
    timer = window.setTimeout(tick, Math.max(16, pause / Number(speed.value)));
  }
  function play() {
    if (count() < 2) return;
    if (frame >= count() - 1) go(0);
    viewer.classList.add("moving");
    button.setAttribute("aria-label", "Pause");
    button.title = "Pause";
    wait();
  }
  function step(by) { stop(); go(frame + by); }
  button.addEventListener("click", function () { if (timer === null) play(); else stop(); });
  viewer.querySelector("[data-previous]").addEventListener("click", function () { step(-1); });
  viewer.querySelector("[data-next]").addEventListener("click", function () { step(1); });
  slider.addEventListener("input", function () { stop(); go(Number(slider.value)); });
  viewer.addEventListener("keydown", function (event) {
    var name = event.target.nodeName;
    if (event.altKey || event.ctrlKey || event.metaKey || name === "SELECT" || name === "CANVAS") return;
    if (name === "INPUT" && event.target !== slider) return;
    var steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -count(), End: count() };
    if (event.key === " " && name !== "BUTTON") { event.preventDefault(); button.click(); return; }
    if (name === "INPUT" || !(event.key in steps)) return;
    event.preventDefault();
    step(steps[event.key]);
  });
  return { go: go, stop: stop, frame: function () { return frame; } };
}

function pointer(canvases, pixels, told) {
  /* Pointer and arrow keys over maps: told(x, y, byKey) in pixels, told(null) when it leaves. */
  var at = null;
  function place(x, y, byKey) {
    at = [Math.max(0, Math.min(pixels()[0] - 1, x)), Math.max(0, Math.min(pixels()[1] - 1, y))];
    canvases.forEach(function (canvas) {
      var cross = canvas.parentNode.querySelector(".cross");
      cross.hidden = false;
      cross.style.left = 100 * (at[0] + 0.5) / pixels()[0] + "%";
      cross.style.top = 100 * (at[1] + 0.5) / pixels()[1] + "%";
    });
    told(at, byKey);
  }
  function leave() {
    at = null;
    canvases.forEach(function (canvas) { canvas.parentNode.querySelector(".cross").hidden = true; });
    told(null, false);
  }
  canvases.forEach(function (canvas) {
    canvas.addEventListener("pointermove", function (event) {
      var box = canvas.getBoundingClientRect();
      place(Math.floor((event.clientX - box.left) / box.width * pixels()[0]),
        Math.floor((event.clientY - box.top) / box.height * pixels()[1]), false);
    });
    canvas.addEventListener("pointerleave", leave);
    canvas.addEventListener("blur", leave);
    canvas.addEventListener("keydown", function (event) {
      var moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      var from = at || [Math.floor(pixels()[0] / 2), Math.floor(pixels()[1] / 2)];
      place(from[0] + moves[event.key][0], from[1] + moves[event.key][1], true);
    });
  });
  return { at: function () { return at; } };
}
