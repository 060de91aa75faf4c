// Sorts a table by a clicked column; the first click uses the column's own direction, missing values stay last.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dw-sortable] th button");
  if (!button) return;
  const header = button.closest("th");
  const row = header.parentElement;
  const column = [...row.children].indexOf(header);
  const current = header.getAttribute("aria-sort");
  const direction = current
    ? { ascending: "descending", descending: "ascending" }[current]
    : button.dataset.dwDirection;
  for (const other of row.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const body = header.closest("table").tBodies[0];
  const value = (line) => line.children[column].dataset.dwValue ?? "";
  const lines = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const numeric = !Number.isNaN(Number(x)) && !Number.isNaN(Number(y));
    return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y));
  });
  body.append(...lines);
});
