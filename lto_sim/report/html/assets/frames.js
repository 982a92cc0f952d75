/* Maps over time: a canvas a panel, one slider. */
function startFrames(viewer) {
  var movie = data.frames[Number(viewer.getAttribute("data-frames"))];
  var figure = viewer.parentNode, canvases = all("canvas", viewer);
  var stamp = viewer.querySelector("[data-stamp]"), readout = viewer.querySelector("[data-readout]");
  var hint = readout.textContent, size = movie.pixels[0] * movie.pixels[1], count = movie.time.length;
  var tables = movie.panels.map(function (panel) { return colourTable(panel.colours); });
  var codes = null, frame = 0;
  var under = pointer(canvases, function () { return movie.pixels; }, read);

  function read(at, byKey) {
    if (!at || !codes) { readout.textContent = hint; return; }
    readout.setAttribute("aria-live", byKey ? "polite" : "off");
    var place = ["x", "y"].map(function (name, axis) {
      return name + " " + lengthText((at[axis] + 0.5) * movie.pixel[axis], movie.length, movie.pixel[axis]) + " " + movie.length[1];
    });
    var values = movie.panels.map(function (panel, number) {
      var text = valueText(codes[number][frame * size + at[1] * movie.pixels[0] + at[0]], panel);
      return (panel.title || panel.label) + " " + text;
    });
    readout.textContent = place.concat(values).join(", ");
  }

  function show(next) {
    frame = next;
    var time = timeText(movie.time[frame], movie.unit), where = "frame " + (frame + 1) + " of " + count;
    stamp.textContent = time;
    stamp.appendChild(element("small", {}, where));
    if (codes) {
      canvases.forEach(function (canvas, number) {
        paint(canvas, codes[number], frame * size, movie.pixels, tables[number]);
      });
    }
    if (under.at()) read(under.at(), false);
    document.dispatchEvent(new CustomEvent("lto-time", { detail: { figure: figure, seconds: movie.time[frame] } }));
    return time + ", " + where;
  }

  var movieOf = player(viewer, function () { return count; }, show);
  movieOf.go(0);
  Promise.all(movie.panels.map(function (panel) { return unpack(panel, movie.pixels, count); })).then(
    function (unpacked) {
      codes = unpacked;
      movieOf.go(movieOf.frame());
      viewer.setAttribute("data-ready", "");
    },
    function () {
      figure.classList.add("old");
      viewer.hidden = true;
      figure.querySelector("figcaption").appendChild(
        element("span", { "class": "how" }, "This browser cannot unpack the movie; a newer one shows it."));
    });
}
var viewers = all("[data-frames]");
