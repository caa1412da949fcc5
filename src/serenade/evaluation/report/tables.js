// Tables of the class "data" can be sorted by a click on a column, searched, and saved as CSV. One that is wider
// than its box is folded: a block for each row, with the name of the column before each value.
"use strict";
const SEARCH_FROM = 9;

const text = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
const number = (value) => parseFloat(value.replace(/,/g, "").replace(/−/g, "-").replace(/^[<>]\s*/, ""));

function compare(a, b) {
  const [x, y] = [number(a), number(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
}

function makeSortable(table) {
  const head = table.tHead.rows[table.tHead.rows.length - 1];
  [...head.cells].forEach((cell, column) => {
    if (!text(cell)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      const isDescending = cell.getAttribute("aria-sort") === "ascending";
      for (const other of head.cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter((row) => row.cells.length > 1);
        rows.sort((a, b) => compare(text(a.cells[column]), text(b.cells[column])) * (isDescending ? -1 : 1));
        body.append(...rows);
      }
    });
  });
}

function csvOf(table) {
  const quoted = (value) => {
    const safe = /^[=+@\t\r]|^-(?![\d.])/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
    return `"${safe.replace(/"/g, '""')}"`;
  };
  return [...table.rows].filter((row) => !row.hidden)
    .map((row) => [...row.cells].map((cell) => quoted(text(cell))).join(",")).join("\r\n") + "\r\n";
}

function addTools(table) {
  const tools = document.createElement("div");
  tools.className = "tools";
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  if (rows.length >= SEARCH_FROM) {
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = "Search";
    search.setAttribute("aria-label", "Search this table");
    const count = document.createElement("span");
    count.setAttribute("role", "status");
    search.addEventListener("input", () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const content = text(row).toLowerCase();
        row.hidden = !wanted.every((word) => content.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = wanted.length ? `${shown} of ${rows.length} rows` : "";
    });
    tools.append(search, count);
  }
  const save = document.createElement("button");
  save.type = "button";
  save.className = "save";
  save.textContent = "Save as CSV";
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csvOf(table)], { type: "text/csv" }));
    link.download = `${table.dataset.name || "table"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  tools.append(save);
  const box = table.closest(".scroll") || table;
  box.before(tools);
}

function makeFoldable(table) {
  const box = table.closest(".scroll");
  if (!box) return;
  const names = [...table.tHead.rows[table.tHead.rows.length - 1].cells].map(text);
  for (const row of [...table.tBodies, ...(table.tFoot ? [table.tFoot] : [])].flatMap((part) => [...part.rows])) {
    if (row.cells.length === names.length) [...row.cells].forEach((cell, column) => { cell.dataset.column = names[column]; });
  }
  let width = 0;
  new ResizeObserver(() => {
    if (box.clientWidth === width) return;  // folding changes the height alone
    width = box.clientWidth;
    table.classList.remove("folded");
    table.classList.toggle("folded", box.scrollWidth > width + 1);
  }).observe(box);
}

for (const table of document.querySelectorAll("table.data")) {
  makeFoldable(table);
  makeSortable(table);
  addTools(table);
}
