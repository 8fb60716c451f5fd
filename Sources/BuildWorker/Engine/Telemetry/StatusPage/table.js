/**
 * A titled table whose rows are kept from one refresh to the next: a cell is written only where its value differs.
 *
 * A column has a `label`, a `className`, and `value(item)`: a text, or a list of parts `{text, as, className}`.
 */
class Table {
  /** Rows that are shown before somebody asks for all. */
  static few = 10;

  constructor(place, title, none, columns, keyOf) {
    Object.assign(this, { place, columns, keyOf, rows: new Map(), wantsAll: false, items: [] });
    this.size = make("span", "quiet");
    const heading = make(place.tagName === "SECTION" ? "h2" : "h3", "", title);
    heading.id = `${place.id}-title`;
    place.setAttribute("aria-labelledby", heading.id);
    const head = make("div", "head");
    head.append(heading, this.size);
    this.none = make("p", "none", none);
    this.table = make("table");
    this.table.setAttribute("aria-labelledby", heading.id);
    const labels = make("tr");
    for (const column of columns) {
      const cell = make("th", column.className, column.label);
      cell.scope = "col";
      labels.append(cell);
    }
    const top = make("thead");
    top.append(labels);
    this.body = make("tbody");
    this.table.append(top, this.body);
    this.more = make("button", "more");
    this.more.type = "button";
    this.more.addEventListener("click", () => {
      this.wantsAll = !this.wantsAll;
      this.show(this.items, this.note);
    });
    place.append(head, this.none, this.table, this.more);
    // On a phone rows are laid out as paragraphs, which would take the table's meaning from screen readers.
    for (const [selector, role] of [["table", "table"], ["thead, tbody", "rowgroup"], ["tr", "row"], ["th", "columnheader"]]) {
      for (const element of place.querySelectorAll(selector)) element.setAttribute("role", role);
    }
  }

  /** @param note stands beside the title. */
  show(items, note) {
    Object.assign(this, { items, note });
    setText(this.size, note);
    this.none.hidden = items.length > 0;
    this.table.hidden = items.length === 0;
    this.more.hidden = items.length <= Table.few;
    setText(this.more, this.wantsAll ? `Show the first ${Table.few}` : `Show all ${count(items.length)}`);
    const shown = this.wantsAll ? items : items.slice(0, Table.few);
    const rows = new Map();
    shown.forEach((item, index) => {
      let key = this.keyOf(item);
      while (rows.has(key)) key += "'";
      const row = this.rows.get(key) ?? this.newRow();
      rows.set(key, row);
      this.columns.forEach((column, place) => Table.fill(row.cells[place], column.value(item)));
      if (this.body.rows[index] !== row) this.body.insertBefore(row, this.body.rows[index] ?? null);
    });
    for (const [key, row] of this.rows) if (rows.get(key) !== row) row.remove();
    this.rows = rows;
  }

  newRow() {
    const row = make("tr");
    row.setAttribute("role", "row");
    for (const column of this.columns) {
      const cell = make("td", column.className);
      cell.dataset.label = column.label;
      cell.setAttribute("role", "cell");
      row.append(cell);
    }
    return row;
  }

  static fill(cell, value) {
    const parts = Array.isArray(value) ? value : [{ text: value }];
    const signature = JSON.stringify(parts);
    if (cell.signature === signature) return;
    cell.signature = signature;
    cell.replaceChildren(...parts.filter((part) => part.text).map((part) =>
      part.as || part.className ? make(part.as ?? "span", part.className, part.text) : document.createTextNode(part.text)));
  }
}
