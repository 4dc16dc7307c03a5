import { type Budget, type Figure, isWithin, ratioOf } from './figures.ts';

/** Figures by benchmark, as a table of plain text. */
export function toTable(figures: readonly (Figure & { benchmark: string })[]): string {
  const head = ['benchmark', 'what', 'value', 'baseline', 'ratio', 'budget', ''];
  const rows = figures.map((figure, index) => [
    figures[index - 1]?.benchmark === figure.benchmark ? '' : figure.benchmark,
    figure.what,
    `${inDigits(figure.value)} ${figure.unit}`,
    figure.baseline === undefined ? '' : `${inDigits(figure.baseline)} ${figure.unit}`,
    inRatio(figure),
    figure.budget ? inWords(figure.budget, figure.unit) : '',
    verdict(figure),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function verdict(figure: Figure): string {
  const within = isWithin(figure);
  if (within === undefined) return '';
  return within ? 'ok' : 'OVER';
}

function inRatio(figure: Figure): string {
  const ratio = ratioOf(figure);
  return ratio === undefined ? '' : `${ratio.toFixed(2)} x`;
}

function inWords({ of, bound, than }: Budget, unit: string): string {
  const sign = { 'at most': '<=', 'at least': '>=', below: '<' }[bound];
  return of === 'ratio' ? `${sign} ${than} x` : `${sign} ${than.toLocaleString('en')} ${unit}`;
}

/** Three digits that say something. */
function inDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en');
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}
