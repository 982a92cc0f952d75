/* Tables as CSV, code as files. */
function csvCell(text) { return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text; }

function fileName(text, ending) {
  return (text.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60) || "table") + ending;
}

all("[data-save-csv]").forEach(function (button) {
  button.addEventListener("click", function () {
    var table = button.closest("[data-table]").querySelector("table");
    var rows = all("tr", table).map(function (row) {
      return all("th,td", row).map(function (cell) { return csvCell(cell.textContent.replace(/\u2212(?=[\d.])/g, "-")); }).join(",");
    });
    var caption = table.querySelector("caption"), title = caption ? caption.textContent : document.title;
    saveText(fileName(title, ".csv"), "text/csv;charset=utf-8", rows.join("\r\n") + "\r\n");
  });
});

all("[data-save-code]").forEach(function (button) {
  button.addEventListener("click", function () {
    var block = button.closest("[data-code]");
    saveText(block.getAttribute("data-code"), "text/plain;charset=utf-8", block.querySelector("code").textContent);
  });
});
