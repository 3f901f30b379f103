import { textTable } from '../format.js';

/** A measured value, and what it should be at the least or at the most. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function figuresText(figures: readonly Figure[]): string {
  return textTable(
    ['figure', 'median', 'unit', 'target', 'met'],
    figures.map((figure) => [
      figure.name,
      valueText(figure.value),
      figure.unit,
      targetText(figure),
      metText(figure),
    ]),
  );
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'not measured';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function targetText({ atLeast, atMost }: Figure): string {
  if (atLeast !== undefined) return `>= ${valueText(atLeast)}`;
  return atMost === undefined ? '' : `<= ${valueText(atMost)}`;
}

function metText({ value, atLeast, atMost }: Figure): string {
  if (Number.isNaN(value) || (atLeast === undefined && atMost === undefined)) return '';
  return value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity) ? 'yes' : 'no';
}
