/** A small chart of the last ten minutes. Points keep their place from the right: now is at the right edge. */
class Chart {
  static height = 128;
  static length = 120;
  static margin = { top: 8, right: 4, bottom: 18, left: 44 };

  /** @param series a list of `{name, className, shape}`; the shape is `line`, `area` or `bars`. */
  constructor(place, title, series, format) {
    Object.assign(this, { place, title, series, format, values: series.map(() => []), interval: 5, chosen: null });
    const caption = make("figcaption");
    caption.append(make("h2", "", title));
    this.legends = series.map(({ name, className }) => {
      const legend = make("span", `legend ${className}`, `${name} `);
      const value = make("b");
      legend.append(value);
      caption.append(legend);
      return value;
    });
    this.when = make("span", "when");
    caption.append(this.when);
    this.svg = Chart.element("svg", { role: "img" });
    this.grid = [0, 1, 2].map((step) => [this.add("line", { class: step ? "grid" : "base" }), this.add("text", { "text-anchor": "end" })]);
    this.times = [10, 5, 0].map(() => this.add("text", {}));
    this.paths = series.map(({ className, shape }) => [
      shape === "area" ? this.add("path", { class: `area ${className}` }) : null,
      this.add("path", { class: `${shape === "bars" ? "bars" : "line"} ${className}` }),
    ]);
    this.cursor = this.add("line", { class: "cursor", visibility: "hidden" });
    place.append(caption, this.svg);
    this.svg.addEventListener("pointermove", (event) => this.choose(event.offsetX));
    this.svg.addEventListener("pointerleave", () => this.choose(null));
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  static element(name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  add(name, attributes) { return this.svg.appendChild(Chart.element(name, attributes)); }

  /** @param values a list of points for each series, the oldest first; `null` where nothing was measured. */
  show(values, interval) {
    Object.assign(this, { values, interval });
    this.draw();
  }

  draw() {
    const { top, right, bottom, left } = Chart.margin;
    const width = Math.max(120, this.svg.clientWidth || 360);
    const floor = Chart.height - bottom;
    this.step = (width - left - right) / Chart.length;
    this.x = (index, length) => width - right - (length - index) * this.step;
    const limit = Chart.limit(Math.max(0, ...this.values.flat().filter((value) => value != null)));
    const y = (value) => floor - (value / limit) * (floor - top);
    this.grid.forEach(([line, text], step) => {
      const height = y((limit / 2) * step);
      Chart.set(line, { x1: left, x2: width - right, y1: height, y2: height });
      Chart.set(text, { x: left - 6, y: height + 4 });
      setText(text, step === 1 && limit === 1 ? "" : this.format((limit / 2) * step));
    });
    const minutes = Math.round((Chart.length * this.interval) / 60);
    [["start", left, `${minutes} min ago`], ["middle", (left + width - right) / 2, `${minutes / 2} min`], ["end", width - right, "now"]]
      .forEach(([anchor, x, text], index) => {
        Chart.set(this.times[index], { "text-anchor": anchor, x, y: Chart.height - 4 });
        setText(this.times[index], text);
      });
    this.values.forEach((points, index) => {
      const [area, path] = this.paths[index];
      const shape = this.series[index].shape;
      path.setAttribute("d", shape === "bars" ? this.bars(points, y, floor) : this.line(points, y));
      if (area) area.setAttribute("d", points.length ? `${this.line(points, y)}V${floor}H${(this.x(0, points.length) + this.step / 2).toFixed(1)}Z` : "");
    });
    this.read();
  }

  /** Counts go in steps of 1, 2 and 5, so that half the height is a round number too. */
  static limit(largest) {
    if (largest <= 2) return 2;
    const power = 10 ** Math.floor(Math.log10(largest));
    return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((limit) => limit >= largest);
  }

  static set(element, attributes) {
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  }

  line(points, y) {
    let isOpen = false;
    return points.map((value, index) => {
      if (value == null) {
        isOpen = false;
        return "";
      }
      const place = `${(this.x(index, points.length) + this.step / 2).toFixed(1)} ${y(value).toFixed(1)}`;
      // A point between two gaps is a dot: a line of no length with round ends.
      const isAlone = !isOpen && points[index + 1] == null;
      const command = isOpen ? `L${place}` : `M${place}${isAlone ? "h0" : ""}`;
      isOpen = true;
      return command;
    }).join("");
  }

  bars(points, y, floor) {
    const width = Math.max(1, this.step - 1).toFixed(1);
    return points.map((value, index) => value
      ? `M${this.x(index, points.length).toFixed(1)} ${floor}V${y(value).toFixed(1)}h${width}V${floor}Z` : "").join("");
  }

  /** Points at a moment of the past, or with `null` at none. */
  choose(offset) {
    const length = Math.max(...this.values.map((points) => points.length));
    const index = offset == null ? -1 : Math.floor((offset - this.x(0, length)) / this.step);
    this.chosen = index >= 0 && index < length ? length - 1 - index : null;
    this.read();
  }

  /** Writes the values of the chosen moment, or the last ones, into the legend. */
  read() {
    const back = this.chosen ?? 0;
    const texts = this.values.map((points) => this.format(points[points.length - 1 - back] ?? null));
    texts.forEach((text, index) => setText(this.legends[index], text));
    setText(this.when, this.chosen == null ? "" : ago(back * this.interval));
    this.cursor.setAttribute("visibility", this.chosen == null ? "hidden" : "visible");
    if (this.chosen != null) {
      const length = Math.max(...this.values.map((points) => points.length));
      const x = this.x(length - 1 - back, length) + this.step / 2;
      Chart.set(this.cursor, { x1: x, x2: x, y1: Chart.margin.top, y2: Chart.height - Chart.margin.bottom });
    }
    const summary = this.series.map(({ name }, index) => {
      const known = this.values[index].filter((value) => value != null);
      return `${name}: now ${texts[index]}, at most ${this.format(known.length ? Math.max(...known) : null)}`;
    });
    this.svg.setAttribute("aria-label", `${this.title}, the last ten minutes. ${summary.join("; ")}`);
  }
}
