/* Lines in charts over time that follow the slider: of the frames in the same section, else of the first ones. */
function startTimeLines() {
  var lines = [];
  all(".drawing[data-times]").forEach(function (drawing) {
    var axes = JSON.parse(drawing.getAttribute("data-times")), svg = drawing.querySelector("svg");
    if (!axes.length || !viewers.length) return;
    var section = drawing.closest("section"), near = section && section.querySelector("figure.frames");
    var figure = near && near.querySelector("[data-frames]") ? near : viewers[0].parentNode;
    axes.forEach(function (axis) {
      var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "time-line");
      line.setAttribute("y1", axis.top);
      line.setAttribute("y2", axis.bottom);
      svg.appendChild(line);
      lines.push({ line: line, axis: axis, figure: figure });
    });
  });
  function move(one, seconds) {
    var axis = one.axis, scale = axis.log ? Math.log : function (value) { return value; };
    var part = (scale(seconds / axis.seconds) - scale(axis.low)) / (scale(axis.high) - scale(axis.low));
    var inside = seconds !== null && isFinite(part) && part >= -1e-6 && part <= 1 + 1e-6;
    one.line.style.display = inside ? "" : "none";
    if (!inside) return;
    var x = (axis.left + part * (axis.right - axis.left)).toFixed(2);
    one.line.setAttribute("x1", x);
    one.line.setAttribute("x2", x);
  }
  document.addEventListener("lto-time", function (event) {
    lines.forEach(function (one) { if (one.figure === event.detail.figure) move(one, event.detail.seconds); });
  });
}
startTimeLines();
viewers.forEach(startFrames);
