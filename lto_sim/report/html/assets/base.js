/* The page knows that it has a script; theme; what print opens. */
var root = document.documentElement;
root.classList.add("script");
var data = JSON.parse(document.getElementById("lto-data").textContent);

function all(selector, within) {
  return Array.prototype.slice.call((within || document).querySelectorAll(selector));
}

function element(name, attributes, text) {
  var made = document.createElement(name);
  Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
  if (text !== undefined) made.textContent = text;
  return made;
}

function saveText(name, kind, text) {
  var url = URL.createObjectURL(new Blob([text], { type: kind }));
  var link = element("a", { href: url, download: name });
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(function () { URL.revokeObjectURL(url); }, 1000);
}

(function theme() {
  var button = document.querySelector("[data-theme-button]");
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function remembered() {
    try { return window.localStorage.getItem("lto-theme"); } catch (none) { return null; }
  }
  function now() {
    return root.getAttribute("data-theme") || (system.matches ? "dark" : "light");
  }
  function label() { button.textContent = now() === "dark" ? "Light theme" : "Dark theme"; }
  var kept = remembered();
  if (kept === "dark" || kept === "light") root.setAttribute("data-theme", kept);
  button.addEventListener("click", function () {
    var next = now() === "dark" ? "light" : "dark";
    root.setAttribute("data-theme", next);
    try { window.localStorage.setItem("lto-theme", next); } catch (none) { /* works without */ }
    label();
    document.dispatchEvent(new CustomEvent("lto-theme"));
  });
  system.addEventListener("change", label);
  label();
})();

(function printing() {
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details[data-print-open]:not([open])");
    opened.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (one) { one.open = false; });
    opened = [];
  });
})();
